/**
 * `slotctl backup` beside the `--cluster backup` of the servers' own cli, and `slotctl restore` of what was saved. The
 * servers do not wait for other replicas (repl-diskless-sync-delay 0), and compress nothing, so that as many bytes go
 * over the wire as are asked for.
 */
import { mkdirSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { TestCluster } from '../test/support/cluster.ts';
import { keyCounts } from '../test/support/data.ts';
import { keyIn } from '../test/support/slot-keys.ts';
import { removeFolder, tempFolder } from '../test/support/temp-folder.ts';
import { alternate, type Contender } from './alternate.ts';
import {
  type Benchmark,
  type BenchmarkResult,
  type BenchmarkSettings,
  type Measurement,
  median,
  type NumberOption,
  type Target,
} from './benchmark.ts';
import { type Program, peakMemoryMb, runToEnd } from './run-program.ts';
import { buildSlotctl, SLOTCTL } from './slotctl.ts';

const MEGABYTES: NumberOption = {
  name: 'megabytes',
  summary: 'data in the cluster',
  usual: 500,
  least: 1,
};
const PRIMARIES = 3;
const VALUE_BYTES = 1000;

export const backup: Benchmark = {
  name: 'backup',
  summary: "slotctl backup against the servers' own cli, and slotctl restore",
  fewestRuns: 3,
  options: [MEGABYTES],
  run: runBackupBenchmark,
};

async function runBackupBenchmark(settings: BenchmarkSettings): Promise<BenchmarkResult> {
  const { server, chosen, say } = settings;
  say('building slotctl');
  buildSlotctl();
  const folder = tempFolder('bench');
  const cluster = await TestCluster.start({
    build: server,
    primaries: PRIMARIES,
    replicasPerPrimary: 0,
    config: ['enable-debug-command yes', 'rdbcompression no'],
  });
  try {
    const keysEach = Math.floor((chosen(MEGABYTES) * 1_000_000) / PRIMARIES / VALUE_BYTES);
    say(`filling ${PRIMARIES} servers (${server.name}) with ${keysEach} keys each`);
    await Promise.all(
      cluster.nodes.map((node, i) => {
        const prefix = keyIn(cluster.member(i).slots.ranges[0]?.first ?? 0, 'k');
        return node.send('DEBUG', 'POPULATE', `${keysEach}`, prefix, `${VALUE_BYTES}`);
      }),
    );
    const measurements = await alternate(contenders(cluster, folder, keysEach, settings), settings);
    return { measurements, targets: targetsOf(measurements) };
  } finally {
    await cluster.dispose();
    removeFolder(folder);
  }
}

const WORK = 'backup';

function contenders(
  cluster: TestCluster,
  folder: string,
  keysEach: number,
  { server, signal }: BenchmarkSettings,
): Contender[] {
  const { entry } = cluster;
  const slotctl = (name: string, ...options: string[]): Program => ({
    file: process.execPath,
    args: [SLOTCTL, 'backup', entry, join(folder, name), '--replace', ...options],
  });
  const theirs = join(folder, 'cli');
  mkdirSync(theirs);
  const programs: readonly [string, string, Program][] = [
    ['slotctl', 'slotctl', slotctl('slotctl')],
    ['slotctl --no-diskless', 'by-disk', slotctl('by-disk', '--no-diskless')],
    ['cli', 'cli', { file: server.cli, args: ['--cluster', 'backup', entry, theirs] }],
  ];
  return [
    ...programs.map(
      ([contender, name, program]): Contender => ({
        work: WORK,
        contender,
        unit: 'ms',
        measureOnce: async () => {
          const { wallMs } = await runToEnd(program, folder, signal);
          verifySize(join(folder, name), keysEach);
          return wallMs;
        },
      }),
    ),
    {
      work: WORK,
      contender: 'slotctl',
      unit: 'MB',
      measureOnce: () => peakMemoryMb(slotctl('slotctl'), folder, signal),
    },
    ...(['ms', 'MB'] as const).map(unit => restoring(unit, cluster, folder, signal)),
  ];
}

/** Into the same cluster, over what is there. */
function restoring(unit: 'ms' | 'MB', cluster: TestCluster, folder: string, signal: AbortSignal): Contender {
  const args = [SLOTCTL, 'restore', join(folder, 'slotctl'), cluster.entry, '--yes', '--replace'];
  const program = { file: process.execPath, args };
  return {
    work: 'restore',
    contender: 'slotctl',
    unit,
    measureOnce: async () => {
      const before = await keyCounts(cluster);
      const measured =
        unit === 'MB'
          ? await peakMemoryMb(program, folder, signal)
          : (await runToEnd(program, folder, signal)).wallMs;
      if ((await keyCounts(cluster)) < before) throw new Error('keys were lost');
      return measured;
    },
  };
}

/** Whoever saves less has done less work, and must not win by it. */
function verifySize(folder: string, keysEach: number): void {
  const sizes = readdirSync(folder)
    .filter(name => name.endsWith('.rdb'))
    .map(name => statSync(join(folder, name)).size);
  const enough = sizes.filter(size => size > keysEach * VALUE_BYTES);
  if (enough.length !== PRIMARIES) throw new Error(`files of ${sizes.join(', ')} bytes are not all data`);
}

function targetsOf(measurements: readonly Measurement[]): Target[] {
  const of = (work: string, contender: string, unit: string) =>
    median(
      measurements.find(m => m.work === work && m.contender === contender && m.unit === unit)?.samples ?? [],
    );
  const cli = of(WORK, 'cli', 'ms');
  return [
    {
      what: 'backup: cli / slotctl',
      measured: cli / of(WORK, 'slotctl', 'ms'),
      unit: 'x',
    },
    {
      what: 'backup: cli / slotctl --no-diskless',
      measured: cli / of(WORK, 'slotctl --no-diskless', 'ms'),
      unit: 'x',
    },
    { what: 'backup: memory', measured: of(WORK, 'slotctl', 'MB'), unit: 'MB', atMost: 150 },
    { what: 'restore: memory', measured: of('restore', 'slotctl', 'MB'), unit: 'MB', atMost: 200 },
  ];
}
