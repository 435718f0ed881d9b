/**
 * A stream line by line, for whoever asks next. What follows a line is kept: all answers may come in one write. Between
 * questions nothing is read, so that a pipe that stays open does not keep the process alive.
 */

/** `nobody`: the stream is at its end, or silent. */
export type Input<T> =
  | { readonly kind: 'given'; readonly value: T }
  | { readonly kind: 'nobody' }
  | { readonly kind: 'interrupted' };

/** Whoever pipes an answer has it at hand; a pipe that stays silent must not hold up a cron job for ever. */
const PIPED_LINE_WITHIN_MS = 60_000;

/** Nobody means as much as this for an answer. */
const LONGEST_LINE = 65_536;

/** Nor as this for a word of a command line. */
const MOST_TEXT = 16 * 1024 * 1024;

/** Characters that are shown of an answer; no id and no address is longer. */
const LONGEST_ANSWER = 300;

export class LineReader {
  readonly #input: NodeJS.ReadStream;
  readonly #onInterrupt: (callback: () => undefined) => () => void;
  #text = '';
  #ended = false;
  #wake = () => {};

  constructor(input: NodeJS.ReadStream, onInterrupt: (callback: () => undefined) => () => void) {
    this.#input = input;
    this.#onInterrupt = onInterrupt;
    for (const event of ['end', 'error', 'close']) input.on(event, () => this.#end());
  }

  async next(): Promise<Input<string>> {
    const heard = await this.#until(() => this.#text.includes('\n'), LONGEST_LINE);
    return heard === 'interrupted' ? { kind: 'interrupted' } : this.#take();
  }

  /** All that is left; `nobody` where it is too much, or does not end. */
  async rest(): Promise<Input<string>> {
    const heard = await this.#until(() => false, MOST_TEXT);
    const text = this.#text;
    this.#text = '';
    if (heard === 'interrupted') return { kind: 'interrupted' };
    return heard === 'end' ? { kind: 'given', value: text } : { kind: 'nobody' };
  }

  async #until(
    isEnough: () => boolean,
    most: number,
  ): Promise<'enough' | 'end' | 'given-up' | 'interrupted'> {
    const input = this.#input;
    let interrupted = false;
    let givenUp = false;
    const forget = this.#onInterrupt(() => {
      interrupted = true;
      this.#wake();
    });
    const giveUp = () => {
      givenUp = true;
      this.#end();
    };
    // Somebody who types may think.
    const impatience = input.isTTY ? undefined : setTimeout(giveUp, PIPED_LINE_WITHIN_MS);
    try {
      while (!interrupted && !this.#ended && !isEnough()) {
        await this.#more();
        if (this.#text.length > most && !isEnough()) {
          this.#text = '';
          giveUp();
        }
      }
    } finally {
      clearTimeout(impatience);
      forget();
    }
    if (interrupted) return 'interrupted';
    return givenUp ? 'given-up' : isEnough() ? 'enough' : 'end';
  }

  /** Until there is more text, or reason not to wait for it. */
  async #more(): Promise<void> {
    const input = this.#input;
    // Set anew it would forget the first half of a character.
    if (!input.readableEncoding) input.setEncoding('utf8');
    const take = (chunk: string) => {
      this.#text += chunk;
      this.#wake();
    };
    const news = new Promise<void>(resolve => {
      this.#wake = resolve;
    });
    input.on('data', take).resume();
    await news;
    input.removeListener('data', take).pause();
  }

  #take(): Input<string> {
    if (this.#text === '') return { kind: 'nobody' };
    const end = this.#text.indexOf('\n');
    const line = end === -1 ? this.#text : this.#text.slice(0, end);
    this.#text = end === -1 ? '' : this.#text.slice(end + 1);
    return { kind: 'given', value: line.replace(/\r$/, '') };
  }

  #end(): void {
    this.#ended = true;
    this.#input.destroy();
    this.#wake();
  }
}

/** An answer as it can be repeated on a screen. */
export function shown(line: string): string {
  return line.slice(0, LONGEST_ANSWER).replace(/[\p{Cc}\p{Cf}]/gu, '?');
}

/** `nobody`: there is no terminal, and nothing was piped, or no more. */
export type Consent = 'yes' | 'no' | 'nobody' | 'interrupted';

/** What is to be typed stands in the question. */
export function asQuestion(question: string): string {
  return question.endsWith('(yes/no)?') ? question : `${question} (type 'yes' to accept):`;
}

/** Only the whole word counts: an accident is easily typed. What comes from a program is that word and nothing else. */
export function asAnswer(reply: Input<string>, by: 'person' | 'program'): Consent {
  if (reply.kind !== 'given') return reply.kind;
  const word = by === 'person' ? reply.value.trim().toLowerCase() : reply.value;
  return word === 'yes' ? 'yes' : 'no';
}
