/**
 * The person at the other end: streams, colour, questions, the spinner. The only file that touches the process's
 * standard streams. Results go to stdout; whatever is only for watching goes to stderr, and only to a terminal.
 */
import process from 'node:process';
import { coloured, type Paint, plain } from './report/paint.ts';

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
  /** A sentence for the person that is no result. */
  warn(text: string): void;
  /** As it is, to where warnings go. */
  log(text: string): void;
  askSecret(question: string): Promise<string>;
  /** Whether to go on. Where nobody can be asked, the first line of standard input is the answer. */
  confirm(question: string): Promise<Answer>;
  /** Shows that work goes on, once it takes long enough to wonder. Silent where nobody watches. */
  spin(text: string): Spinner;
  /** Replaces the command line in the process list, where a password may stand. */
  hideCommandLine(): void;
  /** Calls back at the first Ctrl-C or SIGTERM, and at the next one if asked to. Returns how to stop listening. */
  onInterrupt(callback: InterruptListener): () => void;
}

export type InterruptListener = () => 'listen-on' | undefined;

/** `nobody`: there is no terminal, and nothing was piped. */
export type Answer = 'yes' | 'no' | 'nobody' | 'interrupted';

/** Ctrl-C in the middle of a question. */
export class QuestionAbandonedError extends Error {}

const PIPED_PASSWORD_WITHIN_MS = 60_000;

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
  return {
    interactive: stdout.isTTY === true,
    paint: paint(stdout),
    env,
    print: text => void stdout.write(text),
    warn: text => void stderr.write(`${paint(stderr).warning(text)}\n`),
    log: text => void stderr.write(text),
    askSecret: question => askSecret(question, stdin),
    confirm: question => confirm(`${question} (type 'yes' to accept):`, stdin),
    spin: text => (showsMovement(stderr, env) ? new DelayedSpinner(text) : NO_SPINNER),
    hideCommandLine() {
      process.title = 'slotctl';
    },
    onInterrupt(callback) {
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
    },
  };
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

async function askSecret(question: string, stdin: NodeJS.ReadStream): Promise<string> {
  return stdin.isTTY ? ask('password', question) : firstLine(stdin);
}

/** Only the whole word counts: an accident is easily typed. */
async function confirm(question: string, stdin: NodeJS.ReadStream): Promise<Answer> {
  let answer: string;
  try {
    answer = (stdin.isTTY ? await ask('input', question) : await firstLine(stdin)).trim().toLowerCase();
  } catch (error) {
    if (error instanceof QuestionAbandonedError) return 'interrupted';
    throw error;
  }
  if (answer === 'yes') return 'yes';
  return answer === '' && !stdin.isTTY ? 'nobody' : 'no';
}

async function ask(type: 'password' | 'input', message: string): Promise<string> {
  const { default: inquirer } = await import('inquirer');
  const prompt = inquirer.createPromptModule({ output: process.stderr });
  try {
    const { answer } = await prompt<{ answer: string }>([{ type, name: 'answer', message }]);
    return answer;
  } catch (error) {
    // inquirer's own class is not exported by the version that runs on Node 20.
    throw error instanceof Error && error.name === 'ExitPromptError' ? new QuestionAbandonedError() : error;
  }
}

async function firstLine(input: NodeJS.ReadStream): Promise<string> {
  let text = '';
  // Whoever pipes a password has it at hand; a pipe that stays silent must not hold up a cron job for ever.
  const impatience = setTimeout(() => input.destroy(), PIPED_PASSWORD_WITHIN_MS);
  try {
    for await (const chunk of input.setEncoding('utf8')) {
      text += chunk;
      if (text.includes('\n')) break;
    }
  } catch (error) {
    // Destroyed by ourselves: there is no line, and who asked will say so.
    if (!(error instanceof Error && 'code' in error && error.code === 'ERR_STREAM_PREMATURE_CLOSE'))
      throw error;
  } finally {
    clearTimeout(impatience);
  }
  return text.split(/\r?\n/, 1)[0] ?? '';
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
