/** Commands that are to go out, in one packet for each turn of the event loop. */
import { type Command, encodeCommands } from './command.ts';

export class Outbox {
  #pieces: Buffer[] = [];
  #commands = 0;

  /** Returns whether it was empty before. */
  add(commands: readonly Command<unknown>[]): boolean {
    this.#commands += commands.length;
    return this.#pieces.push(encodeCommands(commands)) === 1;
  }

  /** All there is, which then is no longer here; undefined where there is nothing. */
  empty(): { readonly bytes: Buffer; readonly commands: number } | undefined {
    // A single one may be hundreds of megabytes, and is not copied.
    const [only, second] = this.#pieces;
    if (!only) return undefined;
    const all = { bytes: second ? Buffer.concat(this.#pieces) : only, commands: this.#commands };
    this.#pieces = [];
    this.#commands = 0;
    return all;
  }
}
