/**
 * An end of a move has become a replica in the middle of it. Redis tells replicas nothing of open slots, so whoever has
 * taken the place of a source answers for keys that have gone as if they had never been, and clients make them anew.
 */
import type { ClusterNodesReply } from '../../resp/cluster-nodes.ts';
import { NodeError } from '../../resp/errors.ts';
import { assignSlot, migrating } from '../../resp/slot-commands.ts';
import type { ClusterNode, NodeId } from '../../topology/node.ts';
import { type Slot, SlotSet } from '../../topology/slot-set.ts';
import { slotsWithKeys } from './count-keys.ts';
import type { MoveRun, Passage } from './mover.ts';

type Ends = readonly [source: ClusterNodesReply, target: ClusterNodesReply];

/**
 * Returns the slots that are still open, or nothing where both ends are what they were. The mark of a source is left
 * alone when its target is replaced: an old target that is copying anew, or that does not show what is not its own, counts
 * no keys, and the new one has them.
 */
export async function leftByFailover(
  slots: SlotSet,
  passage: Passage,
  run: MoveRun,
  [source, target]: Ends,
): Promise<SlotSet | undefined> {
  if (source.self.role === 'primary' && target.self.role === 'primary') return undefined;
  const { from, to } = passage;
  if (target.self.role !== 'primary') return naming([to.id, target.self], slots, source.open.migrating);
  const coming = naming([from.id, source.self], slots, target.open.importing);
  await sendOn(coming, passage, run, source).catch(error => {
    // It may be too early, or one of them does not answer any more: then `fix` does all of it.
    if (!(error instanceof NodeError)) throw error;
  });
  return coming;
}

/** Valkey has marks name whoever has taken over. */
function naming(
  [id, self]: [NodeId, ClusterNode],
  slots: SlotSet,
  marks: ReadonlyMap<Slot, NodeId>,
): SlotSet {
  const heir = self.role === 'replica' ? self.primary : undefined;
  const isOurs = (peer: NodeId | undefined) => peer !== undefined && (peer === id || peer === heir);
  return SlotSet.of(...[...slots].filter(slot => isOurs(marks.get(slot))));
}

/** Clients of the new owner are sent on for what has gone. */
async function sendOn(
  coming: SlotSet,
  passage: Passage,
  { fleet }: MoveRun,
  { self, nodes }: ClusterNodesReply,
): Promise<void> {
  const { to } = passage;
  const owner = self.role === 'replica' ? nodes.find(({ id }) => id === self.primary) : undefined;
  if (!owner?.address) return;
  const gone = await slotsWithKeys([...coming], { ...passage, from: to }, { fleet });
  await fleet.sendAll(
    owner.address,
    gone.map(slot => migrating(slot, to.id)),
  );
  // A node that imports a slot does not hear who owns it now, and serves nobody while it believes that nobody does.
  await fleet.sendAll(
    to.address,
    [...coming].map(slot => assignSlot(slot, owner.id)),
  );
}
