/** A small real cluster that many rounds break one after another. */

import type { NodeId } from '../../../src/topology/node.ts';
import type { SlotSet } from '../../../src/topology/slot-set.ts';
import { nodesAccordingTo, TestCluster } from '../../support/cluster.ts';
import { until } from '../../support/poll.ts';
import type { ServerProcess } from '../../support/server-process.ts';
import type { ServerBuild } from '../../support/servers.ts';

/**
 * What the servers themselves keep when one of them is killed.
 * - `bare`: nothing; no persistence and no replica.
 * - `synced`: everything that was acknowledged; every write is on disk before it is (appendfsync always).
 * - `copied`: every write that a replica has; the client waits for that (WAIT 1) before it takes a write for done.
 */
export type BedKind = 'bare' | 'synced' | 'copied';

export const NODE_TIMEOUT_MS = 1500;
const FIRST_GUESS_MS = 800;

const CONFIG: Readonly<Record<BedKind, readonly string[]>> = {
  bare: [],
  synced: ['appendonly yes', 'appendfsync always', 'auto-aof-rewrite-percentage 0'],
  copied: [
    'cluster-replica-no-failover no',
    // Without it, an old source of Redis that hears of its successor bit by bit goes on as a primary without slots.
    'cluster-allow-replica-migration yes',
    'cluster-replica-validity-factor 0',
    'repl-diskless-sync yes',
  ],
};

export interface Owner {
  /** In the cluster's lists. */
  readonly position: number;
  readonly id: NodeId;
  readonly server: ServerProcess;
  readonly slots: SlotSet;
  /** The positions of its replicas. */
  readonly replicas: readonly number[];
}

export class Bed {
  readonly kind: BedKind;
  readonly cluster: TestCluster;
  readonly #durations = new Map<string, number>();

  private constructor(kind: BedKind, cluster: TestCluster) {
    this.kind = kind;
    this.cluster = cluster;
  }

  static async start(build: ServerBuild, kind: BedKind): Promise<Bed> {
    const cluster = await TestCluster.start({
      build,
      replicasPerPrimary: kind === 'copied' ? 1 : 0,
      nodeTimeoutMs: NODE_TIMEOUT_MS,
      config: CONFIG[kind],
    });
    return new Bed(kind, cluster);
  }

  get addresses(): string[] {
    return this.cluster.nodes.map(({ address }) => address);
  }

  /** Replicas that must have a write before a client takes it for done. */
  get replicasThatCount(): number {
    return this.kind === 'copied' ? 1 : 0;
  }

  /** How long work of this name took when nothing came between, lately. */
  usualMs(work: string): number {
    return this.#durations.get(work) ?? FIRST_GUESS_MS;
  }

  took(work: string, ms: number): void {
    this.#durations.set(work, (this.usualMs(work) + ms) / 2);
  }

  async owners(): Promise<Owner[]> {
    const nodes = await nodesAccordingTo(this.cluster.node(0));
    const positionOf = (id: NodeId) => this.cluster.members.findIndex(member => member.id === id);
    return nodes
      .flatMap(node => {
        if (node.role !== 'primary') return [];
        const replicas = nodes.flatMap(n =>
          n.role === 'replica' && n.primary === node.id ? positionOf(n.id) : [],
        );
        const position = positionOf(node.id);
        return { position, id: node.id, server: this.cluster.node(position), slots: node.slots, replicas };
      })
      .sort((a, b) => a.position - b.position);
  }

  /** All servers run, hear each other, and agree on who is whose replica: no failover is under way. */
  async calm(): Promise<void> {
    for (const node of this.cluster.nodes) {
      await until(`${node.address} hears everybody`, async () => {
        const known = await nodesAccordingTo(node).catch(() => []);
        return known.length === this.cluster.nodes.length && known.every(n => n.linked && n.health === 'ok');
      });
    }
    await until('roles are agreed upon', async () => {
      const views = await Promise.all(this.cluster.nodes.map(roles));
      return new Set(views).size === 1;
    });
    await until('replicas are in sync', async () => {
      const links = this.cluster.nodes.map(node => node.text('INFO', 'replication'));
      return !(await Promise.all(links)).some(text => text.includes('master_link_status:down'));
    });
  }

  /** Without keys, whatever the round before has left. */
  async empty(): Promise<void> {
    for (const { server } of await this.owners()) await server.send('FLUSHALL');
  }

  dispose(): Promise<void> {
    return this.cluster.dispose();
  }
}

async function roles(node: ServerProcess): Promise<string> {
  const nodes = await nodesAccordingTo(node);
  const duties = nodes.map(n => `${n.id} ${n.role === 'replica' ? n.primary : n.role}`);
  return duties.sort().join();
}
