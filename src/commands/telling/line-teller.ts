/** Tells what goes on line by line: in words, or as one object of JSON per line, of which the last is the end. */
import { type Context, EXIT, type ExitCode } from '../context.ts';
import { explainFailure } from './failures.ts';

const FORMAT_VERSION = 1;

export class LineTeller {
  readonly #command: string;
  readonly #json: boolean;
  readonly #context: Context;
  #failed = false;

  constructor(command: string, json: boolean, context: Context) {
    this.#command = command;
    this.#json = json;
    this.#context = context;
  }

  /** Whether anything went wrong so far. */
  get failed(): boolean {
    return this.#failed;
  }

  /** What has no object is only for people, and what has no text only for programs. */
  say(text: string, object?: object): void {
    if (!this.#json) this.#context.terminal.print(text);
    else if (object) this.#print(object);
  }

  /** Among the results: scripts look for it there. */
  note(text: string): void {
    const { terminal } = this.#context;
    if (this.#json) this.#print({ event: 'note', text });
    else terminal.print(`${terminal.paint.warning(text)}\n`);
  }

  /** Without a text it only counts, where it has been said often enough. */
  problem(text: string, object: object = { event: 'problem', text }): void {
    this.#failed = true;
    if (this.#json) this.#print(object);
    else if (text !== '') this.#context.terminal.warn(text);
  }

  end(code: ExitCode, text: string): ExitCode {
    const { terminal } = this.#context;
    if (this.#json) this.#print({ event: 'end', command: this.#command, code, text });
    else if (code === EXIT.done) terminal.print(`${terminal.paint.good(text)}\n`);
    else terminal.warn(text);
    return code;
  }

  /** A program that reads the lines is told of the end whatever it is. */
  async toItsEnd(work: () => Promise<ExitCode>): Promise<ExitCode> {
    try {
      return await work();
    } catch (error) {
      const { code, text = '' } = explainFailure(error);
      if (this.#json) this.end(code, text);
      throw error;
    }
  }

  #print(object: object): void {
    this.#context.terminal.print(`${JSON.stringify({ version: FORMAT_VERSION, ...object })}\n`);
  }
}
