/** A command is a value: the words that go out, and how to read what comes back. */
import { escaped, type Reply } from './reply.ts';
import type { ReplyBounds } from './reply-bounds.ts';

export type Word = string | Buffer;

export interface Command<T> {
  readonly args: readonly Word[];
  readonly decode: (reply: Reply) => T;
  /** Positions in args that must never be shown. */
  readonly secret?: readonly number[];
  /** For commands that may take longer than the connection's reply timeout allows. */
  readonly replyTimeoutMs?: number;
  /** What the reply may be at most, where it is never large. */
  readonly bounds?: ReplyBounds;
  /** An error is a reply like any other, and read by `decode`. */
  readonly takesErrors?: boolean;
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

/** Nearly all commands are plain text, for which characters are bytes. */
function isPlain(word: Word): word is string {
  return typeof word === 'string' && /^[\x20-\x7e]*$/.test(word);
}

/** Commands that go out together are one piece of memory. */
export function encodeCommands(commands: readonly Pick<Command<unknown>, 'args'>[]): Buffer {
  if (commands.every(({ args }) => args.every(isPlain)))
    return Buffer.from(commands.map(({ args }) => plainText(args)).join(''), 'latin1');
  return Buffer.concat(commands.flatMap(({ args }) => pieces(args)));
}

function plainText(args: readonly Word[]): string {
  let text = `*${args.length}\r\n`;
  for (const word of args) text += `$${word.length}\r\n${word}\r\n`;
  return text;
}

/** Copied sooner than joined: a MIGRATE has hundreds of keys. */
const SHORT_BYTES = 256;

/** What is text, or short, between two long words is one piece. */
function pieces(args: readonly Word[]): Buffer[] {
  const all: Buffer[] = [];
  let text = `*${args.length}\r\n`;
  for (const word of args) {
    if (isPlain(word)) {
      text += `$${word.length}\r\n${word}\r\n`;
      continue;
    }
    const bytes = typeof word === 'string' ? Buffer.from(word) : word;
    if (bytes.length <= SHORT_BYTES) {
      text += `$${bytes.length}\r\n${bytes.toString('latin1')}\r\n`;
      continue;
    }
    all.push(Buffer.from(`${text}$${bytes.length}\r\n`, 'latin1'), bytes);
    text = '\r\n';
  }
  return [...all, Buffer.from(text, 'latin1')];
}
