/** Runs slotctl: in this process with a terminal made of strings, or as a process of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { main } from '../../src/main.ts';
import { coloured, plain } from '../../src/report/paint.ts';
import type { Consent, Dialogue, Input, MenuItem, Terminal } from '../../src/terminal.ts';
import { expectContract } from './json-contract.ts';

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
  readonly answer?: Consent | (() => Promise<Consent>);
  /** What standard input holds, line by line; it is at its end after them. */
  readonly lines?: readonly string[];
  /** What is typed or picked at a screen, question by question: numbers, and beginnings of choices. */
  readonly picks?: readonly (number | string | readonly string[])[];
  /** Filled in by the terminal: calling it is Ctrl-C. */
  readonly interrupt?: { press?: () => void };
  /** Told of everything that is written, as it is written. */
  readonly watch?: (text: string) => void;
  /** By what name it is called. */
  readonly program?: string;
}

export function fakeTerminal(setup: TerminalSetup = {}): FakeTerminal {
  const output = { stdout: '', stderr: '' };
  const lines = [...(setup.lines ?? [])];
  return {
    output,
    interactive: setup.interactive ?? false,
    paint: setup.colour ? coloured : plain,
    env: setup.env ?? {},
    print: text => {
      output.stdout += text;
      setup.watch?.(text);
    },
    printBytes: bytes => {
      output.stdout += Buffer.from(bytes).toString('utf8');
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
    dialogue: setup.picks && fakeDialogue([...setup.picks], output),
    readLine: async question => {
      output.stdout += question ?? '';
      const line = lines.shift();
      if (question !== undefined) output.stdout += `${line ?? ''}\n`;
      return line === undefined ? { kind: 'nobody' } : replyOf(line);
    },
    readAll: async () => ({ kind: 'given', value: lines.splice(0).join('\n') }),
    spin: () => ({ say() {}, stop() {} }),
    hideCommandLine() {},
    onInterrupt(callback) {
      if (setup.interrupt) setup.interrupt.press = () => void callback();
      return () => {};
    },
  };
}

export const CTRL_C = '\u0003';

function replyOf<T>(value: T): Input<T> {
  return value === CTRL_C ? { kind: 'interrupted' } : { kind: 'given', value };
}

/** Shows questions and choices on stderr, and picks by the words that it was given. */
function fakeDialogue(picks: (number | string | readonly string[])[], output: { stderr: string }): Dialogue {
  const show = (question: string, choices: readonly MenuItem<unknown>[] = []) => {
    output.stderr += [question, ...choices.map(({ name }) => `  ${name}`), ''].join('\n');
  };
  const called = <T>(word: unknown, choices: readonly MenuItem<T>[]) => {
    const choice = choices.find(({ name }) => name.startsWith(`${word}`));
    if (!choice) throw new Error(`there is no choice ${word}`);
    return choice.value;
  };
  return {
    async askNumber(question) {
      show(question);
      const [number] = picks.splice(0, 1);
      return number === undefined ? { kind: 'nobody' } : replyOf(number as number);
    },
    async pick(question, choices) {
      show(question, choices);
      const [word] = picks.splice(0, 1);
      if (word === undefined) return { kind: 'nobody' };
      return word === CTRL_C ? { kind: 'interrupted' } : replyOf(called(word, choices));
    },
    async pickSeveral(question, choices, objection) {
      show(question, choices);
      for (const words of picks.splice(0)) {
        if (words === CTRL_C) return { kind: 'interrupted' };
        const values = [words].flat().map(word => called(word, choices));
        const wrong = objection(values);
        if (wrong === undefined) return replyOf(values);
        output.stderr += `${wrong}\n`;
      }
      return { kind: 'nobody' };
    },
  };
}

export async function slotctl(args: readonly string[], setup: TerminalSetup = {}): Promise<Run> {
  const terminal = fakeTerminal(setup);
  const code = await main(['node', setup.program ?? 'slotctl', ...args], terminal);
  expectContract(args, terminal.output.stdout, false);
  return { code, ...terminal.output };
}

export const BIN = fileURLToPath(new URL('../../bin/slotctl.js', import.meta.url));

export interface ProcessSetup {
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
  /** Left open after that: nothing more comes, and no end either. */
  readonly keepOpen?: boolean;
  readonly bin?: string;
  readonly cwd?: string;
  /** Told of everything that goes to stderr, as it comes. */
  readonly watch?: (child: ChildProcess, text: string) => void;
}

/** The built program, as people start it. */
export function slotctlProcess(
  args: readonly string[],
  { env = {}, input, keepOpen = false, bin = BIN, cwd, watch }: ProcessSetup = {},
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
  // Nobody reads what is piped in once the program is over.
  child.stdin.on('error', () => {});
  if (keepOpen) child.stdin.write(input ?? '');
  else child.stdin.end(input ?? '');
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', code => {
      try {
        expectContract(args, stdout, code === null);
        resolve({ code, stdout, stderr });
      } catch (error) {
        reject(error);
      }
    });
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
  readonly answer?: Typed;
  /** Several, each once its text has come after that of the one before. */
  readonly answers?: readonly Typed[];
}

export interface Typed {
  readonly when: string;
  readonly type: string;
}

/** The same on a pseudo-terminal, which util-linux's script(1) provides. */
export function inTerminal(
  words: readonly string[],
  { columns = 200, env: extra = {}, answer, answers = answer ? [answer] : [] }: Screening = {},
): Promise<Screen> {
  const command = [process.execPath, ...words].map(word => `'${word}'`).join(' ');
  // Whoever runs the tests may have CI set; a person at a terminal has not.
  const { CI: _, ...inherited } = process.env;
  const env = { ...inherited, TERM: 'xterm-256color', NO_COLOR: '', ...extra };
  const child = spawn('script', ['-qefc', `stty cols ${columns} rows 50; ${command}`, '/dev/null'], { env });
  let screen = '';
  let seen = 0;
  const waiting = [...answers];
  child.stdout.on('data', chunk => {
    screen += chunk;
    for (const { when, type } of [...waiting]) {
      const at = screen.indexOf(when, seen);
      if (at === -1) return;
      seen = at + when.length;
      waiting.shift();
      child.stdin.write(type);
    }
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', code => resolve({ code, screen }));
  });
}
