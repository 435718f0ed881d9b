/**
 * Side-by-side measurements: npm run bench -- <name>. Only ratios that were taken in one run on one machine say
 * anything; absolute times are printed to show proportions.
 */
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { installedServers, type ServerBuild } from '../test/support/servers.ts';
import { backup } from './backup.ts';
import { type Benchmark, isMet, type NumberOption, UsageError } from './benchmark.ts';
import { check } from './check.ts';
import { create } from './create.ts';
import { growth } from './growth.ts';
import { importing } from './import.ts';
import { latency } from './latency.ts';
import { move } from './move.ts';
import { renderResult } from './result-table.ts';
import { serveStandIns } from './stand-in/serve.ts';

const BENCHMARKS: readonly Benchmark[] = [check, create, move, importing, backup, latency, growth];

const EXIT = { done: 0, missed: 1, usage: 2, interrupted: 130 } as const;

interface Request {
  readonly benchmark: Benchmark;
  readonly server: ServerBuild;
  readonly runs: number;
  /** Of the benchmark's own options, by name. */
  readonly numbers: ReadonlyMap<string, number>;
  readonly cases: readonly string[];
  readonly jsonFile?: string;
  readonly enforce: boolean;
}

function usage(): string {
  return `Usage: npm run bench -- <name> [options]

Benchmarks:
${BENCHMARKS.map(({ name, summary }) => `  ${name.padEnd(16)}${summary}`).join('\n')}

Options:
  --runs COUNT    measurements of each contender, at least and by default ${listOf(b => `${b.fewestRuns} (${b.name})`)}
  --server NAME   on which servers and against whose cli, such as redis-7.0 (default: the first one found)
  --json FILE     write every single measurement to a file
  --enforce       exit with 1 when a target is missed
${BENCHMARKS.filter(b => b.options.length > 0 || b.cases)
  .map(ownOptions)
  .join('')}`;
}

function listOf(describe: (benchmark: Benchmark) => string): string {
  return BENCHMARKS.map(describe).join(', ');
}

function ownOptions({ name, options, cases }: Benchmark): string {
  const lines = options.map(o => `  ${`--${o.name} COUNT`.padEnd(24)}${o.summary} (default: ${o.usual})\n`);
  if (cases) lines.push(`  ${'--cases NAMES'.padEnd(24)}some of ${cases.join(',')} (default: all)\n`);
  return `\nOptions of ${name}:\n${lines.join('')}`;
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

async function measure(request: Request): Promise<number> {
  const { benchmark, server, runs, numbers, cases, jsonFile, enforce } = request;
  const interrupt = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => interrupt.abort());
  const say = (text: string) => void process.stderr.write(`${text}\n`);
  try {
    const chosen = ({ name, usual }: NumberOption) => numbers.get(name) ?? usual;
    const result = await benchmark.run({ runs, server, chosen, cases, say, signal: interrupt.signal });
    process.stdout.write(renderResult(result));
    if (jsonFile !== undefined) {
      const conditions = {
        server: server.name,
        node: process.version,
        processors: cpus().length,
        runs,
        ...(benchmark.cases && { cases }),
        ...Object.fromEntries(benchmark.options.map(option => [option.name, chosen(option)])),
      };
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
  const { values, own, positionals } = parseOptions(argv);
  const [name, ...more] = positionals;
  const benchmark = BENCHMARKS.find(known => known.name === name);
  if (!benchmark) throw new UsageError(name === undefined ? 'which benchmark?' : `'${name}' is none`);
  if (more.length > 0) throw new UsageError('one benchmark at a time');
  const { fewestRuns } = benchmark;
  const runs = wholeNumber('runs', values.runs ?? `${fewestRuns}`, fewestRuns);
  return {
    benchmark,
    server: findServer(values.server),
    runs,
    numbers: readNumbers(benchmark, own),
    cases: readCases(benchmark, values.cases),
    enforce: values.enforce === true,
    ...(values.json !== undefined && { jsonFile: values.json }),
  };
}

function readNumbers({ name: benchmark, options }: Benchmark, typed: ReadonlyMap<string, string>) {
  return new Map(
    [...typed].map(([name, text]) => {
      const option = options.find(o => o.name === name);
      if (!option) throw new UsageError(`--${name} is no option of ${benchmark}`);
      return [name, wholeNumber(name, text, option.least)] as const;
    }),
  );
}

function readCases({ name, cases = [] }: Benchmark, typed: string | undefined): readonly string[] {
  if (typed === undefined) return cases;
  const wanted = typed.split(',');
  const unknown = wanted.find(word => !cases.includes(word));
  if (unknown !== undefined) throw new UsageError(`'${unknown}' is no case of ${name}`);
  return wanted;
}

function wholeNumber(name: string, text: string, least: number): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && number >= least) return number;
  throw new UsageError(`--${name} takes a whole number from ${least} on`);
}

const COMMON = {
  runs: { type: 'string' },
  server: { type: 'string' },
  cases: { type: 'string' },
  json: { type: 'string' },
  enforce: { type: 'boolean' },
} as const;

function parseOptions(argv: readonly string[]) {
  const owned = BENCHMARKS.flatMap(benchmark => benchmark.options.map(option => option.name));
  const ownOptions = Object.fromEntries(owned.map(name => [name, { type: 'string' } as const]));
  try {
    const { values, positionals } = parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: { ...ownOptions, ...COMMON },
    });
    const own = new Map<string, string>(
      Object.entries(values).flatMap(([name, value]) =>
        owned.includes(name) && typeof value === 'string' ? [[name, value]] : [],
      ),
    );
    return { values, own, positionals };
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
