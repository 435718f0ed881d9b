/**
 * A real cluster on loopback. It is not formed but found: every node starts with a nodes.conf that already holds the
 * whole topology, so there is no MEET to wait for, ids and epochs are known in advance, and odd states can be written
 * down as easily as healthy ones.
 */
import { createHash } from 'node:crypto';
import type { TestContext } from 'vitest';
import { decodeClusterNodes } from '../../src/resp/cluster-nodes.ts';
import type { TlsSettings } from '../../src/resp/socket.ts';
import type { ClusterNode } from '../../src/topology/node.ts';
import { type NodeId, nodeId } from '../../src/topology/node.ts';
import { SlotSet } from '../../src/topology/slot-set.ts';
import { until } from './poll.ts';
import { freePort, type PortRange } from './ports.ts';
import { ServerProcess } from './server-process.ts';
import type { ServerBuild } from './servers.ts';

export interface ClusterPlan {
  readonly build: ServerBuild;
  readonly primaries?: number;
  readonly replicasPerPrimary?: number;
  /** Nodes are dealt out to these in order, so that a replica is not on its primary's host. */
  readonly hosts?: readonly string[];
  readonly nodeTimeoutMs?: number;
  /** Lines for every node's configuration. */
  readonly config?: readonly string[];
  readonly password?: string;
  readonly tls?: TlsSettings & { readonly config: readonly string[] };
  /** Another build for some nodes, by position. */
  readonly builds?: Readonly<Record<number, ServerBuild>>;
  /** Makes other node ids: where two clusters are to know each other apart. */
  readonly name?: string;
  /** Where client ports come from, when not from the usual range. */
  readonly ports?: PortRange;
  /** Where others find a node's bus, when it is not where the node listens. */
  readonly announcedBusPort?: (member: Member) => Promise<number>;
}

export interface Member {
  readonly id: NodeId;
  readonly host: string;
  readonly port: number;
  readonly busPort: number;
  readonly primary?: NodeId;
  readonly slots: SlotSet;
  readonly epoch: number;
}

const THREE_HOSTS = ['127.0.0.1', '127.0.0.2', '127.0.0.3'];
const NODE_TIMEOUT_MS = 5000;

export class TestCluster {
  readonly members: readonly Member[];
  readonly nodes: readonly ServerProcess[];

  private constructor(members: readonly Member[], nodes: readonly ServerProcess[]) {
    this.members = members;
    this.nodes = nodes;
  }

  static async start(plan: ClusterPlan): Promise<TestCluster> {
    const members = await layOut(plan);
    const announced = new Map<NodeId, number>();
    for (const member of members)
      announced.set(member.id, (await plan.announcedBusPort?.(member)) ?? member.busPort);
    const nodes = members.map((member, i) => {
      const build = plan.builds?.[i] ?? plan.build;
      return new ServerProcess({
        build,
        host: member.host,
        port: member.port,
        config: configOf(member, plan, announced),
        files: { 'nodes.conf': nodesConf(members, member, announced) },
        ...(plan.password !== undefined && { password: plan.password }),
        ...(plan.tls && { tls: plan.tls }),
      });
    });
    const cluster = new TestCluster(members, nodes);
    try {
      await Promise.all(nodes.map(node => node.start()));
      await cluster.settled();
    } catch (error) {
      const logs = nodes.map(node => `--- ${node.address}\n${node.log().split('\n').slice(-15).join('\n')}`);
      await cluster.dispose();
      throw new Error(`the cluster did not form: ${error}\n${logs.join('\n')}`);
    }
    return cluster;
  }

  /** For one test, and ended with it. */
  static async startFor(t: TestContext, plan: ClusterPlan): Promise<TestCluster> {
    const started = await TestCluster.start(plan);
    t.onTestFinished(() => started.dispose());
    return started;
  }

  get entry(): string {
    return this.node(0).address;
  }

  node(position: number): ServerProcess {
    const node = this.nodes[position];
    if (!node) throw new Error(`there is no node ${position}`);
    return node;
  }

  member(position: number): Member {
    const member = this.members[position];
    if (!member) throw new Error(`there is no node ${position}`);
    return member;
  }

  /** Until every node says ok, everybody hears everybody, and every replica has its primary's data. */
  async settled(): Promise<void> {
    await Promise.all(
      this.nodes.map(async (node, i) => {
        await until(`${node.address} says cluster_state:ok`, async () =>
          (await node.text('CLUSTER', 'INFO')).includes('cluster_state:ok'),
        );
        await until(`${node.address} hears everybody`, async () => {
          const known = await nodesAccordingTo(node);
          return known.length === this.nodes.length && known.every(n => n.linked && n.health === 'ok');
        });
        if (this.member(i).primary === undefined) return;
        await until(`${node.address} is in sync`, async () =>
          (await node.text('INFO', 'replication')).includes('master_link_status:up'),
        );
      }),
    );
  }

  async dispose(): Promise<void> {
    await Promise.all(this.nodes.map(node => node.dispose()));
  }
}

export async function nodesAccordingTo(node: ServerProcess): Promise<readonly ClusterNode[]> {
  return decodeClusterNodes(await node.send('CLUSTER', 'NODES')).nodes;
}

async function layOut(plan: ClusterPlan): Promise<Member[]> {
  const { primaries = 3, replicasPerPrimary = 1, hosts = THREE_HOSTS } = plan;
  const members: Member[] = [];
  for (let i = 0; i < primaries * (1 + replicasPerPrimary); i++) {
    const isPrimary = i < primaries;
    // Replicas are dealt one host further than their primaries.
    const shift = isPrimary ? 0 : Math.floor(i / primaries);
    const host = hosts[(i + shift) % hosts.length] ?? '127.0.0.1';
    const of = members[i % primaries];
    members.push({
      id: idOf(i, plan.name),
      host,
      port: await freePort(host, plan.ports),
      busPort: await freePort(host),
      ...(!isPrimary && of && { primary: of.id }),
      slots: isPrimary ? share(i, primaries) : SlotSet.empty,
      epoch: isPrimary ? i + 1 : 0,
    });
  }
  return members;
}

function idOf(position: number, cluster = ''): NodeId {
  return nodeId(createHash('sha1').update(`${cluster}node ${position}`).digest('hex'));
}

function share(i: number, of: number): SlotSet {
  const border = (n: number) => Math.round((n * 16384) / of);
  return SlotSet.range(border(i), border(i + 1) - 1);
}

function configOf(member: Member, plan: ClusterPlan, announced: ReadonlyMap<NodeId, number>): string[] {
  const { password, tls } = plan;
  const announcedBus = announced.get(member.id);
  return [
    `bind ${member.host}`,
    // So that a proxy on the way to another node's bus can tell who is calling.
    `bind-source-addr ${member.host}`,
    ...(tls
      ? ['port 0', `tls-port ${member.port}`, 'tls-cluster yes', 'tls-replication yes', ...tls.config]
      : [`port ${member.port}`]),
    'protected-mode no',
    'cluster-enabled yes',
    'cluster-config-file nodes.conf',
    `cluster-port ${member.busPort}`,
    ...(announcedBus === member.busPort ? [] : [`cluster-announce-bus-port ${announcedBus}`]),
    `cluster-announce-ip ${member.host}`,
    `cluster-node-timeout ${plan.nodeTimeoutMs ?? NODE_TIMEOUT_MS}`,
    // Found as they were left: a test that wants a failover asks for one.
    'cluster-replica-no-failover yes',
    'cluster-allow-replica-migration no',
    'repl-diskless-sync-delay 0',
    ...(password === undefined ? [] : [`requirepass "${password}"`, `masterauth "${password}"`]),
    ...(plan.config ?? []),
  ];
}

/** The whole cluster as the given member would have saved it. */
function nodesConf(members: readonly Member[], own: Member, announced: ReadonlyMap<NodeId, number>): string {
  const lines = members.map(({ id, host, port, primary, slots, epoch }) => {
    const flags = `${id === own.id ? 'myself,' : ''}${primary ? 'slave' : 'master'}`;
    const ranges = slots.ranges
      .map(r => (r.first === r.last ? `${r.first}` : `${r.first}-${r.last}`))
      .join(' ');
    return `${id} ${host}:${port}@${announced.get(id)} ${flags} ${primary ?? '-'} 0 0 ${epoch} connected ${ranges}`.trimEnd();
  });
  return `${lines.join('\n')}\nvars currentEpoch ${members.length} lastVoteEpoch 0\n`;
}
