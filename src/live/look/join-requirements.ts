/** Asks for what a newcomer has to have in common with the cluster. */

import { functionLibraries } from '../../resp/commands/membership.ts';
import { ServerRefusalError } from '../../resp/errors.ts';
import type { Fleet } from '../../resp/fleet.ts';
import type { Traits } from '../../topology/candidate.ts';
import type { Address, NodeId } from '../../topology/node.ts';
import { addressBook, type ClusterSnapshot } from '../../topology/snapshot.ts';
import { orRefusal } from '../keys/asking-first.ts';
import { sendsTls } from './look-at-node.ts';

export async function readTraits(
  fleet: Fleet,
  snapshot: ClusterSnapshot,
  node: NodeId | undefined,
): Promise<Traits> {
  const address = node && addressBook(snapshot).get(node);
  if (!address) return {};
  const [functions, tls] = await Promise.all([readFunctions(fleet, address), sendsTls(fleet, address)]);
  return { ...functions, ...(tls !== undefined && { tlsBus: tls }) };
}

async function readFunctions(fleet: Fleet, address: Address): Promise<Traits> {
  const functions = await orRefusal(fleet.send(address, functionLibraries()));
  if (!(functions instanceof ServerRefusalError)) return { functions };
  // Servers before 7.0 do not know the command, and have nothing to copy.
  return functions.kind === 'no-permission' ? { functionsHidden: true } : {};
}
