/** slotctl as a process that can be hit at any moment. */
import { type ChildProcess, spawn } from 'node:child_process';
import { BIN } from '../../support/run-slotctl.ts';

export interface Ended {
  readonly words: readonly string[];
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly tookMs: number;
}

export interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
}

/** Far longer than anything here takes: whatever reaches it hangs. */
const LIMIT_MS = 240_000;

/** `watch`: told of what it writes to stderr, as it comes. */
export function start(words: readonly string[], cwd: string, watch?: (text: string) => void): Running {
  const began = performance.now();
  const child = spawn(process.execPath, [BIN, ...words], { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  let [stdout, stderr, hangs] = ['', '', false];
  child.stdout.on('data', chunk => {
    stdout += chunk;
  });
  child.stderr.on('data', chunk => {
    stderr += chunk;
    watch?.(`${chunk}`);
  });
  const limit = setTimeout(() => {
    hangs = true;
    child.kill('SIGKILL');
  }, LIMIT_MS);
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      clearTimeout(limit);
      const run = { words, code, signal, stdout, stderr, tookMs: performance.now() - began };
      if (hangs) reject(new Error(`slotctl hangs: ${describe(run)}`));
      else resolve(run);
    });
  });
  // Whoever waits for it is told; until then it is not a rejection that nobody handles.
  ended.catch(() => {});
  return { child, ended };
}

export function runToEnd(words: readonly string[], cwd: string): Promise<Ended> {
  return start(words, cwd).ended;
}

const MOST_SHOWN = 1500;

export function describe({ words, code, signal, stdout, stderr }: Ended): string {
  return [`slotctl ${words.join(' ')}`, `ended with ${code ?? signal}`, tail(stdout), tail(stderr)].join(
    '\n',
  );
}

function tail(text: string): string {
  return text.length > MOST_SHOWN ? `…${text.slice(-MOST_SHOWN)}` : text;
}
