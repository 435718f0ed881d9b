/**
 * `slotctl reshard` and `rebalance` beside the servers' own cli, and beside MIGRATE alone. Every run has a fresh cluster
 * with the same keys, and the whole life of the process is timed. Afterwards nothing may be missing, and all must agree.
 */
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
} from './benchmark.ts';
import { CASES, casesOf, type MoveCase, scaled, type Tool } from './move/cases.ts';
import { FilledCluster } from './move/filled-cluster.ts';
import { migrateAlone } from './move/migrate-alone.ts';
import { verify } from './move/verify.ts';
import { type Program, runToEnd } from './run-program.ts';
import { buildSlotctl, SLOTCTL } from './slotctl.ts';

const PERCENT: NumberOption = {
  name: 'percent',
  summary: 'less work, to try it out; below 100 nothing is promised',
  usual: 100,
  least: 1,
};

export const move: Benchmark = {
  name: 'move',
  summary: "slotctl reshard and rebalance against the servers' own cli",
  fewestRuns: 5,
  options: [PERCENT],
  cases: CASES,
  run: runMoveBenchmark,
};

interface Contender {
  readonly moveCase: MoveCase;
  readonly tool: Tool;
  readonly trials: Trial[];
}

interface Trial {
  readonly tookMs: number;
  /** Whether every node agreed as soon as the tool had ended. */
  readonly agreedAtOnce: boolean;
}

async function runMoveBenchmark(settings: BenchmarkSettings): Promise<BenchmarkResult> {
  const { server, cases, chosen, say, runs, signal } = settings;
  const chosenCases = CASES.filter(name => cases.includes(name))
    .flatMap(name => casesOf(name, server))
    .map(moveCase => scaled(moveCase, chosen(PERCENT)));
  say('building slotctl');
  buildSlotctl();
  const folder = tempFolder('bench');
  const measurements: Measurement[] = [];
  const targets: Target[] = [];
  try {
    // So that the first run does not read the program from the disk.
    await runToEnd({ file: process.execPath, args: [SLOTCTL, '--version'] }, folder, signal);
    for (const moveCase of chosenCases) {
      const contenders = contendersOf(moveCase);
      say(moveCase.work);
      const times = Math.min(runs, moveCase.mostRuns ?? runs);
      await inTurns(contenders, { runs: times, say }, async contender => {
        const trial = await attempt(contender, folder, signal);
        contender.trials.push(trial);
        say(`  ${contender.tool}: ${(trial.tookMs / 1000).toFixed(2)} s`);
      });
      measurements.push(...contenders.map(measurementOf));
      targets.push(...targetsOf(moveCase, contenders, chosen(PERCENT) === 100));
    }
  } finally {
    removeFolder(folder);
  }
  return { measurements, targets };
}

function contendersOf(moveCase: MoveCase): Contender[] {
  const tools: readonly Tool[] = [...moveCase.promises.map(({ against }) => against), 'slotctl'];
  return tools.map(tool => ({ moveCase, tool, trials: [] }));
}

async function attempt({ moveCase, tool }: Contender, folder: string, signal: AbortSignal): Promise<Trial> {
  signal.throwIfAborted();
  const filled = await FilledCluster.start(moveCase);
  try {
    signal.throwIfAborted();
    const tookMs =
      tool === 'MIGRATE alone'
        ? await migrateAlone(filled)
        : (await runToEnd(programOf(filled, tool), folder, signal)).wallMs;
    return { tookMs, agreedAtOnce: await verify(filled, folder, signal) };
  } catch (error) {
    if (signal.aborted) throw error;
    // The servers' own words go with it: what has gone wrong once may not do so again.
    const logs = filled.cluster.nodes.map(node => `--- ${node.address}\n${node.log().slice(-2000)}`);
    throw new Error(`${tool}, ${moveCase.work}: ${error}\n${logs.join('\n')}`, { cause: error });
  } finally {
    await filled.dispose();
  }
}

export function programOf(
  { cluster, moveCase }: FilledCluster,
  tool: 'slotctl' | 'cli',
  more: readonly string[] = [],
): Program {
  const { build, words } = moveCase;
  const command = [
    moveCase.move.kind,
    cluster.entry,
    ...whatMoves(cluster.members, moveCase),
    ...words[tool],
    ...more,
  ];
  return tool === 'slotctl'
    ? { file: process.execPath, args: [SLOTCTL, ...command, '--yes'] }
    : { file: build.cli, args: ['--cluster', ...command, '--cluster-yes'] };
}

function whatMoves(members: FilledCluster['cluster']['members'], { move: what }: MoveCase): string[] {
  if (what.kind === 'rebalance') return ['--cluster-use-empty-masters'];
  const ids = members.map(({ id }) => id);
  const from = ids.slice(0, what.sources).join(',');
  const to = ids[what.sources] ?? '';
  return ['--cluster-from', from, '--cluster-to', to, '--cluster-slots', `${what.slots}`];
}

function measurementOf({ moveCase: { work, build }, tool, trials }: Contender): Measurement {
  const contender = tool === 'cli' ? `cli ${build.name}` : tool;
  return { work, contender, unit: 'ms', samples: trials.map(({ tookMs }) => tookMs) };
}

function targetsOf(
  { work, promises }: MoveCase,
  contenders: readonly Contender[],
  isPromised: boolean,
): Target[] {
  const trialsOf = (tool: Tool) => contenders.find(contender => contender.tool === tool)?.trials ?? [];
  const medianOf = (tool: Tool) => median(trialsOf(tool).map(({ tookMs }) => tookMs));
  const speeds = promises.map(
    ({ against, atLeast }): Target => ({
      what: `${work}: speed against ${against === 'cli' ? 'the cli' : against}`,
      measured: medianOf(against) / medianOf('slotctl'),
      unit: 'x',
      ...(isPromised && { atLeast }),
    }),
  );
  const tooEarly = trialsOf('slotctl').filter(({ agreedAtOnce }) => !agreedAtOnce).length;
  return [
    ...speeds,
    { what: `${work}: slotctl ended too early`, measured: tooEarly, unit: 'runs', atMost: 0 },
  ];
}
