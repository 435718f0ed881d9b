/**
 * `slotctl check` beside the `--cluster check` of the servers' own cli, on six real nodes and on stand-ins for the
 * hundreds and thousands that no one machine runs. Start-up is measured beside them: on a small cluster it is most of
 * the time, and the growth with the number of nodes can only be seen without it.
 */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { TestCluster } from '../test/support/cluster.ts';
import { removeFolder, tempFolder } from '../test/support/temp-folder.ts';
import { alternate, type Contender } from './alternate.ts';
import type { Benchmark, BenchmarkResult, BenchmarkSettings } from './benchmark.ts';
import { checkTargets, REAL_NODES, type Size, STAND_IN_SIZES, START_UP, sizeName } from './check-targets.ts';
import { type Program, peakMemoryMb, runToEnd } from './run-program.ts';
import { captureReplies } from './stand-in/capture.ts';
import { StandIn } from './stand-in/stand-in.ts';

const PROJECT = fileURLToPath(new URL('..', import.meta.url));
const SLOTCTL = fileURLToPath(new URL('../bin/slotctl.js', import.meta.url));
/** Below this size both programs mostly start and end, and six real nodes tell more about that. */
const SMALLEST_COMPARED = 100;

export const check: Benchmark = {
  name: 'check',
  summary: "slotctl check against the servers' own cli: 6 real nodes, up to 1000 stand-ins",
  run: runCheckBenchmark,
};

async function runCheckBenchmark(settings: BenchmarkSettings): Promise<BenchmarkResult> {
  const { server, say, signal } = settings;
  say('building slotctl');
  execFileSync(process.execPath, ['scripts/build.mjs'], {
    cwd: PROJECT,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const folder = tempFolder('bench');
  try {
    say(`starting six servers (${server.name} ${server.version}) and the stand-ins`);
    const cluster = await TestCluster.start({ build: server });
    try {
      const standIn = await StandIn.start(
        { sizes: STAND_IN_SIZES, captured: await captureReplies(cluster) },
        signal,
      );
      try {
        const entries = new Map<Size, string>([[REAL_NODES, cluster.entry], ...standIn.entries]);
        const measurements = await alternate(contenders(entries, folder, settings), settings);
        return { measurements, targets: checkTargets(measurements) };
      } finally {
        await standIn.dispose();
      }
    } finally {
      await cluster.dispose();
    }
  } finally {
    removeFolder(folder);
  }
}

function contenders(
  entries: ReadonlyMap<Size, string>,
  folder: string,
  { server, signal }: BenchmarkSettings,
): Contender[] {
  const timed = (work: string, contender: string, program: Program, nodes = 0): Contender => ({
    work,
    contender,
    unit: 'ms',
    measureOnce: async () => {
      const { wallMs, output } = await runToEnd(program, folder, signal);
      verifyNodeList(output, nodes, contender);
      return wallMs;
    },
  });
  const all = [
    timed(START_UP, 'node -e 0', { file: process.execPath, args: ['-e', '0'] }),
    timed(START_UP, 'slotctl', { file: process.execPath, args: [SLOTCTL, '--version'] }),
  ];
  for (const [size, entry] of entries) {
    const work = sizeName(size);
    const slotctl = { file: process.execPath, args: [SLOTCTL, 'check', entry] };
    all.push(timed(work, 'slotctl', slotctl, size));
    if (size === REAL_NODES || size >= SMALLEST_COMPARED) {
      all.push(timed(work, 'cli', { file: server.cli, args: ['--cluster', 'check', entry] }, size));
    }
    all.push({
      work,
      contender: 'slotctl',
      unit: 'MB',
      measureOnce: () => peakMemoryMb(slotctl, folder, signal),
    });
  }
  return all;
}

/** Whoever leaves out nodes has done less work, and must not win by it. */
function verifyNodeList(output: string, nodes: number, contender: string): void {
  // Not only at the start of a line, where the cli has put the end of a colour.
  const listed = output.match(/[MS]: [0-9a-f]{40} /g)?.length ?? 0;
  if (listed !== nodes) throw new Error(`${contender} lists ${listed} nodes instead of ${nodes}:\n${output}`);
}
