/** What owners and views disagree about although no slot is open, and keys that a server does not show. */
import { countedAt } from '../../topology/census.ts';
import type { Finding } from '../../topology/finding.ts';
import { type NodeId, slotsOf } from '../../topology/node.ts';
import { SlotSet } from '../../topology/slot-set.ts';
import { type ClusterSnapshot, type NodeView, primariesIn } from '../../topology/snapshot.ts';
import type { FixContext } from './context.ts';
import { revealing } from './coverage.ts';
import type { Measure } from './phases.ts';
import { type Situation, situation } from './situation.ts';

/**
 * The owner says so itself, nobody else does, and still somebody has it differently. A claim is believed when its epoch
 * is newer than that of whom the slot is believed to belong to; where it is not, the owner takes a new one.
 */
export function mapsDisagree(
  findings: readonly Finding[],
  snapshot: ClusterSnapshot,
  settled: SlotSet,
): Situation[] {
  const disputed = SlotSet.union(
    findings.flatMap(finding => (finding.kind === 'slot-maps-disagree' ? [finding.slots] : [])),
  ).without(settled);
  if (disputed.size === 0) return [];
  return primariesIn(snapshot).flatMap(({ id: owner, self }) => {
    const own = self.slots.intersect(disputed);
    const dissenters = snapshot.views.flatMap(view => dissent(view, owner, own));
    if (own.size === 0 || dissenters.length === 0) return [];
    const slots = SlotSet.union(dissenters.map(dissenter => dissenter.slots));
    const isNewest = dissenters.every(({ epoch }) => epoch < self.configEpoch);
    const telling = dissenters.flatMap(({ view, slots: part }): Measure[] => {
      // Replicas cannot be told; they hear of it with the others.
      if (view.self.role !== 'primary') return [];
      return [{ phase: 'tell', step: { kind: 'tell-owner', node: view.id, owner, slots: part } }];
    });
    const bump: Measure[] = isNewest ? [] : [{ phase: 'bump', step: { kind: 'bump-epoch', node: owner } }];
    const nodes = [owner, ...dissenters.map(({ view }) => view.id)];
    return [situation('maps-disagree', nodes, { slots, measures: [...telling, ...bump] })];
  });
}

/** The slots of an owner that a node gives to somebody else, or to nobody. */
function dissent(view: NodeView, owner: NodeId, slots: SlotSet) {
  if (view.id === owner) return [];
  const believed = view.nodes.find(({ id }) => id === owner);
  const denied = slots.without(slotsOf(believed));
  if (denied.size === 0 || !believed) return [];
  const holders = view.nodes.filter(node => node.id !== owner && slotsOf(node).intersect(denied).size > 0);
  return [{ view, slots: denied, epoch: Math.max(-1, ...holders.map(({ configEpoch }) => configEpoch)) }];
}

/** One at a time: two nodes that take a new epoch in the same moment take the same. */
export function epochsEqual(findings: readonly Finding[]): Situation[] {
  return findings.flatMap(({ kind, nodes }) => {
    const [first] = nodes;
    if (kind !== 'epochs-equal' || !first) return [];
    const measures: Measure[] = [{ phase: 'bump', step: { kind: 'bump-epoch', node: first } }];
    return [situation('epochs-equal', nodes, { measures })];
  });
}

/** Where stray keys were to be looked for, and a node has some that it does not show. */
export function hiddenStrays(snapshot: ClusterSnapshot, { census, primaries }: FixContext): Situation[] {
  return primariesIn(snapshot).flatMap(({ id, self, open }) => {
    const held = countedAt(census, id);
    if (!held || held.hidden === 0) return [];
    const shown = self.slots.union(SlotSet.of(...open.importing.keys()));
    const peer = [...primaries].find(other => other !== id);
    const slots = SlotSet.all.without(shown);
    return peer && slots.size > 0 ? [revealing(id, peer, slots, { keys: held.hidden })] : [];
  });
}
