/**
 * Whether slots are still ours to move. Somebody else may have begun to move them elsewhere: then marks are overwritten,
 * keys end up at two targets, and a count of 0 at the source does not mean that they are all at ours.
 */
import type { ClusterNodesReply } from '../../../resp/cluster-nodes.ts';
import { clusterNodes } from '../../../resp/commands/cluster.ts';
import { formatAddress } from '../../../topology/node.ts';
import type { Slot, SlotSet } from '../../../topology/slot-set.ts';
import { MoveError } from '../move-error.ts';
import type { MoveRun, Passage } from '../mover.ts';

/** What the source says, and what the target says. */
type Ends = readonly [source: ClusterNodesReply, target: ClusterNodesReply];

export function lookAtMarks(
  { from, to }: Pick<Passage, 'from' | 'to'>,
  { fleet }: Pick<MoveRun, 'fleet'>,
): Promise<Ends> {
  return Promise.all([fleet.send(from.address, clusterNodes()), fleet.send(to.address, clusterNodes())]);
}

/** Before they are opened: the source owns them, and they are on their way to nobody else. */
export function expectOwned(slots: SlotSet, { from, to }: Passage, [source, target]: Ends): void {
  const owned = source.self.role === 'primary' ? source.self.slots : undefined;
  refuse(
    [...slots].filter(slot => !owned?.has(slot)),
    `${formatAddress(from.address)} does not own`,
  );
  const elsewhere = (slot: Slot) =>
    (source.open.migrating.get(slot) ?? to.id) !== to.id ||
    (target.open.importing.get(slot) ?? from.id) !== from.id ||
    source.open.importing.has(slot) ||
    target.open.migrating.has(slot);
  refuse([...slots].filter(elsewhere), 'somebody else is moving');
}

/** Before they are handed over: both ends still have the marks that were set. */
export function expectMarked(slots: SlotSet, { from, to }: Passage, [source, target]: Ends): void {
  const isMarked = (slot: Slot) =>
    source.open.migrating.get(slot) === to.id && target.open.importing.get(slot) === from.id;
  refuse(
    [...slots].filter(slot => !isMarked(slot)),
    `keys have gone to ${formatAddress(to.address)}, and somebody else has begun to move, or has ended the move of,`,
  );
}

export function refuse(slots: readonly Slot[], what: string): void {
  if (slots.length === 0) return;
  const shown = slots.slice(0, 8).join(', ');
  throw new MoveError(
    `${what} slot${slots.length === 1 ? '' : 's'} ${shown}${slots.length > 8 ? ` and ${slots.length - 8} more` : ''}`,
  );
}
