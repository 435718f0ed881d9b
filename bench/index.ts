/**
 * Side-by-side measurements: npm run bench -- <name>. Only ratios that were taken in one run on one machine say
 * anything; absolute times are printed to show proportions.
 */
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { installedServers, type ServerBuild } from '../test/support/servers.ts';
import { type Benchmark, isMet } from './benchmark.ts';
import { check } from './check.ts';
import { renderResult } from './result-table.ts';
import { serveStandIns } from './stand-in/serve.ts';

const BENCHMARKS: readonly Benchmark[] = [check];

const FEWEST_RUNS = 5;
const EXIT = { done: 0, missed: 1, usage: 2, interrupted: 130 } as const;

class UsageError extends Error {}

interface Request {
  readonly benchmark: Benchmark;
  readonly server: ServerBuild;
  readonly runs: number;
  readonly jsonFile?: string;
  readonly enforce: boolean;
}

function usage(): string {
  return `Usage: npm run bench -- <name> [options]

Benchmarks:
${BENCHMARKS.map(({ name, summary }) => `  ${name.padEnd(16)}${summary}`).join('\n')}

Options:
  --runs COUNT    measurements of each contender, at least and by default ${FEWEST_RUNS}
  --server NAME   on which servers and against whose cli, such as redis-7.0 (default: the first one found)
  --json FILE     write every single measurement to a file
  --enforce       exit with 1 when a target is missed
`;
}

async function main(argv: readonly string[]): Promise<number> {
  // Not for people: the program runs itself once more, to be the servers that are measured against.
  if (argv[0] === 'stand-in') return serveStandIns();
  if (argv.length === 0) {
    process.stdout.write(usage());
    return EXIT.usage;
  }
  try {
    return await measure(readRequest(argv));
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`${error.message}\n\n${usage()}`);
    return EXIT.usage;
  }
}

async function measure({ benchmark, server, runs, jsonFile, enforce }: Request): Promise<number> {
  const interrupt = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => interrupt.abort());
  const say = (text: string) => void process.stderr.write(`${text}\n`);
  try {
    const result = await benchmark.run({ runs, server, say, signal: interrupt.signal });
    process.stdout.write(renderResult(result));
    if (jsonFile !== undefined) {
      const conditions = { server: server.name, node: process.version, processors: cpus().length, runs };
      writeFileSync(
        jsonFile,
        `${JSON.stringify({ benchmark: benchmark.name, ...conditions, ...result }, null, 2)}\n`,
      );
    }
    return enforce && !result.targets.every(isMet) ? EXIT.missed : EXIT.done;
  } catch (error) {
    if (interrupt.signal.aborted) return EXIT.interrupted;
    throw error;
  }
}

function readRequest(argv: readonly string[]): Request {
  const { values, positionals } = parseOptions(argv);
  const [name, ...more] = positionals;
  const benchmark = BENCHMARKS.find(known => known.name === name);
  if (!benchmark) throw new UsageError(name === undefined ? 'which benchmark?' : `'${name}' is none`);
  if (more.length > 0) throw new UsageError('one benchmark at a time');
  const runs = Number(values.runs);
  if (!Number.isInteger(runs) || runs < FEWEST_RUNS) {
    throw new UsageError(`--runs takes a whole number from ${FEWEST_RUNS} on`);
  }
  const enforce = values.enforce === true;
  return {
    benchmark,
    server: findServer(values.server),
    runs,
    enforce,
    ...(values.json !== undefined && { jsonFile: values.json }),
  };
}

function parseOptions(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        runs: { type: 'string', default: `${FEWEST_RUNS}` },
        server: { type: 'string' },
        json: { type: 'string' },
        enforce: { type: 'boolean' },
      },
    });
  } catch (error) {
    throw error instanceof TypeError ? new UsageError(error.message) : error;
  }
}

function findServer(name: string | undefined): ServerBuild {
  const installed = installedServers();
  const [first] = installed;
  if (!first) throw new UsageError('no redis-server on this machine: apt-get install redis-server');
  const server = name === undefined ? first : installed.find(build => build.name === name);
  if (!server) throw new UsageError(`there is no ${name}, only ${installed.map(b => b.name).join(', ')}`);
  return server;
}

process.exitCode = await main(process.argv.slice(2));
