/**
 * Looks at a cluster through every one of its nodes at the same time. The entry node names the others; what they name
 * that it does not is asked too, so the picture does not depend on who was asked first. A node that does not answer
 * is part of the result, with the reason; only the entry node has to answer.
 */
import { clusterNodes, clusterState, dbsize, info } from '../resp/commands.ts';
import { NodeError, ServerRefusalError } from '../resp/errors.ts';
import type { Fleet, NodeRef } from '../resp/fleet.ts';
import { KnownLines } from '../resp/known-lines.ts';
import type { Address, ClusterNode, NodeId } from '../topology/node.ts';
import { type ClusterSnapshot, campsOf, type NodeView, type UnreachableNode } from '../topology/snapshot.ts';

/** Nodes that are named only by nodes that only other nodes name: more rounds than any real cluster needs. */
const MAX_ROUNDS = 8;
/** A cluster has at most 1000 or so nodes; a reply that names more is not worth a connection to each. */
const MAX_NODES = 5000;

/** The entry node itself gave no view of a cluster. */
export class EntryNodeError extends Error {
  readonly node: string;

  constructor(node: string, problem: string) {
    super(`${node}: ${problem}`);
    this.name = 'EntryNodeError';
    this.node = node;
  }
}

export interface InspectListener {
  /** How many nodes have answered or failed, of how many that are known so far. */
  progress(done: number, total: number): void;
}

export async function inspect(fleet: Fleet, listener?: InspectListener): Promise<ClusterSnapshot> {
  const known = new KnownLines();
  const entry = await lookAtEntry(fleet, known);
  const views: NodeView[] = [entry];
  const unreachable: UnreachableNode[] = [];
  const asked = new Set<NodeId>([entry.id]);
  let frontier: readonly NodeView[] = [entry];
  for (let round = 0; round < MAX_ROUNDS && frontier.length > 0; round++) {
    const named = namedBy(frontier, asked).slice(0, MAX_NODES - asked.size);
    for (const node of named) asked.add(node.id);
    let done = 0;
    const answers = await Promise.all(
      named.map(async node => {
        const answer = await lookAtMember(fleet, known, node);
        listener?.progress(views.length + ++done, asked.size);
        return answer;
      }),
    );
    frontier = answers.filter(answer => 'view' in answer).map(answer => answer.view);
    views.push(...frontier);
    unreachable.push(...answers.filter(answer => 'lost' in answer).map(answer => answer.lost));
  }
  return { entry: entry.id, views, unreachable };
}

/** Nodes that the views name and that were not asked yet, each once. Handshakes are no members, and are left alone. */
function namedBy(views: readonly NodeView[], asked: ReadonlySet<NodeId>): ClusterNode[] {
  const fresh = new Map<NodeId, ClusterNode>();
  for (const { nodes } of campsOf(views)) {
    for (const node of nodes) {
      if (asked.has(node.id) || (node.role === 'stranger' && node.handshake)) continue;
      const before = fresh.get(node.id);
      if (!before?.address) fresh.set(node.id, node);
    }
  }
  return [...fresh.values()];
}

async function lookAtEntry(fleet: Fleet, known: KnownLines): Promise<NodeView> {
  try {
    const view = await look(fleet, 'entry', known);
    fleet.adoptEntry(view.address);
    if (view.self.address) fleet.adoptEntry(view.self.address);
    return view;
  } catch (error) {
    if (!(error instanceof NodeError)) throw error;
    throw new EntryNodeError(error.node, explain(error));
  }
}

type Answer = { readonly view: NodeView } | { readonly lost: UnreachableNode };

async function lookAtMember(fleet: Fleet, known: KnownLines, { id, address }: ClusterNode): Promise<Answer> {
  if (!address) return { lost: { id, reason: 'nobody knows its address' } };
  try {
    const view = await look(fleet, address, known);
    if (view.id === id) return { view };
    return { lost: { id, address, reason: `another node answers there (${view.id})` } };
  } catch (error) {
    if (!(error instanceof NodeError)) throw error;
    return { lost: { id, address, reason: explain(error) } };
  }
}

async function look(fleet: Fleet, node: NodeRef, known: KnownLines): Promise<NodeView> {
  // One round trip: everything is asked before anything is waited for.
  const [server, cluster, state, keys] = await Promise.all([
    fleet.send(node, info()),
    fleet.send(node, clusterNodes(known)),
    unlessForbidden(fleet.send(node, clusterState())),
    unlessForbidden(fleet.send(node, dbsize())),
  ]);
  const { self, nodes, open } = cluster;
  const { clusterEnabled: _, loading: __, keysInOtherDatabases, ...facts } = server;
  return {
    id: self.id,
    address: node === 'entry' ? entryAddress(fleet, self.address) : node,
    self,
    nodes,
    open,
    ...(state && { state }),
    // Not INFO's own count where DBSIZE may be asked: INFO counts keys of an unfinished atomic migration too.
    server: keys === undefined ? facts : { ...facts, keys: keys + keysInOtherDatabases },
  };
}

function entryAddress({ entry }: Fleet, announced: Address | undefined): Address {
  if (entry.kind === 'tcp') return { host: entry.host, port: entry.port };
  return announced ?? { host: entry.path, port: 0 };
}

async function unlessForbidden<T>(reply: Promise<T>): Promise<T | undefined> {
  try {
    return await reply;
  } catch (error) {
    if (error instanceof ServerRefusalError && error.code === 'NOPERM') return undefined;
    throw error;
  }
}

/** What the refusals mean that a whole command fails for. */
function explain(error: NodeError): string {
  if (!(error instanceof ServerRefusalError)) return error.message;
  if (/cluster support disabled/i.test(error.text)) return 'not a cluster node (cluster-enabled is no)';
  switch (error.code) {
    case 'NOAUTH':
      return 'it asks for a password (--askpass, REDISCLI_AUTH or --pass)';
    case 'WRONGPASS':
      return `it does not accept the user or the password (${error.text})`;
    case 'LOADING':
      return 'it is loading its data and answers later';
    case 'NOPERM':
      return `the user may not ask: ${error.message}`;
    default:
      return error.message;
  }
}
