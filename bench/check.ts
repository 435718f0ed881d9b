/**
 * `slotctl check` beside the `--cluster check` of the servers' own cli, on six real nodes and on stand-ins for the
 * hundreds and thousands that no one machine runs. Start-up is measured beside them: on a small cluster it is most of
 * the time, and the growth with the number of nodes can only be seen without it.
 */
import { TestCluster } from '../test/support/cluster.ts';
import { removeFolder, tempFolder } from '../test/support/temp-folder.ts';
import { alternate, type Contender } from './alternate.ts';
import type { Benchmark, BenchmarkResult, BenchmarkSettings, Measurement } from './benchmark.ts';
import { type CheckSetting, REAL, STAND_INS, START_UP } from './check-settings.ts';
import { checkTargets } from './check-targets.ts';
import { type Program, peakMemoryMb, runToEnd } from './run-program.ts';
import { buildSlotctl, SLOTCTL } from './slotctl.ts';
import { captureReplies } from './stand-in/capture.ts';
import { measurePace } from './stand-in/pace.ts';
import type { StandInCluster } from './stand-in/serve.ts';
import { StandIn } from './stand-in/stand-in.ts';

export const check: Benchmark = {
  name: 'check',
  summary: "slotctl check against the servers' own cli: 6 real nodes, up to 1000 stand-ins",
  fewestRuns: 5,
  options: [],
  run: runCheckBenchmark,
};

async function runCheckBenchmark(settings: BenchmarkSettings): Promise<BenchmarkResult> {
  settings.say('building slotctl');
  buildSlotctl();
  const folder = tempFolder('bench');
  try {
    return await withClusters(settings, async (entries, paces) => {
      const measurements = await alternate(contenders(entries, folder, settings), settings);
      return { measurements: [...paces, ...measurements], targets: checkTargets(measurements) };
    });
  } finally {
    removeFolder(folder);
  }
}

type Entries = ReadonlyMap<CheckSetting, string>;

async function withClusters<T>(
  { server, say, signal }: BenchmarkSettings,
  work: (entries: Entries, paces: readonly Measurement[]) => Promise<T>,
): Promise<T> {
  say(`starting six servers (${server.name}) and the stand-ins`);
  const cluster = await TestCluster.start({ build: server });
  try {
    const captured = await captureReplies(cluster);
    const clusters: StandInCluster[] = [];
    const paces: Measurement[] = [];
    for (const { nodes, paced } of STAND_INS) {
      const pace = paced ? await measurePace(server, nodes, captured) : {};
      clusters.push({ nodes, pace });
      for (const [command, workMs] of Object.entries(pace)) {
        paces.push({
          work: `a real server, ${nodes} nodes`,
          contender: command,
          unit: 'ms',
          samples: [workMs],
        });
      }
    }
    const standIn = await StandIn.start({ clusters, captured }, signal);
    try {
      const entries = STAND_INS.map((setting, i) => [setting, `${standIn.entries[i]}`] as const);
      return await work(new Map([[REAL, cluster.entry], ...entries]), paces);
    } finally {
      await standIn.dispose();
    }
  } finally {
    await cluster.dispose();
  }
}

function contenders(
  entries: Entries,
  folder: string,
  { server, signal }: BenchmarkSettings,
): readonly Contender[] {
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
  const startUps = [
    timed(START_UP, 'node -e 0', { file: process.execPath, args: ['-e', '0'] }),
    timed(START_UP, 'slotctl', { file: process.execPath, args: [SLOTCTL, '--version'] }),
  ];
  const checks = [...entries].flatMap(([{ work, nodes, compared, paced }, entry]): Contender[] => {
    const slotctl = { file: process.execPath, args: [SLOTCTL, 'check', entry] };
    const cli = { file: server.cli, args: ['--cluster', 'check', entry] };
    const memory: Contender = {
      work,
      contender: 'slotctl',
      unit: 'MB',
      measureOnce: () => peakMemoryMb(slotctl, folder, signal),
    };
    return [
      timed(work, 'slotctl', slotctl, nodes),
      ...(compared ? [timed(work, 'cli', cli, nodes)] : []),
      ...(paced ? [] : [memory]),
    ];
  });
  return [...startUps, ...checks];
}

/** Whoever leaves out nodes has done less work, and must not win by it. */
function verifyNodeList(output: string, nodes: number, contender: string): void {
  // Not only at the start of a line, where the cli has put the end of a colour.
  const listed = output.match(/[MS]: [0-9a-f]{40} /g)?.length ?? 0;
  if (listed !== nodes) throw new Error(`${contender} lists ${listed} nodes instead of ${nodes}:\n${output}`);
}
