/** Starts and ends the process that stands in for large clusters: its time and memory must not count as a client's. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { StandInEntries, StandInPlan } from './serve.ts';

type StandInChild = ChildProcessByStdio<Writable, Readable, null>;

const PROJECT = fileURLToPath(new URL('../..', import.meta.url));
const START_LIMIT_MS = 60_000;
const END_LIMIT_MS = 5000;

export class StandIn {
  readonly entries: StandInEntries;
  readonly #child: StandInChild;

  private constructor(child: StandInChild, entries: StandInEntries) {
    this.#child = child;
    this.entries = entries;
  }

  static async start(plan: StandInPlan, signal: AbortSignal): Promise<StandIn> {
    const child = spawn(process.execPath, ['scripts/run.mjs', 'bench/index.ts', 'stand-in'], {
      cwd: PROJECT,
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    // Writing to a process that has just died is reported by its end.
    child.stdin.on('error', () => {});
    try {
      child.stdin.write(`${JSON.stringify(plan)}\n`);
      const waiting = AbortSignal.any([signal, AbortSignal.timeout(START_LIMIT_MS)]);
      const [line] = await Promise.race([
        once(createInterface({ input: child.stdout }), 'line', { signal: waiting }),
        once(child, 'exit').then(() => Promise.reject(new Error('the stand-in ended before it listened'))),
      ]);
      return new StandIn(child, JSON.parse(line));
    } catch (error) {
      await end(child);
      throw error;
    }
  }

  async dispose(): Promise<void> {
    await end(this.#child);
  }
}

async function end(child: StandInChild): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.stdin.end();
  const impatience = setTimeout(() => child.kill('SIGKILL'), END_LIMIT_MS);
  await gone;
  clearTimeout(impatience);
}
