/** Runs a program to its end, and says how long that took and, on request, how much memory. */
import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface Program {
  readonly file: string;
  readonly args: readonly string[];
}

export interface Ended {
  /** From the moment before it is started until its end is known. */
  readonly wallMs: number;
  readonly output: string;
}

const RUN_LIMIT_MS = 120_000;
const PEAK_MEMORY_HOOK = fileURLToPath(new URL('peak-memory-hook.mjs', import.meta.url));
const BYTES_PER_MB = 1024 * 1024;

/**
 * The output goes to a file and not through a pipe, so that this process has nothing to do, and takes no processor
 * time from the measured one, until that ends.
 */
export async function runToEnd(program: Program, folder: string, signal: AbortSignal): Promise<Ended> {
  const outputFile = join(folder, 'output');
  const output = openSync(outputFile, 'w');
  const memory = openSync(join(folder, 'memory'), 'w');
  try {
    const startedAt = performance.now();
    const ending = await ended(program, [output, memory], signal);
    const wallMs = performance.now() - startedAt;
    const text = readFileSync(outputFile, 'utf8');
    if (ending !== 0) throw new Error(`${commandLine(program)} ended with ${ending}:\n${text}`);
    return { wallMs, output: text };
  } finally {
    closeSync(output);
    closeSync(memory);
  }
}

/** Measured in runs of its own: the hook costs a millisecond or two. */
export async function peakMemoryMb(
  { file, args }: Program,
  folder: string,
  signal: AbortSignal,
): Promise<number> {
  await runToEnd({ file, args: ['--import', PEAK_MEMORY_HOOK, ...args] }, folder, signal);
  const bytes = Number(readFileSync(join(folder, 'memory'), 'utf8'));
  if (!(bytes > 0)) throw new Error(`${file} did not tell its peak memory`);
  return bytes / BYTES_PER_MB;
}

function ended(
  { file, args }: Program,
  [output, memory]: readonly [number, number],
  signal: AbortSignal,
): Promise<number | NodeJS.Signals | null> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, {
      stdio: ['ignore', output, output, memory],
      timeout: RUN_LIMIT_MS,
      killSignal: 'SIGKILL',
      signal,
    });
    child.once('error', reject);
    child.once('exit', (code, killedBy) => resolve(code ?? killedBy));
  });
}

function commandLine({ file, args }: Program): string {
  return [file, ...args].join(' ');
}
