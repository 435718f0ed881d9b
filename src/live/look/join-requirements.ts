/** Asks for what a newcomer has to have in common with the cluster. */

import { configGet, functionLibraries } from '../../resp/commands/membership.ts';
import { ServerRefusalError } from '../../resp/errors.ts';
import type { Fleet } from '../../resp/fleet.ts';
import type { Traits } from '../../topology/candidate.ts';
import type { Address, NodeId } from '../../topology/node.ts';
import { addressBook, type ClusterSnapshot } from '../../topology/snapshot.ts';
import { ifTold } from './look-at-node.ts';

export async function readTraits(
  fleet: Fleet,
  snapshot: ClusterSnapshot,
  node: NodeId | undefined,
): Promise<Traits> {
  const address = node && addressBook(snapshot).get(node);
  if (!address) return {};
  const [functions, tls] = await Promise.all([
    readFunctions(fleet, address),
    ifTold(fleet.send(address, configGet('tls-cluster'))),
  ]);
  return { ...functions, ...(tls !== undefined && { tlsBus: tls === 'yes' }) };
}

async function readFunctions(fleet: Fleet, address: Address): Promise<Traits> {
  try {
    return { functions: await fleet.send(address, functionLibraries()) };
  } catch (error) {
    if (!(error instanceof ServerRefusalError)) throw error;
    // Servers before 7.0 do not know the command, and have nothing to copy.
    return error.kind === 'no-permission' ? { functionsHidden: true } : {};
  }
}
