/** Replies as they come off the wire, and the few questions that decoders ask of them. Strings are bytes. */
import { scrubbed } from './credentials.ts';

/** An error inside a reply, as in the answer to EXEC. At the top it becomes an exception. */
export class ErrorReply {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

export type Reply = Buffer | number | null | ErrorReply | readonly Reply[];

/** Thrown by decoders; the connection adds node and command. */
export class ReplyShapeError extends Error {}

export function asText(reply: Reply): string {
  return asBytes(reply).toString('utf8');
}

export function asBytes(reply: Reply): Buffer {
  if (!Buffer.isBuffer(reply)) throw new ReplyShapeError(`expected a string, got ${describeReply(reply)}`);
  return reply;
}

export function asInteger(reply: Reply): number {
  if (typeof reply !== 'number' || !Number.isSafeInteger(reply)) {
    throw new ReplyShapeError(`expected an integer, got ${describeReply(reply)}`);
  }
  return reply;
}

export function asArray(reply: Reply): readonly Reply[] {
  if (!Array.isArray(reply)) throw new ReplyShapeError(`expected an array, got ${describeReply(reply)}`);
  return reply as readonly Reply[];
}

/** Out of `[name, value, …]`. */
export function fieldOf(reply: Reply, name: string): Reply {
  const words = asArray(reply);
  const at = words.findIndex((word, i) => i % 2 === 0 && asText(word) === name);
  if (at === -1) throw new ReplyShapeError(`no ${name} in it`);
  return words[at + 1] ?? null;
}

export const asOk = exactly('OK');
export const asQueued = exactly('QUEUED');

function exactly(expected: string): (reply: Reply) => void {
  return reply => {
    const text = asText(reply);
    if (text !== expected) throw new ReplyShapeError(`expected ${expected}, got '${excerpt(text)}'`);
  };
}

/** Enough to know it again, and a sentence around it is still one line. */
const EXCERPT_LENGTH = 60;

/**
 * A piece of text that a server sent, short, in plain characters, and without passwords: what cannot turn a terminal upside
 * down. What is cut off may be the rest of a password, so those go first.
 */
export function excerpt(text: string, longest = EXCERPT_LENGTH): string {
  const plain = scrubbed(text)
    .replace(/[^\x20-\x7e]+/g, ' ')
    .trim();
  return plain.length > longest ? `${plain.slice(0, longest)}…` : plain;
}

/** In quotation marks, and with everything escaped that is not a plain character. */
export function escaped(text: string): string {
  return JSON.stringify(text).replace(
    /[^\x20-\x7e]/g,
    c => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

export function describeReply(reply: Reply): string {
  if (reply === null) return 'nothing (nil)';
  if (typeof reply === 'number') return `the integer ${reply}`;
  if (Buffer.isBuffer(reply)) return `'${excerpt(reply.toString('utf8'))}'`;
  if (reply instanceof ErrorReply) return `the error '${excerpt(reply.text)}'`;
  return `an array of ${(reply as readonly Reply[]).length}`;
}
