/** Who is asked for the data when a cluster is backed up, and what comes of it. */
import { type Address, type NodeId, slotsOf } from '../../topology/node.ts';
import type { OfKind } from '../../topology/of-kind.ts';
import type { SlotSet } from '../../topology/slot-set.ts';
import {
  believedNodes,
  type ClusterSnapshot,
  coveredSlots,
  type NodeView,
  type PrimaryView,
  primariesIn,
  replicasOf,
} from '../../topology/snapshot.ts';
import { NOT_IN_NAMES, type SavedDump } from '../files/backup-manifest.ts';

/** One node that gives its data, for itself or for its primary. */
export interface BackupSource {
  readonly id: NodeId;
  readonly address: Address;
  readonly role: 'primary' | 'replica';
  readonly primary: NodeId;
  /** What the primary owns. */
  readonly slots: SlotSet;
  readonly product: 'redis' | 'valkey';
  readonly serverVersion: string;
  /** How many keys it says it has, where it tells. */
  readonly keys?: number;
  /** How far the shard's primary had come at the first look: what is older lacks what it had by then. */
  readonly leastOffset: number;
}

/** Slots whose data nobody can give. */
export interface MissingShard {
  readonly primary: NodeId;
  readonly slots: SlotSet;
  readonly reason: string;
}

export interface BackupSources {
  readonly sources: readonly BackupSource[];
  readonly missing: readonly MissingShard[];
}

export type BackupEvent =
  | OfKind<'saving', { source: BackupSource }>
  /** So many bytes so far; of how many, where the node knows. */
  | OfKind<'received', { source: BackupSource; bytes: number; of?: number }>
  | OfKind<'saved', { source: BackupSource; saved: SavedDump }>
  | OfKind<'failed', { source: BackupSource; problem: BackupProblem }>;

/** Why the data of a node were not saved. `message`: in the words of a server, of the connection to it, or of the disk. */
export type BackupProblem =
  | OfKind<'message', { message: string }>
  /** Bytes that its primary had written at the first look, and that it still lacks. */
  | OfKind<'lags', { waitedMs: number; bytes: number }>
  | OfKind<'saved-earlier', { offset: number; leastOffset: number }>
  /** All nodes' data together; `isAllowed`: by the person, and not by the disk. */
  | OfKind<'too-much', { folder: string; mostBytes: number; isAllowed: boolean }>
  | OfKind<'no-whole-dump', { message: string }>;

/** With replicas, each primary's best one: in sync, and further than the others. */
export function backupSources(snapshot: ClusterSnapshot, fromReplicas: boolean): BackupSources {
  const primaries = primariesIn(snapshot);
  const missing = missingShards(snapshot);
  if (!fromReplicas) return { sources: primaries.map(view => sourceOf(view, view)), missing };
  const sources: BackupSource[] = [];
  for (const primary of primaries) {
    const replica = replicaInStep(snapshot, primary.id);
    if (replica) sources.push(sourceOf(replica, primary));
    else if (primary.self.slots.size > 0 || primary.server.keys !== 0)
      missing.push({
        primary: primary.id,
        slots: primary.self.slots,
        reason: 'no replica of it is in sync; without --from-replicas its own data are saved',
      });
  }
  return { sources, missing };
}

function missingShards(snapshot: ClusterSnapshot): MissingShard[] {
  const nodes = believedNodes(snapshot);
  const covered = coveredSlots(snapshot);
  return snapshot.unreachable.flatMap(({ id, reason }) => {
    const slots = slotsOf(nodes.get(id)).without(covered);
    return slots.size > 0 ? [{ primary: id, slots, reason }] : [];
  });
}

function replicaInStep(snapshot: ClusterSnapshot, primary: NodeId): NodeView | undefined {
  const progress = ({ server: { replication } }: NodeView) =>
    replication.role === 'replica' && replication.link === 'up' ? replication.offset : -1;
  return replicasOf(snapshot, primary)
    .filter(view => progress(view) >= 0)
    .sort((a, b) => progress(b) - progress(a) || (a.id < b.id ? -1 : 1))[0];
}

function sourceOf({ id, address, server }: NodeView, primary: PrimaryView): BackupSource {
  return {
    id,
    address,
    role: id === primary.id ? 'primary' : 'replica',
    primary: primary.id,
    slots: primary.self.slots,
    product: server.product,
    serverVersion: server.version,
    leastOffset: primary.server.replication.offset,
    ...(server.keys !== undefined && { keys: server.keys }),
  };
}

/** As the servers' own tools call it; a unix socket's path becomes one word. */
export function dumpFileName({ product, address, id }: BackupSource): string {
  return `${product}-node-${address.host.replace(NOT_IN_NAMES, '_')}-${address.port}-${id}.rdb`;
}
