/** A cluster for one round: who has what, who moves what to whom, and what of it exit code 0 promises. */
import type { SlotSet } from '../../../src/topology/slot-set.ts';
import { TestCluster } from '../../support/cluster.ts';
import { until } from '../../support/poll.ts';
import type { ServerProcess } from '../../support/server-process.ts';
import type { ServerBuild } from '../../support/servers.ts';
import type { Random } from '../../support/simulated/random.ts';
import { removeFolder, tempFolder } from '../../support/temp-folder.ts';
import type { Mover } from '../long-form.ts';
import { Holdings, ownersAmong } from './holdings.ts';

export type Part = 'source' | 'target' | 'third';

export const KEYS = 6000;
const NODE_TIMEOUT_MS = 1500;
/** Primaries first. A key of the clients takes a while to be read, so that there is a middle of a migration. */
const CONFIG = ['rdb-key-save-delay 200', 'cluster-require-full-coverage no'];

export interface LossScene {
  readonly build: ServerBuild;
  readonly cluster: TestCluster;
  readonly mover: Mover;
  readonly random: Random;
  readonly folder: string;
  readonly holdings: Holdings;
  /** The node that a hazard of that name hits; works may put others in their places. */
  readonly parts: Record<Part, ServerProcess>;
  /** Servers beside the cluster, ended with it. */
  readonly others: ServerProcess[];
  readonly entry: string;
  /** What servers beside the cluster need, too. */
  readonly config: readonly string[];
}

export interface SceneWishes {
  readonly build: ServerBuild;
  readonly mover: Mover;
  readonly random: Random;
  readonly replicasPerPrimary: number;
  readonly config: readonly string[];
}

export async function setScene({ build, mover, random, ...wishes }: SceneWishes): Promise<LossScene> {
  const { replicasPerPrimary, config } = wishes;
  const cluster = await TestCluster.start({
    build,
    replicasPerPrimary,
    nodeTimeoutMs: NODE_TIMEOUT_MS,
    config: [...CONFIG, ...config],
  });
  const parts = { source: cluster.node(0), target: cluster.node(1), third: cluster.node(2) };
  const entry = random.pick([0, 1, 2].map(i => cluster.node(i).address));
  const holdings = new Holdings(KEYS);
  return {
    ...{ build, cluster, mover, random, holdings, parts, entry, config },
    folder: tempFolder('losses'),
    others: [],
  };
}

export async function writeHoldings({ holdings, cluster }: LossScene): Promise<void> {
  await holdings.writeTo(await ownersAmong(cluster.nodes));
}

export async function clearAway({ cluster, others, folder }: LossScene): Promise<void> {
  await Promise.all([cluster.dispose(), ...others.map(server => server.dispose())]);
  removeFolder(folder);
}

export function idOf({ cluster }: LossScene, server: ServerProcess): string {
  const position = cluster.nodes.indexOf(server);
  return position === -1 ? server.address : cluster.member(position).id;
}

export function slotsOf({ cluster }: LossScene, server: ServerProcess): SlotSet {
  return cluster.member(cluster.nodes.indexOf(server)).slots;
}

/** Keys that clients look for while nodes still tell each other who owns what would seem to be missing. */
export async function untilSettled({ cluster, others }: LossScene): Promise<ServerProcess[]> {
  const running = [...cluster.nodes, ...others].filter(node => node.isRunning);
  let members: ServerProcess[] = [];
  await until('every member says that the cluster is well', async () => {
    const states = await Promise.all(
      running.map(async node => ({ node, text: await node.text('CLUSTER', 'INFO') })),
    );
    // One that was sent away is a cluster by itself.
    const inside = states.filter(({ text }) => !/cluster_known_nodes:1\r/.test(text));
    members = inside.map(({ node }) => node);
    return inside.every(({ text }) => text.includes('cluster_state:ok'));
  });
  return members;
}
