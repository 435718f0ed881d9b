/** `apply`: what is left to be done of a plan that was written down. */
import type { Examined } from '../../topology/diagnose.ts';
import { addTo } from '../../topology/group-by.ts';
import type { NodeId } from '../../topology/node.ts';
import { bySlot, SlotSet } from '../../topology/slot-set.ts';
import { believedNodes, type ClusterSnapshot } from '../../topology/snapshot.ts';
import type { SavedPlan } from '../files/plan-file.ts';
import type { Decision, PlanDifference, Refusal } from '../refusal.ts';
import type { SlotMove, Stage } from '../step.ts';
import { damageIn, type MovePlan, movePlan, ownersIn, slotsInDoubt, unreadableIn } from './move-plan.ts';

/**
 * A slot that is to move is at its source, and moves; or at its target, and has moved; anything else means that the
 * plan does not fit any more. Slots that the plan leaves alone should be where they were too, since otherwise it was made
 * for another situation; whoever goes on despite findings has it carried out all the same. Slots that an earlier run
 * left half-way are no damage as long as this plan takes them further in the same direction.
 */
export function resumePlan(
  { owners, moves }: SavedPlan,
  seen: Examined,
  despiteFindings: boolean,
): Decision<MovePlan> {
  const { snapshot } = seen;
  const map = bySlot(ownersIn(snapshot));
  const pending = moves
    .map(move => ({ ...move, slots: divide(move.slots, map).get(move.from) ?? SlotSet.empty }))
    .filter(({ slots }) => slots.size > 0);
  const differences = [
    ...moves.flatMap(move => elsewhere(move, map)),
    ...[...new Set(pending.map(({ to }) => to))].flatMap(node => lostTarget(node, snapshot)),
    ...(despiteFindings ? [] : changedOwners(owners, moves, map)),
  ];
  const closing = moves.flatMap(move => leftOpen(move, map, snapshot));
  // Whatever has befallen the cluster since: what is done is done.
  const isDone = pending.length + closing.length === 0;
  const refusals: Refusal[] = [
    ...damageIn(seen, { despiteFindings: despiteFindings || isDone, moves }),
    ...(differences.length > 0 ? [{ kind: 'plan-outdated', differences } as const] : []),
    ...unreadableIn(snapshot, pending, { despiteFindings }),
    ...silentParties(pending, snapshot, differences),
    ...inDoubt(moves, snapshot),
  ];
  if (refusals.length > 0) return { kind: 'refused', refusals };
  return { kind: 'plan', plan: movePlan(snapshot, pending, { closing, wantsOk: !despiteFindings }) };
}

/** An earlier run was stopped between telling the target that it owns a slot and telling the source. */
function leftOpen({ from, to, slots }: SlotMove, map: SlotMap, { views }: ClusterSnapshot): Stage {
  const moved = divide(slots, map).get(to) ?? SlotSet.empty;
  return views.flatMap(({ id, open }): Stage => {
    const leaving = id === from ? [...open.migrating].filter(([, peer]) => peer === to) : [];
    const coming = id === to ? [...open.importing].filter(([, peer]) => peer === from) : [];
    const left = moved.intersect(SlotSet.of(...[...leaving, ...coming].map(([slot]) => slot)));
    return left.size > 0 ? [{ kind: 'close-slots', node: id, owner: to, slots: left }] : [];
  });
}

/** Who owns each slot now. */
type SlotMap = readonly (NodeId | undefined)[];

/** By owner; under undefined those that nobody has. */
function divide(slots: SlotSet, map: SlotMap): Map<NodeId | undefined, SlotSet> {
  const parts = new Map<NodeId | undefined, number[]>();
  for (const slot of slots) addTo(parts, map[slot], slot);
  return new Map([...parts].map(([owner, part]) => [owner, SlotSet.of(...part)]));
}

function elsewhere({ from, to, slots }: SlotMove, map: SlotMap): PlanDifference[] {
  return [...divide(slots, map)]
    .filter(([owner]) => owner !== from && owner !== to)
    .map(([owner, part]) => ({ kind: 'slots-elsewhere', slots: part, from, to, ...(owner && { owner }) }));
}

function lostTarget(node: NodeId, snapshot: ClusterSnapshot): PlanDifference[] {
  const role = believedNodes(snapshot).get(node)?.role;
  if (role === 'primary') return [];
  return [{ kind: role === 'replica' ? 'target-replica' : 'target-gone', node }];
}

function changedOwners(
  owners: SavedPlan['owners'],
  moves: readonly SlotMove[],
  map: SlotMap,
): PlanDifference[] {
  // In a plan that was made despite findings, a slot may have had two owners.
  const kept = owners.map(({ id, slots }) => divide(slots, map).get(id) ?? SlotSet.empty);
  const expected = SlotSet.union([...kept, ...moves.map(({ slots }) => slots)]);
  return owners.flatMap(({ id: was, slots }) =>
    [...divide(slots.without(expected), map)].map(
      ([owner, part]) => ({ kind: 'owner-changed', slots: part, was, ...(owner && { owner }) }) as const,
    ),
  );
}

/** Those that are gone for good are differences already. */
function silentParties(
  pending: readonly SlotMove[],
  snapshot: ClusterSnapshot,
  differences: readonly PlanDifference[],
): Refusal[] {
  const spoken = new Set([
    ...snapshot.views.map(({ id }) => id),
    ...differences.flatMap(difference => ('node' in difference ? [difference.node] : [])),
  ]);
  const parties = new Set(pending.flatMap(({ from, to }) => [from, to]));
  return [...parties].filter(id => !spoken.has(id)).map(node => ({ kind: 'does-not-answer', node }));
}

function inDoubt(moves: readonly SlotMove[], snapshot: ClusterSnapshot): Refusal[] {
  const slots = slotsInDoubt(snapshot, moves).intersect(SlotSet.union(moves.map(move => move.slots)));
  return slots.size > 0 ? [{ kind: 'slots-in-doubt', slots }] : [];
}
