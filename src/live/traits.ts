/** Asks for what a newcomer has to have in common with the cluster. */
import type { Fleet } from '../resp/fleet.ts';
import { configGet, functionLibraries } from '../resp/membership-commands.ts';
import type { NodeId } from '../topology/node.ts';
import { addressBook, type ClusterSnapshot } from '../topology/snapshot.ts';
import type { Traits } from '../topology/traits.ts';
import { ifTold } from './look.ts';

export async function readTraits(
  fleet: Fleet,
  snapshot: ClusterSnapshot,
  node: NodeId | undefined,
): Promise<Traits> {
  const address = node && addressBook(snapshot).get(node);
  if (!address) return {};
  const [functions, tls] = await Promise.all([
    ifTold(fleet.send(address, functionLibraries())),
    ifTold(fleet.send(address, configGet('tls-cluster'))),
  ]);
  return { ...(functions && { functions }), ...(tls !== undefined && { tlsBus: tls === 'yes' }) };
}
