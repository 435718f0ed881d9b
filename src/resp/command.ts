/** A command is a value: the words that go out, and how to read what comes back. */
import { escaped, type Reply } from './reply.ts';

export type Word = string | Buffer;

export interface Command<T> {
  readonly args: readonly Word[];
  readonly decode: (reply: Reply) => T;
  /** Positions in args that must never be shown. */
  readonly secret?: readonly number[];
  /** For commands that may take longer than the connection's reply timeout allows. */
  readonly replyTimeoutMs?: number;
}

const CONTAINERS = new Set(['CLUSTER', 'CONFIG', 'FUNCTION', 'MEMORY', 'ACL', 'CLIENT', 'DEBUG', 'PUBSUB']);

/** What a person calls the command: its name without arguments. */
export function commandName({ args }: Pick<Command<unknown>, 'args'>): string {
  const [first = '', second] = args;
  const name = first.toString().toUpperCase();
  return CONTAINERS.has(name) && second !== undefined ? `${name} ${second.toString().toUpperCase()}` : name;
}

/** The words for people to read: secrets hidden, bytes escaped. */
export function showWords({ args, secret = [] }: Pick<Command<unknown>, 'args' | 'secret'>): string {
  return args.map((word, i) => (secret.includes(i) ? '***' : showWord(word))).join(' ');
}

function showWord(word: Word): string {
  const text = typeof word === 'string' ? word : word.toString('latin1');
  return /^[\x21\x23-\x7e]+$/.test(text) ? text : escaped(text);
}

function isPlain(word: Word): word is string {
  return typeof word === 'string' && /^[\x20-\x7e]*$/.test(word);
}

export function encodeCommand({ args }: Pick<Command<unknown>, 'args'>): Buffer {
  if (args.every(isPlain)) {
    // Nearly all commands are plain text, for which characters are bytes.
    return Buffer.from(
      `*${args.length}\r\n${args.map(word => `$${word.length}\r\n${word}\r\n`).join('')}`,
      'latin1',
    );
  }
  const parts: Buffer[] = [Buffer.from(`*${args.length}\r\n`)];
  for (const arg of args) {
    const bytes = Buffer.isBuffer(arg) ? arg : Buffer.from(arg);
    parts.push(Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from('\r\n'));
  }
  return Buffer.concat(parts);
}
