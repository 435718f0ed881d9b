/**
 * `slotctl import` beside the servers' own cli: every run has a fresh cluster of three primaries and a source with the
 * same keys. The whole life of the process is timed. Afterwards all keys are in the cluster, and none at the source.
 */
import { TestCluster } from '../test/support/cluster.ts';
import { keyCounts } from '../test/support/data.ts';
import { freePort } from '../test/support/ports.ts';
import { ServerProcess } from '../test/support/server-process.ts';
import type { ServerBuild } from '../test/support/servers.ts';
import { removeFolder, tempFolder } from '../test/support/temp-folder.ts';
import { alternate } from './alternate.ts';
import {
  type Benchmark,
  type BenchmarkResult,
  type BenchmarkSettings,
  median,
  type NumberOption,
} from './benchmark.ts';
import { noise } from './noise.ts';
import { type Program, runToEnd } from './run-program.ts';
import { buildSlotctl, SLOTCTL } from './slotctl.ts';

const KEYS: NumberOption = { name: 'keys', summary: 'at the source', usual: 100_000, least: 1000 };
const VALUE_BYTES = 100;
const AT_A_TIME = 1000;
const MIN_SPEED_UP = 5;

/** Text that does not repeat: servers compress values that do, and moving those is cheaper. */
const NOISE = noise(64 * 1024);

export const importing: Benchmark = {
  name: 'import',
  summary: "slotctl import against the servers' own cli",
  fewestRuns: 5,
  options: [KEYS],
  run: runImportBenchmark,
};

async function runImportBenchmark(settings: BenchmarkSettings): Promise<BenchmarkResult> {
  const { server, chosen, say, runs, signal } = settings;
  const keys = chosen(KEYS);
  const work = `import of ${keys} keys of ${VALUE_BYTES} bytes`;
  say('building slotctl');
  buildSlotctl();
  const folder = tempFolder('bench');
  const contender = (name: string, programOf: (at: Places) => Program) => ({
    work,
    contender: name,
    unit: 'ms' as const,
    measureOnce: () => measureOnce({ build: server, keys, folder, signal }, programOf),
  });
  try {
    const measurements = await alternate(
      [
        contender('cli', ({ cluster, source }) => ({
          file: server.cli,
          args: ['--cluster', 'import', cluster, '--cluster-from', source],
        })),
        contender('slotctl', ({ cluster, source }) => ({
          file: process.execPath,
          args: [SLOTCTL, 'import', cluster, '--cluster-from', source, '--yes'],
        })),
      ],
      { runs, say },
    );
    const medianOf = (name: string) => median(measurements.find(m => m.contender === name)?.samples ?? []);
    const isPromised = keys >= KEYS.usual;
    return {
      measurements,
      targets: [
        {
          what: `${work}: speed against the cli`,
          measured: medianOf('cli') / medianOf('slotctl'),
          unit: 'x',
          ...(isPromised && { atLeast: MIN_SPEED_UP }),
        },
      ],
    };
  } finally {
    removeFolder(folder);
  }
}

interface Places {
  readonly cluster: string;
  readonly source: string;
}

interface Conditions {
  readonly build: ServerBuild;
  readonly keys: number;
  readonly folder: string;
  readonly signal: AbortSignal;
}

async function measureOnce(
  { build, keys, folder, signal }: Conditions,
  programOf: (at: Places) => Program,
): Promise<number> {
  signal.throwIfAborted();
  const cluster = await TestCluster.start({ build, primaries: 3, replicasPerPrimary: 0 });
  const source = await startSource(build);
  try {
    await fill(source, keys);
    const program = programOf({ cluster: cluster.entry, source: source.address });
    const { wallMs } = await runToEnd(program, folder, signal);
    const [arrived, left] = [await keyCounts(cluster), Number(await source.send('DBSIZE'))];
    if (arrived !== keys || left !== 0)
      throw new Error(`${program.file}: ${arrived} of ${keys} keys are there, and ${left} are left`);
    return wallMs;
  } finally {
    await Promise.all([source.dispose(), cluster.dispose()]);
  }
}

async function startSource(build: ServerBuild): Promise<ServerProcess> {
  const host = '127.0.0.1';
  const port = await freePort(host);
  const source = new ServerProcess({
    build,
    host,
    port,
    config: [`bind ${host}`, `port ${port}`, 'protected-mode no'],
  });
  await source.start();
  return source;
}

async function fill(source: ServerProcess, keys: number): Promise<void> {
  for (let from = 0; from < keys; from += AT_A_TIME) {
    const pairs = Array.from({ length: Math.min(AT_A_TIME, keys - from) }, (_, i) => {
      const at = ((from + i) * 101) % (NOISE.length - VALUE_BYTES);
      return [`key:${from + i}`, NOISE.slice(at, at + VALUE_BYTES)];
    });
    await source.send('MSET', ...pairs.flat());
  }
}
