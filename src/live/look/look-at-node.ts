/** What one node says: of itself, and of everybody. */
import { clusterNodes, clusterState, dbsize, info } from '../../resp/commands/cluster.ts';
import { configGet } from '../../resp/commands/membership.ts';
import { isRefused, NodeError, ServerRefusalError } from '../../resp/errors.ts';
import type { Fleet, NodeRef } from '../../resp/fleet.ts';
import type { KnownLines } from '../../resp/known-lines.ts';
import { type Address, formatAddress } from '../../topology/node.ts';
import type { NodeView } from '../../topology/snapshot.ts';

export function look(fleet: Fleet, node: NodeRef, known: KnownLines): Promise<NodeView> {
  return fleet
    .asLook(node, () => lookThere(fleet, node, known))
    .catch(async error => {
      throw error instanceof NodeError ? await fleet.explained(node, error) : error;
    });
}

async function lookThere(fleet: Fleet, node: NodeRef, known: KnownLines): Promise<NodeView> {
  // One round trip: everything is asked before anything is waited for.
  const [server, cluster, state, keys] = await Promise.all([
    fleet.send(node, info()),
    fleet.send(node, clusterNodes(known)),
    ifTold(fleet.send(node, clusterState())),
    ifTold(fleet.send(node, dbsize())),
  ]);
  const { self, nodes, open, busPort } = cluster;
  const { keysInOtherDatabases, ...facts } = server;
  const address = node === 'entry' ? entryAddress(fleet, self.address) : node;
  const mapped = fleet.reachedAt(address);
  return {
    id: self.id,
    address,
    ...(mapped && { reachedAt: mapped.at }),
    self,
    nodes,
    open,
    ...(busPort !== undefined && { busPort }),
    ...(state && { state }),
    // Not INFO's own count where DBSIZE is answered: INFO counts keys of an unfinished atomic migration too.
    server: keys === undefined ? facts : { ...facts, keys: keys + keysInOtherDatabases },
  };
}

/** Under an address map by what it announces, as the others: so that nobody has two names. */
function entryAddress(fleet: Fleet, announced: Address | undefined): Address {
  const { entry } = fleet;
  if (entry.kind === 'tcp') {
    const typed = { host: entry.host, port: entry.port };
    const mapped = announced && fleet.reachedAt(announced)?.at;
    return announced && mapped && formatAddress(mapped) === formatAddress(typed) ? announced : typed;
  }
  return announced ?? { host: entry.path, port: 0 };
}

/**
 * A refusal of what is good to know is no reason to know nothing: an ACL user may lack the right, and a replica that
 * must not serve stale data refuses DBSIZE just when it has lost its primary.
 */
export function ifTold<T>(reply: Promise<T>): Promise<T | undefined> {
  return unless(ServerRefusalError, reply);
}

/** Nor is silence, where others are asked, too. */
export function ifAnswered<T>(reply: Promise<T>): Promise<T | undefined> {
  return unless(NodeError, reply);
}

async function unless<T>(
  failure: typeof ServerRefusalError | typeof NodeError,
  reply: Promise<T>,
): Promise<T | undefined> {
  try {
    return await reply;
  } catch (error) {
    if (error instanceof failure) return undefined;
    throw error;
  }
}

/** Whether it speaks TLS with other nodes; undefined where it does not tell. */
export async function sendsTls(fleet: Fleet, node: NodeRef): Promise<boolean | undefined> {
  const told = await ifTold(fleet.send(node, configGet('tls-cluster')));
  // Servers that were built without TLS do not know the setting.
  return told === undefined ? undefined : told === 'yes';
}

/** What a node that lives keeps from us. */
export function refusedIn(error: NodeError): 'login' | 'right' | undefined {
  if (isRefused(error, 'no-login', 'wrong-login')) return 'login';
  return isRefused(error, 'no-permission') ? 'right' : undefined;
}

/** Why a node gave no view, for people. */
export function explainSilence(error: NodeError): string {
  if (!(error instanceof ServerRefusalError)) return error.message;
  switch (error.kind) {
    case 'no-cluster':
      return 'not a cluster node (cluster-enabled is no)';
    case 'no-login':
      return 'it asks for a password (--askpass, REDISCLI_AUTH or --pass)';
    case 'wrong-login':
      return `it does not accept the user or the password (${error.text})`;
    case 'loading':
      return 'it is loading its data and answers later';
    case 'no-permission':
      return `the user may not ask: ${error.message}`;
    default:
      return error.message;
  }
}
