/** One simulated node: what it is, what it believes of the others, and the keys that it holds. */
import { createHash } from 'node:crypto';
import { Dataset } from './dataset.ts';
import type { Session } from './session.ts';
import { SlotTable } from './slot-table.ts';

export interface Place {
  readonly host: string;
  readonly port: number;
  readonly busPort: number;
}

/** What a node believes of another. */
export interface Peer {
  readonly id: string;
  readonly place: Place;
  /** Absent for a primary; `unknown` for a replica of somebody of whom nothing is known. */
  primary: string | undefined;
  /** Whose replica it was before it became a primary. */
  wasReplicaOf: string | undefined;
  configEpoch: number;
  linked: boolean;
  health: 'ok' | 'suspected' | 'failed';
}

export interface Dialect {
  readonly product: 'redis' | 'valkey';
  readonly version: string;
}

export const REDIS_7_0: Dialect = { product: 'redis', version: '7.0.15' };

/** Where a node forgets others for. */
export const BAN_MS = 60_000;

export class SimulatedNode {
  readonly place: Place;
  readonly dialect: Dialect;
  id: string;
  /** A new node does not know its own ip before somebody has met it. */
  knowsItsIp = false;
  currentEpoch = 0;
  configEpoch = 0;
  /** Of a replica. */
  primary: string | undefined;
  readonly peers = new Map<string, Peer>();
  readonly slots = new SlotTable();
  readonly migrating = new Map<number, string>();
  readonly importing = new Map<number, string>();
  /** Slots whose owner, as far as is known here, no longer says that it owns them. */
  readonly unclaimed = new Set<number>();
  /** Whom it was told to meet, under names of its own making. */
  readonly handshakes = new Map<string, Place>();
  readonly bans = new Map<string, number>();
  /** Connections that are open. */
  readonly sessions = new Set<Session>();
  data = new Dataset();
  functions: Buffer = Buffer.from('no functions');
  /** What CLUSTER MIGRATION STATUS tells, by the name of the task. */
  readonly tasks = new Map<string, Readonly<Record<string, string>>>();
  isUp = true;
  downSinceMs = 0;
  /** An emptied primary becomes a replica of whoever took its last slot. */
  allowsReplicaMigration = true;
  #names = 0;
  /** Redis since 8.4 tells of no keys in a slot that it neither owns nor imports. */
  readonly #hidesForeign: boolean;

  constructor(place: Place, dialect: Dialect, id?: string) {
    this.place = place;
    this.dialect = dialect;
    this.#hidesForeign = dialect.product === 'redis' && this.#isSince(8, 4);
    this.id = id ?? this.newName();
  }

  newName(): string {
    const { host, port } = this.place;
    return createHash('sha1')
      .update(`${host}:${port} ${this.#names++}`)
      .digest('hex');
  }

  get address(): string {
    return `${this.place.host}:${this.place.port}`;
  }

  /** Whether the server is a Valkey, or a Redis of at least this version. */
  #isSince(major: number, minor = 0): boolean {
    const [ownMajor = 0, ownMinor = 0] = this.dialect.version.split('.').map(Number);
    return this.dialect.product === 'valkey' || ownMajor > major || (ownMajor === major && ownMinor >= minor);
  }

  get knowsShards(): boolean {
    return this.#isSince(7, 2);
  }

  /** ADDSLOTSRANGE and DELSLOTSRANGE. */
  get knowsRanges(): boolean {
    return this.#isSince(7);
  }

  hides(slot: number): boolean {
    if (!this.#hidesForeign) return false;
    const isImported = this.importing.has(slot) && !this.migrating.has(slot);
    return this.slots.ownerOf(slot) !== (this.primary ?? this.id) && !isImported;
  }

  /** On start, keys in slots of others that it does not import: Redis 8 and Valkey; before, they were kept. */
  get deletesOrphans(): boolean {
    return this.dialect.product === 'valkey' || Number.parseInt(this.dialect.version, 10) >= 8;
  }

  get isPrimary(): boolean {
    return this.primary === undefined;
  }

  knows(id: string): boolean {
    return id === this.id || this.peers.has(id);
  }

  /** Whether the node takes another, or itself, for a replica. */
  takesForReplica(id: string): boolean {
    return (id === this.id ? this.primary : this.peers.get(id)?.primary) !== undefined;
  }

  epochOf(id: string): number {
    return id === this.id ? this.configEpoch : (this.peers.get(id)?.configEpoch ?? 0);
  }

  addPeer(id: string, place: Place): Peer {
    const peer: Peer = {
      id,
      place,
      primary: undefined,
      wasReplicaOf: undefined,
      configEpoch: 0,
      linked: false,
      health: 'ok',
    };
    this.peers.set(id, peer);
    return peer;
  }

  forgetPeer(id: string): void {
    this.slots.releaseAllOf(id);
    this.peers.delete(id);
    for (const peer of this.peers.values()) if (peer.primary === id) peer.primary = UNKNOWN;
    for (const marks of [this.migrating, this.importing]) {
      for (const [slot, other] of marks) if (other === id) marks.delete(slot);
    }
  }

  isBanned(id: string, nowMs: number): boolean {
    return (this.bans.get(id) ?? 0) > nowMs;
  }

  /** Whoever owns nothing any more follows whoever has it now. Its own keys go. */
  becomeReplicaOf(id: string): void {
    this.primary = id;
    const keepsMarks = this.dialect.product === 'valkey' && this.peers.get(id)?.wasReplicaOf === this.id;
    if (!keepsMarks) {
      this.migrating.clear();
      this.importing.clear();
    }
    this.data = new Dataset();
  }

  /** Without having asked anybody. */
  bumpEpoch(): boolean {
    const highest = Math.max(
      this.currentEpoch,
      this.configEpoch,
      ...[...this.peers.values()].map(peer => peer.configEpoch),
    );
    if (this.configEpoch !== 0 && this.configEpoch === highest) return false;
    this.currentEpoch = highest + 1;
    this.configEpoch = this.currentEpoch;
    return true;
  }

  reset(hard: boolean): void {
    if (!this.isPrimary) this.data = new Dataset();
    this.primary = undefined;
    this.slots.clear();
    this.unclaimed.clear();
    this.migrating.clear();
    this.importing.clear();
    this.peers.clear();
    this.handshakes.clear();
    if (!hard) return;
    this.id = this.newName();
    this.currentEpoch = 0;
    this.configEpoch = 0;
  }
}

/** The primary of a replica whose primary was forgotten. */
export const UNKNOWN = '-';
