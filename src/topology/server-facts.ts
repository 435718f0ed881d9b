/** What a server tells of itself, whatever cluster it is in. */
import type { Address } from './node.ts';

export type Product = 'redis' | 'valkey';

export interface PrimaryReplication {
  readonly role: 'primary';
  readonly offset: number;
  /** Those whom it has let in as its replicas; absent where there are none. */
  readonly replicas?: readonly ListedReplica[];
}

/** A replica as its primary lists it. */
export interface ListedReplica {
  readonly host: string;
  readonly port: number;
  /** `waiting` for the copy of all data to begin; `online`: all of it is sent. */
  readonly state: 'waiting' | 'sending' | 'online';
}

export interface ReplicaReplication {
  readonly role: 'replica';
  readonly link: 'up' | 'down' | 'syncing';
  readonly offset: number;
  /** Of the copy that is under way; absent where none is, and where the server does not tell. */
  readonly receivedBytes?: number;
  /** Where it finds its primary, or last did. */
  readonly source?: Address;
  /** How many it will be; absent where the primary sends as it reads, and does not know. */
  readonly totalBytes?: number;
  /** Since it was started it never had the link that is down. */
  readonly neverLinked?: true;
  /** Seconds since the primary was last heard of; absent while the link is down. */
  readonly lastContactSeconds?: number;
}

export type Replication = PrimaryReplication | ReplicaReplication;

/** What tells whether a server still has what it was given. */
export interface Vitals {
  /** Another one after each start of the process. */
  readonly runId: string;
  readonly uptimeSeconds: number;
  /** Since it was started. */
  readonly evictedKeys: number;
  readonly expiredKeys: number;
  /** Absent where there is no limit. */
  readonly maxMemoryBytes?: number;
  /** What it does at the limit; `noeviction` refuses writes. */
  readonly evictionPolicy: string;
  /** A child process saves or rewrites its data. */
  readonly isForked: boolean;
  /** Memory that no keys take: its own from the start, connections, the backlog for replicas. */
  readonly baseBytes?: number;
  /** Memory that it does not count when it compares with its limit. */
  readonly unlimitedBytes?: number;
}

/** What a node tells of itself as a server. Fields are absent where its version or an ACL keeps them back. */
export interface ServerFacts {
  readonly product: Product;
  readonly version: string;
  readonly release: { readonly major: number; readonly minor: number };
  /** The availability zone that Valkey servers can be told and repeat. */
  readonly zone?: string;
  readonly replication: Replication;
  /** It is reading in its data: Valkey tells of the cluster meanwhile. */
  readonly isLoading?: true;
  /** The databases that hold keys. */
  readonly databases: readonly number[];
  readonly keys?: number;
  readonly usedMemoryBytes?: number;
  /** With more than that it throws keys away; absent where it does not. */
  readonly evictsAboveBytes?: number;
  readonly connectedClients?: number;
  readonly opsPerSecond?: number;
  readonly vitals?: Vitals;
}
