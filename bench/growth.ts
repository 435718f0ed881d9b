/** Whether a hundred times the keys cost more than a hundred times the time, or more memory at all. */
import { removeFolder, tempFolder } from '../test/support/temp-folder.ts';
import { type Benchmark, type BenchmarkResult, type BenchmarkSettings, median } from './benchmark.ts';
import { casesOf, type MoveCase } from './move/cases.ts';
import { FilledCluster } from './move/filled-cluster.ts';
import { verify } from './move/verify.ts';
import { programOf } from './move.ts';
import { peakMemoryMb, runToEnd } from './run-program.ts';
import { buildSlotctl } from './slotctl.ts';

const FEW_PER_SLOT = 20;
const MANY_PER_SLOT = 2000;
/** What is left over for chance, and for buffers that are filled. */
const MEMORY_MAY_GROW = 1.25;

export const growth: Benchmark = {
  name: 'growth',
  summary: 'slotctl reshard of 10^4 keys and of 10^6: time for each key, and peak memory',
  fewestRuns: 3,
  options: [],
  run: measureGrowth,
};

interface Size {
  readonly moveCase: MoveCase;
  readonly keys: number;
  readonly tookMs: number[];
  readonly peakMb: number[];
}

async function measureGrowth({ server, runs, say, signal }: BenchmarkSettings): Promise<BenchmarkResult> {
  const [pair] = casesOf('pair', server);
  if (pair?.move.kind !== 'reshard') throw new RangeError('there is no such case');
  const { slots } = pair.move;
  const sizes = [FEW_PER_SLOT, MANY_PER_SLOT].map((keysPerSlot): Size => {
    const keys = keysPerSlot * slots;
    return { moveCase: { ...pair, work: `reshard ${keys} keys`, keysPerSlot }, keys, tookMs: [], peakMb: [] };
  });
  const folder = tempFolder('bench');
  say('building slotctl');
  buildSlotctl();
  try {
    for (let run = 0; run < runs; run++) {
      say(`run ${run + 1} of ${runs}`);
      for (const { moveCase, tookMs, peakMb } of sizes) {
        await onceOn(moveCase, async program => {
          tookMs.push((await runToEnd(program, folder, signal)).wallMs);
        });
        await onceOn(moveCase, async program => {
          peakMb.push(await peakMemoryMb(program, folder, signal));
        });
        say(`  ${moveCase.work}: ${tookMs.at(-1)?.toFixed(0)} ms, ${peakMb.at(-1)?.toFixed(0)} MB`);
      }
    }
  } finally {
    removeFolder(folder);
  }
  const [few, many] = sizes as [Size, Size];
  const perKey = ({ tookMs, keys }: Size) => median(tookMs) / keys;
  return {
    measurements: sizes.flatMap(({ moveCase: { work }, tookMs, peakMb }) => [
      { work, contender: 'slotctl', unit: 'ms', samples: tookMs } as const,
      { work, contender: 'slotctl', unit: 'MB', samples: peakMb } as const,
    ]),
    targets: [
      {
        what: 'time for a key, of 10^6 by of 10^4',
        measured: perKey(many) / perKey(few),
        unit: 'x',
        atMost: 1,
      },
      {
        what: 'peak memory, at 10^6 by at 10^4',
        measured: median(many.peakMb) / median(few.peakMb),
        unit: 'x',
        atMost: MEMORY_MAY_GROW,
      },
    ],
  };

  async function onceOn(
    moveCase: MoveCase,
    measure: (program: ReturnType<typeof programOf>) => Promise<void>,
  ) {
    signal.throwIfAborted();
    const filled = await FilledCluster.start(moveCase);
    try {
      await measure(programOf(filled, 'slotctl'));
      await verify(filled, folder, signal);
    } finally {
      await filled.dispose();
    }
  }
}
