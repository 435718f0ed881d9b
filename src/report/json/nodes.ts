/** The nodes of a cluster, and what those that answer tell of themselves as servers. */
import { type ClusterNode, formatAddress, type NodeId } from '../../topology/node.ts';
import {
  believedNodes,
  type ClusterSnapshot,
  type NodeView,
  type PrimaryReplication,
  type ReplicaReplication,
  type ServerFacts,
} from '../../topology/snapshot.ts';
import { NodeNames } from '../text/names.ts';
import { inShardOrder } from '../text/nodes.ts';
import { type Id, type Place, place, type Slots } from './document.ts';
import { each, fields } from './fields.ts';

type Role =
  | { readonly role: 'primary'; readonly slots: Slots; readonly slotCount: number }
  | { readonly role: 'replica'; readonly primary: Id | null }
  | { readonly role: 'stranger'; readonly handshake: boolean };

type ReplicationDocument =
  | {
      role: 'primary';
      offset: number;
      replicas?: readonly { host: string; port: number; state: 'waiting' | 'sending' | 'online' }[];
    }
  | {
      role: 'replica';
      link: 'up' | 'down' | 'syncing';
      offset: number;
      receivedBytes?: number;
      source?: Place;
      totalBytes?: number;
      neverLinked?: true;
      lastContactSeconds?: number;
    };

/** Fields are absent where the server's version or an ACL keeps them back. */
interface Server {
  readonly state?: 'ok' | 'fail' | undefined;
  readonly product: 'redis' | 'valkey';
  readonly version: string;
  readonly release: { readonly major: number; readonly minor: number };
  readonly zone?: string | undefined;
  readonly replication: ReplicationDocument;
  readonly isLoading?: true | undefined;
  /** Those that hold keys. */
  readonly databases: readonly number[];
  readonly keys?: number | undefined;
  readonly usedMemoryBytes?: number | undefined;
  /** With more than that it throws keys away. */
  readonly evictsAboveBytes?: number | undefined;
  readonly connectedClients?: number | undefined;
  readonly opsPerSecond?: number | undefined;
  /** The peer by slot, where slots are open. */
  readonly migrating?: Readonly<Record<string, Id>> | undefined;
  readonly importing?: Readonly<Record<string, Id>> | undefined;
}

export type NodeDocument = {
  readonly id: Id;
  readonly address: string;
  readonly hostname?: string | undefined;
  readonly busPort?: number | undefined;
  readonly flags: readonly string[];
  readonly configEpoch: number;
} & Role &
  (({ readonly reachable: true } & Server) | { readonly reachable: false; readonly reason: string });

export function nodeDocuments(snapshot: ClusterSnapshot): NodeDocument[] {
  const views = new Map(snapshot.views.map(view => [view.id, view]));
  const reasons = new Map(snapshot.unreachable.map(({ id, reason }) => [id, reason]));
  const names = new NodeNames(snapshot);
  return inShardOrder(believedNodes(snapshot)).map(node => {
    const view = views.get(node.id);
    const facts = {
      id: node.id,
      address: view ? formatAddress(view.address) : names.of(node.id),
      hostname: node.address?.hostname || undefined,
      busPort: node.address?.busPort || undefined,
      flags: node.flags,
      configEpoch: node.configEpoch,
      ...roleOf(node),
    };
    if (!view) return { ...facts, reachable: false, reason: reasons.get(node.id) ?? 'it was not asked' };
    return { ...facts, reachable: true, ...serverOf(view) };
  });
}

function roleOf(node: ClusterNode): Role {
  switch (node.role) {
    case 'primary':
      return { role: node.role, slots: node.slots.toJSON(), slotCount: node.slots.size };
    case 'replica':
      return { role: node.role, primary: node.primary ?? null };
    case 'stranger':
      return { role: node.role, handshake: node.handshake };
  }
}

const primaryReplication = fields<PrimaryReplication, Extract<ReplicationDocument, { role: 'primary' }>>({
  role: true,
  offset: true,
  replicas: each(fields({ host: true, port: true, state: true })),
});

const replicaReplication = fields<ReplicaReplication, Extract<ReplicationDocument, { role: 'replica' }>>({
  role: true,
  link: true,
  offset: true,
  receivedBytes: true,
  source: place,
  totalBytes: true,
  neverLinked: true,
  lastContactSeconds: true,
});

const factsOf = fields<ServerFacts, Omit<Server, 'state' | 'migrating' | 'importing'>>({
  product: true,
  version: true,
  release: fields({ major: true, minor: true }),
  zone: true,
  replication: it => (it.role === 'primary' ? primaryReplication(it) : replicaReplication(it)),
  isLoading: true,
  databases: true,
  keys: true,
  usedMemoryBytes: true,
  evictsAboveBytes: true,
  connectedClients: true,
  opsPerSecond: true,
});

function serverOf({ server, state, open }: NodeView): Server {
  const [migrating, importing] = [peersBySlot(open.migrating), peersBySlot(open.importing)];
  return { state, ...factsOf(server), migrating, importing };
}

function peersBySlot(marks: ReadonlyMap<number, NodeId>): Record<string, Id> | undefined {
  return marks.size > 0 ? Object.fromEntries(marks) : undefined;
}
