/**
 * The last that is asked when all is done: to count keys and to wait for others takes a while, and of what a node has lost
 * meanwhile only it knows. Nothing comes after this.
 */
import { InterruptedError } from '../../resp/errors.ts';
import type { Fleet } from '../../resp/fleet.ts';
import type { NodeId } from '../../topology/node.ts';
import { type ClusterSnapshot, type NodeView, viewOf } from '../../topology/snapshot.ts';
import { lookUntilSettled } from '../look/look-until-settled.ts';
import { askAtLast } from './nodes.ts';

/**
 * The snapshot with what these nodes say of themselves now. Those that do not answer, and have not a moment later, are left
 * out; one that was silent in the snapshot is known from before.
 */
export async function lastLook(
  fleet: Fleet,
  before: ClusterSnapshot,
  snapshot: ClusterSnapshot,
  parties: ReadonlySet<NodeId>,
): Promise<ClusterSnapshot> {
  const asked = [...parties].flatMap(id => viewOf(snapshot, id) ?? viewOf(before, id) ?? []);
  const answers = await lookUntilSettled(
    () => Promise.all(asked.map(view => withServerNow(fleet, view))),
    seen => seen.includes(undefined),
  );
  const others = snapshot.views.filter(({ id }) => !parties.has(id));
  return { ...snapshot, views: [...others, ...answers.filter(view => view !== undefined)] };
}

async function withServerNow(fleet: Fleet, view: NodeView): Promise<NodeView | undefined> {
  const server = await askAtLast(fleet, view.address);
  // Silence of our own making says nothing of the node.
  if (!server && fleet.interruption.aborted) throw new InterruptedError();
  return server && { ...view, server };
}
