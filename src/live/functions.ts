/** The function libraries that a cluster has. */
import type { Fleet } from '../resp/fleet.ts';
import { functionLibraries } from '../resp/membership-commands.ts';
import type { NodeId } from '../topology/node.ts';
import { addressBook, type ClusterSnapshot } from '../topology/snapshot.ts';
import { ifTold } from './look.ts';

/** Undefined where the server has no functions, or the user may not ask. */
export async function readFunctions(
  fleet: Fleet,
  snapshot: ClusterSnapshot,
  node: NodeId,
): Promise<ReadonlyMap<string, string> | undefined> {
  const address = addressBook(snapshot).get(node);
  return address && ifTold(fleet.send(address, functionLibraries()));
}
