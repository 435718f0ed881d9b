/**
 * The copy of all data that a new replica gets of its primary: whether it is on its way, and how far it is. Both ends
 * tell of it. The primary lists everybody who has asked for its data, from the moment when it has let them in; so a
 * replica that is not listed, and gets nothing, is turned away.
 */
import type { Address, ClusterNode, NodeId } from './node.ts';
import type { ListedReplica, NodeView, Replication } from './snapshot.ts';

/**
 * `waiting`: the primary has not begun to send; it waits for others, or for a save to end. `loading`: the replica has
 * everything, and reads it in.
 */
export type CopyStage = 'waiting' | 'sending' | 'loading';

/** How far one is. */
export interface CopyState {
  readonly stage: CopyStage;
  /** Of those that are sent, or read in; absent where the servers do not tell. */
  readonly doneBytes?: number;
  readonly ofBytes?: number;
}

export interface Copy extends CopyState {
  readonly replica: NodeId;
  readonly primary: NodeId;
  /** Its primary saves, be it for this copy or before it. */
  readonly isSaving?: boolean;
}

/** One end, as it was seen last. */
export interface CopyEnd {
  readonly id: NodeId;
  readonly self: ClusterNode;
  readonly nodes: readonly ClusterNode[];
  readonly replication: Replication;
  /** How far it is, where it reads in its data; absent where it does not, or nobody has asked. */
  readonly loading?: LoadingState;
}

export interface LoadingState {
  readonly loadedBytes?: number;
  readonly totalBytes?: number;
}

export function copyEnd({ id, self, nodes, server }: NodeView): CopyEnd {
  return { id, self, nodes, replication: server.replication };
}

/** Nothing, where the replica is through, or where nobody says that it has begun. */
export function copyStateOf(replica: CopyEnd, primary: CopyEnd | undefined): CopyState | undefined {
  const { replication, loading } = replica;
  if (replication.role !== 'replica' || replication.link === 'up') return undefined;
  if (loading) return state('loading', loading.loadedBytes, loading.totalBytes);
  const listed = primary && listingOf(replica, primary);
  const isSyncing = replication.link === 'syncing';
  const { receivedBytes = 0, totalBytes } = replication;
  // A connection that is broken may be listed as one that is in step for a while.
  if (isSyncing && listed?.state === 'online') return { stage: 'loading' };
  if (isSyncing && receivedBytes > 0) return state('sending', receivedBytes, totalBytes);
  if (listed?.state === 'waiting' || listed?.state === 'sending') return { stage: listed.state };
  return undefined;
}

/** Whether the replica gets all data just now, or is about to. */
export function isCopying(replica: NodeView, primary: NodeView): boolean {
  const { replication } = replica.server;
  const isSyncing = replication.role === 'replica' && replication.link === 'syncing';
  return isSyncing || copyStateOf(copyEnd(replica), copyEnd(primary)) !== undefined;
}

function state(stage: CopyStage, doneBytes: number | undefined, ofBytes: number | undefined): CopyState {
  return {
    stage,
    ...(doneBytes !== undefined && { doneBytes }),
    ...(ofBytes !== undefined && ofBytes > 0 && { ofBytes }),
  };
}

/** By address; behind a NAT by its port alone, if that leaves one that is nobody else's. */
export function listingOf(
  replica: Pick<CopyEnd, 'id' | 'self'>,
  primary: CopyEnd,
): ListedReplica | undefined {
  if (primary.replication.role !== 'primary') return undefined;
  const { replicas = [] } = primary.replication;
  const believed = primary.nodes.find(({ id }) => id === replica.id)?.address;
  const places = [replica.self.address, believed].flatMap(address => address ?? []);
  const exact = replicas.find(listed => places.some(place => isAt(listed, place)));
  if (exact) return exact;
  const others = primary.nodes.flatMap(({ id, address }) => (id !== replica.id && address ? [address] : []));
  const alike = replicas.filter(
    listed =>
      places.some(({ port }) => port === listed.port) && !others.some(address => isAt(listed, address)),
  );
  return alike.length === 1 ? alike[0] : undefined;
}

function isAt({ host, port }: ListedReplica, place: Address): boolean {
  return port === place.port && (host === place.host || host === place.hostname);
}

interface Best {
  readonly rank: number;
  readonly bytes: number;
  readonly restarts: number;
}

const RANKS: Readonly<Record<CopyStage, number>> = { waiting: 1, sending: 2, loading: 3 };
/** A copy that breaks off and begins anew is good for some patience; one that goes on doing so gets nowhere. */
const MOST_RESTARTS = 3;

/** Tells from look to look whether any of the copies gets on. */
export class CopyWatch {
  readonly #best = new Map<NodeId, Best>();

  /** Of the copies that are under way now, whether one is further than it ever was, or waits for a save that goes on. */
  gets(copies: readonly Copy[]): boolean {
    return copies.map(copy => this.#getsOn(copy)).includes(true);
  }

  #getsOn({ replica, stage, doneBytes: bytes = 0, isSaving = false }: Copy): boolean {
    const rank = RANKS[stage];
    const best = this.#best.get(replica);
    if (!best || rank > best.rank || (rank === best.rank && bytes > best.bytes)) {
      this.#best.set(replica, { rank, bytes, restarts: best?.restarts ?? 0 });
      return true;
    }
    const isBack = rank < best.rank || bytes < best.bytes;
    if (isBack && best.restarts < MOST_RESTARTS) {
      this.#best.set(replica, { rank, bytes, restarts: best.restarts + 1 });
      return true;
    }
    return !isBack && isSaving;
  }
}
