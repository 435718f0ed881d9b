/**
 * Whether slots are still ours to move. Somebody else may have begun to move them elsewhere: then marks are overwritten,
 * keys end up at two targets, and a count of 0 at the source does not mean that they are all at ours.
 */
import type { ClusterNodesReply } from '../../../resp/cluster-nodes.ts';
import { clusterNodes } from '../../../resp/commands/cluster.ts';
import type { Slot, SlotSet } from '../../../topology/slot-set.ts';
import { MoveError } from '../move-error.ts';
import type { MoveRun, Passage } from '../mover.ts';

/** What CLUSTER NODES says at either end. */
export type SeenAtEnds = readonly [source: ClusterNodesReply, target: ClusterNodesReply];

export function lookAtMarks(
  { from, to }: Pick<Passage, 'from' | 'to'>,
  { fleet }: Pick<MoveRun, 'fleet'>,
): Promise<SeenAtEnds> {
  return Promise.all([fleet.send(from.address, clusterNodes()), fleet.send(to.address, clusterNodes())]);
}

/** Before they are opened: the source owns them, and they are on their way to nobody else. */
export function expectOwned(slots: SlotSet, { from, to }: Passage, [source, target]: SeenAtEnds): void {
  const owned = source.self.role === 'primary' ? source.self.slots : undefined;
  const lacking = [...slots].filter(slot => !owned?.has(slot));
  if (lacking.length > 0) throw new MoveError({ kind: 'not-owned', at: from.address, slots: lacking });
  const elsewhere = [...slots].filter(
    slot =>
      (source.open.migrating.get(slot) ?? to.id) !== to.id ||
      (target.open.importing.get(slot) ?? from.id) !== from.id ||
      source.open.importing.has(slot) ||
      target.open.migrating.has(slot),
  );
  if (elsewhere.length > 0) throw new MoveError({ kind: 'moved-by-others', slots: elsewhere });
}

/** Before they are handed over: both ends still have the marks that were set. */
export function expectMarked(slots: SlotSet, { from, to }: Passage, [source, target]: SeenAtEnds): void {
  const isMarked = (slot: Slot) =>
    source.open.migrating.get(slot) === to.id && target.open.importing.get(slot) === from.id;
  const changed = [...slots].filter(slot => !isMarked(slot));
  if (changed.length > 0) throw new MoveError({ kind: 'marks-changed', to: to.address, slots: changed });
}
