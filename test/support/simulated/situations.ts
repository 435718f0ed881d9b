/** Clusters in which `fix` finds a situation, for each kind of them; in most the slot is 5, which the first node has. */
import type { SituationKind } from '../../../src/plan/fix/situation-kinds.ts';
import { type Shape, SimulatedCluster } from './cluster.ts';
import { keyIn } from './key-names.ts';
import { type Dialect, REDIS_7_0, UNKNOWN } from './node.ts';

export const REDIS_6_2: Dialect = { product: 'redis', version: '6.2.14' };
export const REDIS_8_4: Dialect = { product: 'redis', version: '8.4.0' };
export const VALKEY_8_0: Dialect = { product: 'valkey', version: '8.0.1' };

export interface Scene {
  readonly kind: SituationKind;
  readonly dialects: readonly Dialect[];
  readonly shape?: Partial<Shape>;
  /** Where the owner is dead. */
  readonly withUnreachable?: boolean;
  readonly damage: (cluster: SimulatedCluster) => void;
}

const SLOT = 5;
const OLD_AND_NEW = [REDIS_6_2, REDIS_7_0, VALKEY_8_0];
/** So it does nothing of itself between two commands. */
const SILENT_SEED = 1;

export function sceneOf({ shape, damage }: Scene, dialect: Dialect): SimulatedCluster {
  const cluster = SimulatedCluster.formed({ primaries: 3, ...shape, dialect, seed: SILENT_SEED });
  damage(cluster);
  return cluster;
}

function put(
  cluster: SimulatedCluster,
  position: number,
  number: number,
  content: string,
  slot = SLOT,
): void {
  cluster.node(position).data.set(0, keyIn(slot, number), { content });
}

function migrating(cluster: SimulatedCluster, from: number, to: number): void {
  cluster.node(from).migrating.set(SLOT, cluster.node(to).id);
}

function importing(cluster: SimulatedCluster, to: number, from: number): void {
  cluster.node(to).importing.set(SLOT, cluster.node(from).id);
}

/** A key of its own, and one that the owner has too, with another value. */
function holdKeys(cluster: SimulatedCluster, position: number): void {
  put(cluster, 0, 0, 'at the owner');
  put(cluster, 0, 1, 'at both');
  put(cluster, position, 1, 'at the other');
  put(cluster, position, 2, 'elsewhere only');
}

/** The owner has dropped slots, and the others still believe that they are its own. */
function drop(cluster: SimulatedCluster, ...slots: number[]): void {
  for (const slot of slots) cluster.node(0).slots.release(slot);
}

function task(cluster: SimulatedCluster, more: Readonly<Record<string, string>>): void {
  const [source, target] = [cluster.node(0), cluster.node(1)];
  const ends = { slots: `${SLOT}-${SLOT}`, source: source.id, dest: target.id };
  target.tasks.set('a'.repeat(40), { ...ends, operation: 'import', end_time: '-1', ...more });
}

const WITH_REPLICAS = { replicasPerPrimary: 1 };

export const SCENES: readonly Scene[] = [
  {
    kind: 'half-moved',
    dialects: OLD_AND_NEW,
    damage: cluster => {
      migrating(cluster, 0, 1);
      importing(cluster, 1, 0);
      holdKeys(cluster, 1);
    },
  },
  { kind: 'migrating-only', dialects: OLD_AND_NEW, damage: cluster => migrating(cluster, 0, 1) },
  { kind: 'importing-only', dialects: OLD_AND_NEW, damage: cluster => importing(cluster, 1, 0) },
  {
    kind: 'importing-with-keys',
    dialects: OLD_AND_NEW,
    damage: cluster => {
      importing(cluster, 1, 2);
      holdKeys(cluster, 1);
    },
  },
  { kind: 'mark-left', dialects: OLD_AND_NEW, damage: cluster => migrating(cluster, 2, 1) },
  {
    kind: 'open-on-replica',
    dialects: [VALKEY_8_0],
    shape: WITH_REPLICAS,
    damage: cluster => migrating(cluster, 3, 1),
  },
  {
    kind: 'target-dead',
    dialects: OLD_AND_NEW,
    shape: { primaries: 4, slots: [5461, 5462, 5461, 0] },
    withUnreachable: true,
    damage: cluster => {
      migrating(cluster, 0, 3);
      cluster.crash(cluster.node(3));
      simulateAbsence(cluster);
    },
  },
  {
    kind: 'claimed-twice',
    dialects: OLD_AND_NEW,
    damage: cluster => {
      // The newer claim is believed; the keys of the older one go there.
      cluster.node(1).slots.assign(SLOT, cluster.node(1).id);
      put(cluster, 0, 0, 'at the older');
      put(cluster, 0, 1, 'at both');
      put(cluster, 1, 1, 'at the newer');
    },
  },
  {
    kind: 'maps-disagree',
    dialects: OLD_AND_NEW,
    damage: cluster => {
      cluster.node(2).slots.assign(SLOT, cluster.node(1).id);
    },
  },
  {
    kind: 'uncovered-empty',
    dialects: OLD_AND_NEW,
    damage: cluster => {
      // That one goes to the same node for another reason, by the same command.
      put(cluster, 0, 0, 'a value', 7);
      drop(cluster, 5, 6, 7, 9);
    },
  },
  {
    kind: 'uncovered-with-keys',
    dialects: OLD_AND_NEW,
    damage: cluster => {
      drop(cluster, SLOT);
      put(cluster, 1, 0, 'most');
      put(cluster, 1, 1, 'at both');
      put(cluster, 1, 3, 'here only');
      put(cluster, 2, 1, 'at the other');
      put(cluster, 2, 2, 'elsewhere only');
    },
  },
  {
    kind: 'owner-dead',
    dialects: OLD_AND_NEW,
    shape: WITH_REPLICAS,
    withUnreachable: true,
    damage: cluster => {
      cluster.crash(cluster.node(0));
      simulateAbsence(cluster);
    },
  },
  { kind: 'keys-astray', dialects: OLD_AND_NEW, damage: cluster => holdKeys(cluster, 2) },
  { kind: 'keys-hidden', dialects: [REDIS_8_4], damage: cluster => put(cluster, 2, 0, 'hidden') },
  {
    kind: 'epochs-equal',
    dialects: OLD_AND_NEW,
    damage: cluster => {
      const [one, other] = [cluster.node(0), cluster.node(1)];
      other.configEpoch = one.configEpoch;
      for (const node of cluster.nodes) {
        const peer = node.peers.get(other.id);
        if (peer) peer.configEpoch = one.configEpoch;
      }
    },
  },
  {
    kind: 'members-disagree',
    dialects: OLD_AND_NEW,
    shape: { primaries: 4, slots: [5461, 5462, 5461, 0] },
    damage: cluster => {
      for (const position of [0, 2]) cluster.node(position).forgetPeer(cluster.node(3).id);
    },
  },
  {
    kind: 'roles-disagree',
    dialects: OLD_AND_NEW,
    shape: WITH_REPLICAS,
    damage: cluster => {
      const peer = cluster.node(1).peers.get(cluster.node(3).id);
      if (peer) peer.primary = undefined;
    },
  },
  {
    kind: 'ghost',
    dialects: OLD_AND_NEW,
    shape: WITH_REPLICAS,
    damage: cluster => {
      const lost = cluster.node(3);
      cluster.crash(lost);
      simulateAbsence(cluster);
      for (const position of [0, 1, 2, 4]) cluster.node(position).forgetPeer(lost.id);
    },
  },
  {
    kind: 'replica-of-nobody',
    dialects: OLD_AND_NEW,
    shape: WITH_REPLICAS,
    damage: cluster => {
      const replica = cluster.node(3);
      replica.primary = UNKNOWN;
      for (const node of cluster.nodes) {
        const peer = node.peers.get(replica.id);
        if (peer) peer.primary = UNKNOWN;
      }
    },
  },
  {
    kind: 'migration-failing',
    dialects: [REDIS_8_4],
    damage: cluster => task(cluster, { state: 'failed', last_error: 'connection refused', retries: '3' }),
  },
  {
    kind: 'migration-running',
    dialects: [REDIS_8_4],
    damage: cluster => task(cluster, { state: 'streaming-buffer', last_error: '', retries: '0' }),
  },
  {
    kind: 'keys-gone',
    dialects: OLD_AND_NEW,
    damage: cluster => {
      for (let i = 0; i < 600; i++) put(cluster, 1 + (i % 2), i, 'value', 5461 + 6000 * (i % 2));
    },
  },
];

/** Everybody has noticed who is gone. */
function simulateAbsence(cluster: SimulatedCluster): void {
  for (const node of cluster.nodes)
    for (const peer of node.peers.values()) {
      if (cluster.byId(peer.id)?.isUp) continue;
      peer.health = 'failed';
      peer.linked = false;
    }
}
