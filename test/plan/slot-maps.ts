/** Clusters of primaries whose slots lie about in pieces, and slots moved on paper. */
import fc from 'fast-check';
import { fragmentsOf } from '../../src/plan/slots/choose-slots.ts';
import type { MovePlan } from '../../src/plan/slots/move-plan.ts';
import type { SlotMove } from '../../src/plan/step.ts';
import { diagnose, NO_WISHES } from '../../src/topology/diagnose.ts';
import type { ClusterNode, NodeId } from '../../src/topology/node.ts';
import { SLOT_COUNT, SlotSet } from '../../src/topology/slot-set.ts';
import { type ClusterSnapshot, ownClaims } from '../../src/topology/snapshot.ts';

export interface SlotMap {
  readonly names: readonly string[];
  readonly drawing: string;
}

/** Two to nine primaries, P0, P1, …; up to two of them, and sometimes more, have no slots. */
export const anySlotMap: fc.Arbitrary<SlotMap> = fc
  .record({
    owners: fc.integer({ min: 2, max: 7 }),
    empty: fc.nat({ max: 2 }),
    pieces: fc.array(fc.record({ length: fc.integer({ min: 1, max: 900 }), owner: fc.nat({ max: 6 }) }), {
      maxLength: 50,
      size: 'max',
    }),
  })
  .map(({ owners, empty, pieces }) => {
    const slots = new Map<number, SlotSet[]>();
    let first = 0;
    for (const { length, owner } of [...pieces, { length: SLOT_COUNT, owner: 0 }]) {
      const last = Math.min(first + length, SLOT_COUNT) - 1;
      if (first > last) break;
      const mine = slots.get(owner % owners) ?? [];
      slots.set(owner % owners, [...mine, SlotSet.range(first, last)]);
      first = last + 1;
    }
    const names = Array.from({ length: owners + empty }, (_, i) => `P${i}`);
    const lines = names.map((name, i) => `${name} primary ${SlotSet.union(slots.get(i) ?? [])}`);
    return { names, drawing: lines.join('\n') };
  });

/** The cluster when the moves have been made and everybody has heard of it. */
export function moveOnPaper(snapshot: ClusterSnapshot, moves: readonly SlotMove[]): ClusterSnapshot {
  const slots = ownClaims(snapshot);
  for (const { from, to, slots: moved } of moves) {
    slots.set(from, (slots.get(from) ?? SlotSet.empty).without(moved));
    slots.set(to, (slots.get(to) ?? SlotSet.empty).union(moved));
  }
  const changed = (node: ClusterNode): ClusterNode =>
    node.role === 'primary' ? { ...node, slots: slots.get(node.id) ?? node.slots } : node;
  const lists = new Map(snapshot.views.map(({ nodes }) => [nodes, nodes.map(changed)]));
  const views = snapshot.views.map(view => ({
    ...view,
    self: changed(view.self),
    nodes: lists.get(view.nodes) ?? view.nodes,
  }));
  return { ...snapshot, views };
}

export function afterPlan({ before, stages }: MovePlan): ClusterSnapshot {
  const moves = stages.flat().flatMap(step => (step.kind === 'move-slots' ? [step] : []));
  return moveOnPaper(before, moves);
}

/** The same numbers from the same nodes, and always the lowest slots: what redis-cli would take. */
export function withLowestSlots(
  snapshot: ClusterSnapshot,
  gifts: readonly { readonly from: NodeId; readonly to: NodeId; readonly count: number }[],
): SlotMove[] {
  const left = ownClaims(snapshot);
  return gifts.map(({ from, to, count }) => {
    const slots = (left.get(from) ?? SlotSet.empty).take(count);
    left.set(from, (left.get(from) ?? SlotSet.empty).without(slots));
    return { from, to, slots };
  });
}

export function sizesIn(snapshot: ClusterSnapshot): Map<NodeId, number> {
  const owners = ownClaims(snapshot);
  return new Map(snapshot.views.map(({ id }) => [id, owners.get(id)?.size ?? 0]));
}

export function fragmentsIn(snapshot: ClusterSnapshot): number {
  return fragmentsOf(ownClaims(snapshot).values());
}

/** Slots with several owners or with none, and errors that were not there before. */
export function mishaps(before: ClusterSnapshot, after: ClusterSnapshot): string[] {
  const owners = [...ownClaims(after).values()];
  const all = SlotSet.union(owners);
  const known = new Set(errorsIn(before));
  return [
    ...(owners.reduce((sum, { size }) => sum + size, 0) > all.size ? ['slots with several owners'] : []),
    ...(all.equals(SlotSet.union(ownClaims(before).values())) ? [] : ['slots are lost']),
    ...errorsIn(after).filter(error => !known.has(error)),
  ];
}

function errorsIn(snapshot: ClusterSnapshot): string[] {
  return diagnose(snapshot, NO_WISHES)
    .filter(({ severity }) => severity === 'error')
    .map(({ kind, nodes, slots }) => `${kind} ${nodes} ${slots}`);
}
