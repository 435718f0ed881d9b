/**
 * An end of a move has become a replica in the middle of it. Redis tells replicas nothing of open slots: whoever has taken
 * the place of a source answers for keys that have gone as if they had never been, and clients make them anew; and a
 * source goes on sending clients to its old target, which sends them back. So the marks are set anew at once; the move
 * itself is for `fix` to finish.
 */
import type { ClusterNodesReply } from '../../../resp/cluster-nodes.ts';
import { assignSlot, importing, migrating } from '../../../resp/commands/slots.ts';
import type { ClusterNode, NodeId } from '../../../topology/node.ts';
import { type Slot, SlotSet } from '../../../topology/slot-set.ts';
import { slotsWithKeys } from '../../keys/count-keys.ts';
import { ifAnswered } from '../../look/look-at-node.ts';
import type { MoveRun, Passage } from '../mover.ts';
import type { SeenAtEnds } from './expect-marks.ts';

/** Returns the slots that are still open, or nothing where both ends are what they were. */
export async function leftByFailover(
  slots: SlotSet,
  passage: Passage,
  run: MoveRun,
  [source, target]: SeenAtEnds,
): Promise<SlotSet | undefined> {
  if (source.self.role === 'primary' && target.self.role === 'primary') return undefined;
  const { from, to } = passage;
  if (target.self.role === 'primary') {
    const coming = naming([from.id, source.self], slots, target.open.importing);
    // It may be too early, or somebody does not answer any more: then `fix` does this, too.
    await ifAnswered(sendOn(coming, passage, run, heirOf(source)));
    return coming;
  }
  // All of them: an old target that copies anew, or that does not show what is not its own, counts no keys.
  const leaving = naming([to.id, target.self], slots, source.open.migrating);
  await ifAnswered(sendElsewhere(leaving, passage, run, heirOf(target)));
  return leaving;
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

function heirOf({ self, nodes }: ClusterNodesReply): ClusterNode | undefined {
  return self.role === 'replica' ? nodes.find(({ id }) => id === self.primary) : undefined;
}

/** Clients of the new source, to the target. */
async function sendOn(
  coming: SlotSet,
  passage: Passage,
  { fleet }: MoveRun,
  source: ClusterNode | undefined,
): Promise<void> {
  if (!source?.address) return;
  const { to } = passage;
  const gone = await slotsWithKeys([...coming], { ...passage, from: to }, { fleet });
  await fleet.sendAll(
    source.address,
    gone.map(slot => migrating(slot, to.id)),
  );
  // A node that imports a slot does not hear who owns it now, and serves nobody while it believes that nobody does.
  await fleet.sendAll(
    to.address,
    [...coming].map(slot => assignSlot(slot, source.id)),
  );
}

/** Clients of the source, to the new target: once that expects them. */
async function sendElsewhere(
  leaving: SlotSet,
  { from }: Passage,
  { fleet }: MoveRun,
  target: ClusterNode | undefined,
): Promise<void> {
  if (!target?.address) return;
  await fleet.sendAll(
    target.address,
    [...leaving].map(slot => importing(slot, from.id)),
  );
  await fleet.sendAll(
    from.address,
    [...leaving].map(slot => migrating(slot, target.id)),
  );
}
