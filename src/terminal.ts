/**
 * The person at the other end: streams, colour, questions, the spinner. The only file that touches the process's
 * standard streams. Results go to stdout; whatever is only for watching goes to stderr, and only to a terminal.
 */
import process from 'node:process';
import { asAnswer, asQuestion, type Consent, type Input, LineReader, shown } from './line-reader.ts';
import { coloured, type Paint, plain } from './report/paint.ts';

export type { Consent, Input } from './line-reader.ts';

export interface Spinner {
  say(text: string): void;
  stop(): void;
}

export interface Terminal {
  /** Whether somebody watches the results on a screen. */
  readonly interactive: boolean;
  readonly paint: Paint;
  readonly env: Readonly<Record<string, string | undefined>>;
  print(text: string): void;
  /** What is not to be touched, and may be no text. */
  printBytes(bytes: Uint8Array): void;
  /** A sentence for the person that is no result. Without a severity it says neither that anything is wrong nor that it may be. */
  warn(text: string, severity?: 'error' | 'warning'): void;
  /** As it is, to where warnings go. */
  log(text: string): void;
  askSecret(question: string): Promise<string>;
  /** Whether to go on. Where nobody sits at a screen, the next line of standard input is the answer. */
  confirm(question: string): Promise<Consent>;
  /** For questions with a choice of answers, where somebody sits at a screen. */
  readonly dialogue: Dialogue | undefined;
  /**
   * The next line of standard input, for where there is no dialogue. A question is written before it, and the answer
   * after that where nobody has typed it there.
   */
  readLine(question?: string): Promise<Input<string>>;
  /** All of standard input; `nobody` where it does not end. */
  readAll(): Promise<Input<string>>;
  /** Shows that work goes on, once it takes long enough to wonder. Silent where nobody watches. */
  spin(text: string): Spinner;
  /** Replaces the command line in the process list, where a password may stand. */
  hideCommandLine(): void;
  /** Calls back at the first Ctrl-C or SIGTERM, and at the next one if asked to. Returns how to stop listening. */
  onInterrupt(callback: InterruptListener): () => void;
}

export type InterruptListener = () => 'listen-on' | undefined;

export interface Dialogue {
  askNumber(question: string, least: number, most: number): Promise<Input<number>>;
  pick<T>(question: string, choices: readonly MenuItem<T>[]): Promise<Input<T>>;
  /** `objection` says what is wrong with what is picked, if anything is. */
  pickSeveral<T>(
    question: string,
    choices: readonly MenuItem<T>[],
    objection: (picked: readonly T[]) => string | undefined,
  ): Promise<Input<readonly T[]>>;
}

export interface MenuItem<T> {
  readonly value: T;
  readonly name: string;
  /** What stands there once it is picked. */
  readonly short: string;
}

/** Ctrl-C in the middle of a question. */
export class QuestionAbandonedError extends Error {}

/** Choices that are shown at a time. */
const PAGE_SIZE = 12;

const NO_SPINNER: Spinner = { say() {}, stop() {} };

/** Anything faster than this is done before a spinner can be read. */
const SPIN_AFTER_MS = 200;

export function systemTerminal(): Terminal {
  const { stdin, stdout, stderr, env } = process;
  stdout.on('error', error => {
    if (isLost(error)) stderr.write(`slotctl: the output could not be written: ${error.message}\n`);
  });
  stderr.on('error', isLost);
  const paint = (stream: NodeJS.WriteStream) => (wantsColour(stream, env) ? coloured : plain);
  const lines = new LineReader(stdin, onInterrupt);
  const dialogue = stdin.isTTY && stderr.isTTY && env['TERM'] !== 'dumb' ? DIALOGUE : undefined;
  return {
    interactive: stdout.isTTY === true,
    paint: paint(stdout),
    env,
    print: text => void stdout.write(text),
    printBytes: bytes => void stdout.write(bytes),
    warn: text => void stderr.write(`${paint(stderr).warning(text)}\n`),
    log: text => void stderr.write(text),
    dialogue,
    async askSecret(question) {
      const reply = stdin.isTTY
        ? await ask<string>({ type: 'password', message: question })
        : await lines.next();
      if (reply.kind === 'interrupted') throw new QuestionAbandonedError();
      return reply.kind === 'given' ? reply.value : '';
    },
    async confirm(question) {
      const message = asQuestion(question);
      if (dialogue) return asAnswer(await ask<string>({ type: 'input', message }), 'person');
      if (stdin.isTTY && stdout.isTTY) stdout.write(`${message} `);
      const reply = await lines.next();
      const blank = reply.kind === 'given' && reply.value.trim() === '';
      return blank && !stdin.isTTY ? 'nobody' : asAnswer(reply, stdin.isTTY ? 'person' : 'program');
    },
    async readLine(question) {
      // Whoever sees the question may press Ctrl-C: it must be listened for by then.
      const next = lines.next();
      if (question !== undefined) stdout.write(question);
      const reply = await next;
      const answer = reply.kind === 'given' ? shown(reply.value) : '';
      if (question !== undefined && !stdin.isTTY) stdout.write(`${answer}\n`);
      return reply.kind === 'given' ? { kind: 'given', value: answer } : reply;
    },
    readAll: () => lines.rest(),
    spin: text => (showsMovement(stderr, env) ? new DelayedSpinner(text) : NO_SPINNER),
    hideCommandLine() {
      process.title = 'slotctl';
    },
    onInterrupt,
  };
}

function onInterrupt(callback: InterruptListener): () => void {
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  const stop = () => {
    for (const signal of signals) process.removeListener(signal, listener);
  };
  // Whoever presses it once too often ends the process.
  const listener = () => {
    if (callback() !== 'listen-on') stop();
  };
  for (const signal of signals) process.on(signal, listener);
  return stop;
}

/** A closed pipe (`slotctl check … | head -1`) ends the output, not the work; a full disk fails it. */
function isLost(error: NodeJS.ErrnoException): boolean {
  if (error.code === 'EPIPE') return false;
  process.once('exit', code => {
    if (code === 0) process.exitCode = 1;
  });
  return true;
}

/**
 * ora never ends on a terminal that says it has no columns, as one without a window behind it does; where CI is set it
 * would print every text as a line instead.
 */
function showsMovement(stream: NodeJS.WriteStream, env: NodeJS.ProcessEnv): boolean {
  return stream.isTTY === true && stream.columns > 0 && env['TERM'] !== 'dumb' && env['CI'] === undefined;
}

function wantsColour(stream: NodeJS.WriteStream, env: NodeJS.ProcessEnv): boolean {
  if (env['NO_COLOR']) return false;
  if (env['FORCE_COLOR']) return env['FORCE_COLOR'] !== '0';
  return stream.isTTY === true && env['TERM'] !== 'dumb';
}

const DIALOGUE: Dialogue = {
  askNumber: (message, min, max) => ask({ type: 'number', message, min, max, required: true }),
  pick: (message, choices) => ask({ type: 'select', message, choices, pageSize: PAGE_SIZE, loop: false }),
  pickSeveral: (message, choices, objection) => {
    const validate = (picked: typeof choices) => objection(picked.map(({ value }) => value)) ?? true;
    return ask({ type: 'checkbox', message, choices, validate, pageSize: PAGE_SIZE, loop: false });
  },
};

async function ask<T>(question: {
  type: string;
  message: string;
  [setting: string]: unknown;
}): Promise<Input<T>> {
  const { default: inquirer } = await import('inquirer');
  const abort = new AbortController();
  const prompt = inquirer.createPromptModule({ output: process.stderr, signal: abort.signal });
  // Ctrl-D closes the input, and inquirer would wait on.
  const onPause = () => void setImmediate(() => abort.abort());
  process.stdin.once('pause', onPause);
  try {
    const { answer } = await prompt<{ answer: T }>([{ ...question, name: 'answer' }]);
    return { kind: 'given', value: answer };
  } catch (error) {
    // inquirer's own classes are not exported by the version that runs on Node 20.
    if (!(error instanceof Error)) throw error;
    if (error.name === 'ExitPromptError') return { kind: 'interrupted' };
    if (error.name === 'AbortPromptError') return { kind: 'nobody' };
    throw error;
  } finally {
    process.stdin.removeListener('pause', onPause);
  }
}

/** Loads ora only when the work turns out to take a while. */
class DelayedSpinner implements Spinner {
  #text: string;
  #stopped = false;
  #drawn: { text: string; stop(): unknown } | undefined;
  readonly #timer: NodeJS.Timeout;

  constructor(text: string) {
    this.#text = text;
    this.#timer = setTimeout(() => void this.#draw(), SPIN_AFTER_MS);
  }

  say(text: string): void {
    this.#text = text;
    if (this.#drawn) this.#drawn.text = text;
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#drawn?.stop();
  }

  async #draw(): Promise<void> {
    const { default: ora } = await import('ora');
    if (this.#stopped) return;
    this.#drawn = ora({ text: this.#text, stream: process.stderr, discardStdin: false }).start();
  }
}
