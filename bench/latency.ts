/** What clients notice while slots move: how long the slowest hundredth of their commands takes. */
import { removeFolder, tempFolder } from '../test/support/temp-folder.ts';
import { inTurns } from './alternate.ts';
import { type Benchmark, type BenchmarkResult, type BenchmarkSettings, median } from './benchmark.ts';
import { casesOf } from './move/cases.ts';
import { FilledCluster } from './move/filled-cluster.ts';
import { percentile, SteadyLoad } from './move/steady-load.ts';
import { verify } from './move/verify.ts';
import { programOf } from './move.ts';
import { runToEnd } from './run-program.ts';
import { buildSlotctl } from './slotctl.ts';

const MOST_MS = 5;

export const latency: Benchmark = {
  name: 'latency',
  summary: 'what two clients wait for GET and SET while 500 slots move, 99th percentile',
  fewestRuns: 5,
  options: [],
  run: measureLatency,
};

interface Contender {
  readonly name: string;
  readonly tool: 'slotctl' | 'cli';
  readonly words: readonly string[];
  readonly p99s: number[];
}

async function measureLatency(settings: BenchmarkSettings): Promise<BenchmarkResult> {
  const { server, runs, say, signal } = settings;
  const [moveCase] = casesOf('pair', server);
  if (!moveCase) throw new RangeError('there is no such case');
  const contender = (name: string, tool: Contender['tool'], ...words: string[]): Contender => ({
    name,
    tool,
    words,
    p99s: [],
  });
  const cli = contender(`cli ${server.name}`, 'cli');
  const usual = contender('slotctl', 'slotctl');
  const careful = contender('slotctl --max-block-ms 1', 'slotctl', '--max-block-ms', '1');
  const all = [cli, usual, careful];
  const folder = tempFolder('bench');
  say('building slotctl');
  buildSlotctl();
  try {
    await inTurns(all, { runs, say }, async ({ name, tool, words, p99s }) => {
      signal.throwIfAborted();
      const filled = await FilledCluster.start(moveCase);
      try {
        const load = new SteadyLoad(filled);
        await load.warmUp();
        const program = programOf(filled, tool, words);
        const { wallMs } = await runToEnd(program, folder, signal).finally(() => load.stop());
        p99s.push(percentile(load.waits, 99));
        say(`  ${name}: ${p99s.at(-1)?.toFixed(2)} ms, in ${wallMs.toFixed(0)} ms`);
        await verify(filled, folder, signal);
      } finally {
        await filled.dispose();
      }
    });
  } finally {
    removeFolder(folder);
  }
  const work = 'GET and SET while 500 slots move, p99';
  return {
    measurements: all.map(({ name, p99s }) => ({ work, contender: name, unit: 'ms', samples: p99s })),
    targets: [
      { what: 'p99 at the defaults', measured: median(usual.p99s), unit: 'ms', atMost: MOST_MS },
      {
        what: 'p99 of the cli, by that of --max-block-ms 1',
        measured: median(cli.p99s) / median(careful.p99s),
        unit: 'x',
        atLeast: 1,
      },
    ],
  };
}
