/** Finds out what keys come from: a server by itself, or a node of a cluster, and then all of its primaries. */
import type { ImportSource, SourceNode } from '../../plan/transfer/import.ts';
import { type SourceInfo, sourceInfo } from '../../resp/commands/import.ts';
import { NodeError, ServerRefusalError, TlsError } from '../../resp/errors.ts';
import type { Fleet, NodeRef } from '../../resp/fleet.ts';
import type { Address } from '../../topology/node.ts';
import { EntryNodeError, inspect } from '../look/inspect.ts';

export async function lookAtSource(fleet: Fleet, asked: Address): Promise<ImportSource> {
  const own = await ask(fleet, 'entry');
  if (!own.isCluster) {
    fleet.adoptEntry(asked);
    return { nodes: [nodeOf(asked, own)] };
  }
  const cluster = await inspect(fleet);
  const primaries = cluster.views.filter(({ self }) => self.role === 'primary');
  const nodes = await Promise.all(
    primaries.map(async ({ address }) => nodeOf(address, await ask(fleet, address))),
  );
  return { nodes, cluster };
}

/** As they are now; the same nodes. */
export function askSourceNodes(fleet: Fleet, { nodes }: ImportSource): Promise<SourceNode[]> {
  // One that was started again meanwhile has broken the connection that everybody shares.
  for (const { address } of nodes) fleet.renew(address);
  return Promise.all(nodes.map(async ({ address }) => nodeOf(address, await ask(fleet, address))));
}

function nodeOf(address: Address, { server, runId, keyspace, evicted }: SourceInfo): SourceNode {
  return { address, server, runId, keyspace, evicted };
}

async function ask(fleet: Fleet, node: NodeRef): Promise<SourceInfo> {
  try {
    return await fleet.send(node, sourceInfo());
  } catch (error) {
    if (!(error instanceof NodeError)) throw error;
    const cause = await fleet.explained(node, error);
    throw new EntryNodeError(cause.node, `the source cannot be asked: ${explain(cause)}`, cause);
  }
}

function explain(error: NodeError): string {
  if (error instanceof TlsError)
    return error.message.replace(/--(tls|cacert|sni|cert|key)\b/g, '--cluster-from-$1');
  if (!(error instanceof ServerRefusalError)) return error.message;
  switch (error.kind) {
    case 'no-login':
      return 'it asks for a password (--cluster-from-askpass, SLOTCTL_FROM_AUTH or --cluster-from-pass)';
    case 'wrong-login':
      return `it does not accept the user or the password (${error.text})`;
    case 'loading':
      return 'it is loading its data; try again later';
    default:
      return error.message;
  }
}
