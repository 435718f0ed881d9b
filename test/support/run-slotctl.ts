/** Runs slotctl: in this process with a terminal made of strings, or as a process of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { main } from '../../src/main.ts';
import { coloured, plain } from '../../src/report/paint.ts';
import type { Answer, Terminal } from '../../src/terminal.ts';

export interface Run {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface FakeTerminal extends Terminal {
  readonly output: { stdout: string; stderr: string };
}

export interface TerminalSetup {
  readonly env?: Readonly<Record<string, string>>;
  readonly interactive?: boolean;
  readonly colour?: boolean;
  readonly secret?: string;
  /** What is said to every question; by default nobody is there. */
  readonly answer?: Answer | (() => Promise<Answer>);
  /** Filled in by the terminal: calling it is Ctrl-C. */
  readonly interrupt?: { press?: () => void };
  /** Told of everything that is written, as it is written. */
  readonly watch?: (text: string) => void;
}

export function fakeTerminal(setup: TerminalSetup = {}): FakeTerminal {
  const output = { stdout: '', stderr: '' };
  return {
    output,
    interactive: setup.interactive ?? false,
    paint: setup.colour ? coloured : plain,
    env: setup.env ?? {},
    print: text => {
      output.stdout += text;
      setup.watch?.(text);
    },
    warn: text => {
      output.stderr += `${text}\n`;
    },
    log: text => {
      output.stderr += text;
      setup.watch?.(text);
    },
    askSecret: async () => setup.secret ?? '',
    confirm: async () => (typeof setup.answer === 'function' ? setup.answer() : (setup.answer ?? 'nobody')),
    spin: () => ({ say() {}, stop() {} }),
    hideCommandLine() {},
    onInterrupt(callback) {
      if (setup.interrupt) setup.interrupt.press = () => void callback();
      return () => {};
    },
  };
}

export async function slotctl(args: readonly string[], setup: TerminalSetup = {}): Promise<Run> {
  const terminal = fakeTerminal(setup);
  const code = await main(['node', 'slotctl', ...args], terminal);
  return { code, ...terminal.output };
}

export const BIN = fileURLToPath(new URL('../../bin/slotctl.js', import.meta.url));

export interface ProcessSetup {
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
  readonly bin?: string;
  readonly cwd?: string;
  /** Told of everything that goes to stderr, as it comes. */
  readonly watch?: (child: ChildProcess, text: string) => void;
}

/** The built program, as people start it. */
export function slotctlProcess(
  args: readonly string[],
  { env = {}, input, bin = BIN, cwd, watch }: ProcessSetup = {},
): Promise<Run> {
  const child = spawn(process.execPath, [bin, ...args], {
    env: { ...process.env, ...env },
    ...(cwd !== undefined && { cwd }),
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', chunk => {
    stdout += chunk;
  });
  child.stderr.on('data', chunk => {
    stderr += chunk;
    watch?.(child, `${chunk}`);
  });
  child.stdin.end(input ?? '');
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', code => resolve({ code, stdout, stderr }));
  });
}

export interface Screen {
  readonly code: number | null;
  /** Everything that was written to the terminal, escape codes included. */
  readonly screen: string;
}

export interface Screening {
  readonly columns?: number;
  readonly env?: Readonly<Record<string, string>>;
  /** Typed as soon as the screen shows the text. */
  readonly answer?: { readonly when: string; readonly type: string };
}

/** The same on a pseudo-terminal, which util-linux's script(1) provides. */
export function inTerminal(
  words: readonly string[],
  { columns = 200, env: extra = {}, answer }: Screening = {},
): Promise<Screen> {
  const command = [process.execPath, ...words].map(word => `'${word}'`).join(' ');
  // Whoever runs the tests may have CI set; a person at a terminal has not.
  const { CI: _, ...inherited } = process.env;
  const env = { ...inherited, TERM: 'xterm-256color', NO_COLOR: '', ...extra };
  const child = spawn('script', ['-qefc', `stty cols ${columns} rows 50; ${command}`, '/dev/null'], { env });
  let screen = '';
  let answered = false;
  child.stdout.on('data', chunk => {
    screen += chunk;
    if (!answer || answered || !screen.includes(answer.when)) return;
    answered = true;
    child.stdin.write(answer.type);
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', code => resolve({ code, screen }));
  });
}
