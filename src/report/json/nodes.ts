/** The nodes of a cluster, and what those that answer tell of themselves as servers. */
import { type ClusterNode, formatAddress, type NodeId } from '../../topology/node.ts';
import {
  believedNodes,
  type ClusterSnapshot,
  type NodeView,
  type Replication,
} from '../../topology/snapshot.ts';
import { NodeNames } from '../text/names.ts';
import { inShardOrder } from '../text/nodes.ts';
import type { Id, Place, Slots } from './document.ts';
import { place } from './document.ts';

type Role =
  | { readonly role: 'primary'; readonly slots: Slots; readonly slotCount: number }
  | { readonly role: 'replica'; readonly primary: Id | null }
  | { readonly role: 'stranger'; readonly handshake: boolean };

type ReplicationDocument =
  | {
      readonly role: 'primary';
      readonly offset: number;
      readonly replicas?:
        | readonly {
            readonly host: string;
            readonly port: number;
            readonly state: 'waiting' | 'sending' | 'online';
          }[]
        | undefined;
    }
  | {
      readonly role: 'replica';
      readonly link: 'up' | 'down' | 'syncing';
      readonly offset: number;
      readonly receivedBytes?: number | undefined;
      readonly source?: Place | undefined;
      readonly totalBytes?: number | undefined;
      readonly neverLinked?: true | undefined;
      readonly lastContactSeconds?: number | undefined;
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

function serverOf({ server, state, open }: NodeView): Server {
  const { product, version, release, zone, replication, isLoading, databases, keys } = server;
  const { usedMemoryBytes, evictsAboveBytes, connectedClients, opsPerSecond } = server;
  return {
    state,
    product,
    version,
    release: { major: release.major, minor: release.minor },
    zone,
    replication: replicationOf(replication),
    isLoading,
    databases,
    keys,
    usedMemoryBytes,
    evictsAboveBytes,
    connectedClients,
    opsPerSecond,
    migrating: peersBySlot(open.migrating),
    importing: peersBySlot(open.importing),
  };
}

function peersBySlot(marks: ReadonlyMap<number, NodeId>): Record<string, Id> | undefined {
  return marks.size > 0 ? Object.fromEntries(marks) : undefined;
}

function replicationOf(replication: Replication): ReplicationDocument {
  if (replication.role === 'primary') {
    const replicas = replication.replicas?.map(({ host, port, state }) => ({ host, port, state }));
    return { role: replication.role, offset: replication.offset, replicas };
  }
  const { role, link, offset, receivedBytes, source, totalBytes, neverLinked, lastContactSeconds } =
    replication;
  const from = source && place(source);
  return { role, link, offset, receivedBytes, source: from, totalBytes, neverLinked, lastContactSeconds };
}
