/**
 * `slotctl create` beside the `--cluster create` of the servers' own cli, each on fresh servers. A tool's end is not
 * what counts: the cli ends long before the nodes know each other's roles. What is timed goes from the start of the
 * tool until the nodes are one cluster, as formation-watch.ts defines it; the tool's end is told beside it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { LoneNodes } from '../test/support/lone-nodes.ts';
import { removeFolder, tempFolder } from '../test/support/temp-folder.ts';
import { inTurns } from './alternate.ts';
import {
  type Benchmark,
  type BenchmarkResult,
  type BenchmarkSettings,
  type Measurement,
  median,
  type NumberOption,
  type Target,
  UsageError,
} from './benchmark.ts';
import { FormationWatch } from './formation-watch.ts';
import { type Program, runToEnd } from './run-program.ts';
import { buildSlotctl, SLOTCTL } from './slotctl.ts';

const FEWEST_PRIMARIES = 3;
const MIN_SPEED_UP = 4;
/** The promise is about clusters of this size. */
const PROMISED_FROM_NODES = 60;
const FORMED_LIMIT_MS = 180_000;
/**
 * A server that has just started skips a delay that older ones have: for its first 2 s it does not note that it is in
 * a minority, so it does not wait up to 5 s later until it takes queries. Servers that people make clusters of are older.
 */
const OLD_ENOUGH_MS = 3000;
/** The servers' own default; the test bed sets it to nothing. It keeps replicas waiting for their data. */
const SYNC_DELAY = ['repl-diskless-sync-delay 5'];

const NODES: NumberOption = { name: 'nodes', summary: 'nodes of the large cluster', usual: 60, least: 3 };
const REPLICAS: NumberOption = { name: 'replicas', summary: 'replicas of each primary', usual: 1, least: 0 };
const NODE_TIMEOUT: NumberOption = {
  name: 'node-timeout-ms',
  summary: 'cluster-node-timeout of the servers, whose own default it is',
  usual: 15_000,
  least: 100,
};

export const create: Benchmark = {
  name: 'create',
  summary: "slotctl create against the servers' own cli, until the nodes are one cluster",
  fewestRuns: 3,
  options: [NODES, REPLICAS, NODE_TIMEOUT],
  run: runCreateBenchmark,
};

type Tool = 'slotctl' | 'cli';

interface Contender {
  readonly nodes: number;
  readonly tool: Tool;
  readonly trials: Trial[];
}

interface Trial {
  readonly endedMs: number;
  readonly formedMs: number;
  /** Whether it was a cluster already when the tool ended. */
  readonly formedAtEnd: boolean;
}

async function runCreateBenchmark(settings: BenchmarkSettings): Promise<BenchmarkResult> {
  const { chosen, say } = settings;
  const replicas = chosen(REPLICAS);
  const smallest = FEWEST_PRIMARIES * (1 + replicas);
  if (chosen(NODES) < smallest) {
    throw new UsageError(`a cluster with ${replicasEach(replicas)} has at least ${smallest} nodes`);
  }
  say('building slotctl');
  buildSlotctl();
  const sizes = [...new Set([smallest, chosen(NODES)])];
  const contenders = sizes.flatMap(nodes =>
    (['cli', 'slotctl'] as const).map((tool): Contender => ({ nodes, tool, trials: [] })),
  );
  await inTurns(contenders, settings, async contender => {
    const trial = await attempt(contender, settings);
    contender.trials.push(trial);
    const seconds = (ms: number) => `${(ms / 1000).toFixed(2)} s`;
    const { nodes, tool } = contender;
    say(
      `${nodes} nodes, ${tool}: ended after ${seconds(trial.endedMs)}, a cluster after ${seconds(trial.formedMs)}`,
    );
  });
  return {
    measurements: contenders.flatMap(contender => measurementsOf(contender, replicas)),
    targets: sizes.flatMap(nodes => {
      const trialsOf = (tool: Tool) =>
        contenders.find(c => c.nodes === nodes && c.tool === tool)?.trials ?? [];
      return targetsOf(workOf(nodes, replicas), nodes, trialsOf);
    }),
  };
}

async function attempt({ nodes, tool }: Contender, settings: BenchmarkSettings): Promise<Trial> {
  const { server, chosen, signal } = settings;
  const replicas = chosen(REPLICAS);
  const folder = tempFolder('bench');
  try {
    const lone = await LoneNodes.start({
      build: server,
      count: nodes,
      nodeTimeoutMs: chosen(NODE_TIMEOUT),
      config: () => SYNC_DELAY,
    });
    try {
      const watch = new FormationWatch(lone.nodes, Math.floor(nodes / (1 + replicas)));
      await watch.begin();
      await sleep(OLD_ENOUGH_MS, undefined, { signal });
      const words = [...lone.addresses, '--cluster-replicas', `${replicas}`];
      const program: Program =
        tool === 'slotctl'
          ? { file: process.execPath, args: [SLOTCTL, 'create', ...words, '--yes'] }
          : { file: server.cli, args: ['--cluster', 'create', ...words, '--cluster-yes'] };
      return await time(program, watch, folder, signal);
    } finally {
      await lone.dispose();
    }
  } finally {
    removeFolder(folder);
  }
}

async function time(
  program: Program,
  watch: FormationWatch,
  folder: string,
  interrupt: AbortSignal,
): Promise<Trial> {
  const failure = new AbortController();
  const signal = AbortSignal.any([interrupt, failure.signal]);
  const startedAt = performance.now();
  const running = runToEnd(program, folder, signal).then(async ({ wallMs }) => ({
    endedMs: wallMs,
    formedAtEnd: await watch.isFormed(),
  }));
  const forming = watch.untilFormed(FORMED_LIMIT_MS, signal);
  try {
    const [ending, formedAt] = await Promise.all([running, forming]);
    if (!(await watch.isFormed())) throw new Error('there was a cluster, and it fell apart again');
    return { ...ending, formedMs: formedAt - startedAt };
  } finally {
    // Where one has failed, the other is not left behind.
    failure.abort();
    await Promise.allSettled([running, forming]);
  }
}

function workOf(nodes: number, replicas: number): string {
  return `create ${nodes} nodes, ${replicasEach(replicas)}`;
}

function replicasEach(replicas: number): string {
  return `${replicas} ${replicas === 1 ? 'replica' : 'replicas'} each`;
}

function measurementsOf({ nodes, tool, trials }: Contender, replicas: number): Measurement[] {
  const row = (until: string, samples: readonly number[]): Measurement => ({
    work: `${workOf(nodes, replicas)}: ${until}`,
    contender: tool,
    unit: 'ms',
    samples,
  });
  return [
    row(
      'tool ended',
      trials.map(trial => trial.endedMs),
    ),
    row(
      'is a cluster',
      trials.map(trial => trial.formedMs),
    ),
  ];
}

function targetsOf(work: string, nodes: number, trialsOf: (tool: Tool) => readonly Trial[]): Target[] {
  const speed = (what: string, durationMs: (trial: Trial) => number): Target => ({
    what: `${work}: speed until ${what}`,
    measured: median(trialsOf('cli').map(durationMs)) / median(trialsOf('slotctl').map(durationMs)),
    unit: 'x',
    ...(nodes >= PROMISED_FROM_NODES && { atLeast: MIN_SPEED_UP }),
  });
  return [
    speed('there is a cluster', trial => trial.formedMs),
    // Whoever waits for slotctl waits for more than a cluster: for replicas that get their data, too.
    speed('there is one and the tool has ended', trial => Math.max(trial.formedMs, trial.endedMs)),
    {
      what: `${work}: slotctl ended too early`,
      measured: trialsOf('slotctl').filter(trial => !trial.formedAtEnd).length,
      unit: 'runs',
      atMost: 0,
    },
  ];
}
