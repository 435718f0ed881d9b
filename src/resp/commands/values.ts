/** The commands by which a value is read piece by piece, whatever its type, so that two can be compared. */
import type { Command } from '../command.ts';
import { asArray, asBytes, asInteger, asText, fieldOf, type Reply, ReplyShapeError } from '../reply.ts';
import type { Key } from './slots.ts';

export type ValueType = 'string' | 'list' | 'set' | 'zset' | 'hash' | 'stream';

const SIZE_COMMANDS: Readonly<Record<ValueType, string>> = {
  string: 'STRLEN',
  list: 'LLEN',
  set: 'SCARD',
  zset: 'ZCARD',
  hash: 'HLEN',
  stream: 'XLEN',
};

export function isValueType(type: string): type is ValueType {
  return Object.hasOwn(SIZE_COMMANDS, type);
}

/** `none` where there is no such key; modules have types of their own. */
export function typeOf(key: Key): Command<string> {
  return { args: ['TYPE', key], decode: asText };
}

/** Bytes of a string, elements of anything else. */
export function sizeOf(key: Key, type: ValueType): Command<number> {
  return { args: [SIZE_COMMANDS[type], key], decode: asInteger };
}

export function stringPart(key: Key, first: number, last: number): Command<Buffer> {
  return { args: ['GETRANGE', key, `${first}`, `${last}`], decode: asBytes };
}

export function listPart(key: Key, first: number, last: number): Command<Buffer[]> {
  return { args: ['LRANGE', key, `${first}`, `${last}`], decode: asAllBytes };
}

export interface Scored {
  readonly member: Buffer;
  readonly score: number;
}

/** By score, and by bytes where scores are equal, which is the same order on every server. */
export function sortedPart(key: Key, first: number, last: number): Command<Scored[]> {
  return {
    args: ['ZRANGE', key, `${first}`, `${last}`, 'WITHSCORES'],
    decode: reply => pairs(asAllBytes(reply)).map(([member, score]) => ({ member, score: readScore(score) })),
  };
}

/** Some versions write 0.1 and others 0.10000000000000001, so scores are compared as numbers. */
function readScore(bytes: Buffer): number {
  const text = bytes.toString('latin1');
  if (/^[-+]?inf$/i.test(text)) return text.startsWith('-') ? -Infinity : Infinity;
  const score = Number(text);
  if (Number.isNaN(score)) throw new ReplyShapeError('a score that is no number');
  return score;
}

export interface Scanned<T> {
  /** '0' when all has been seen. */
  readonly cursor: string;
  readonly items: readonly T[];
}

export function setPart(key: Key, cursor: string, count: number): Command<Scanned<Buffer>> {
  return { args: ['SSCAN', key, cursor, 'COUNT', `${count}`], decode: reply => scanned(reply, asAllBytes) };
}

export function hashPart(
  key: Key,
  cursor: string,
  count: number,
): Command<Scanned<readonly [field: Buffer, value: Buffer]>> {
  return {
    args: ['HSCAN', key, cursor, 'COUNT', `${count}`],
    decode: reply => scanned(reply, items => pairs(asAllBytes(items))),
  };
}

function scanned<T>(reply: Reply, read: (items: Reply) => readonly T[]): Scanned<T> {
  const [cursor = null, items = null] = asArray(reply);
  return { cursor: asText(cursor), items: read(items) };
}

export function hasMembers(key: Key, members: readonly Buffer[]): Command<boolean[]> {
  return {
    args: ['SMISMEMBER', key, ...members],
    decode: reply => asArray(reply).map(found => asInteger(found) === 1),
  };
}

export function fieldValues(key: Key, fields: readonly Buffer[]): Command<(Buffer | undefined)[]> {
  return {
    args: ['HMGET', key, ...fields],
    decode: reply => asArray(reply).map(value => (value === null ? undefined : asBytes(value))),
  };
}

/** Until when fields live, in milliseconds since 1970; negative for those that stay (Redis 7.4, Valkey 9.0). */
export function fieldDeadlines(key: Key, fields: readonly Buffer[]): Command<number[]> {
  return {
    args: ['HPEXPIRETIME', key, 'FIELDS', `${fields.length}`, ...fields],
    decode: reply => asArray(reply).map(asInteger),
  };
}

/** `[id, [field, value, …]]` each, from an id on; `-` from the beginning, `(id` after that one. */
export function streamPart(
  key: Key,
  from: string,
  count: number,
): Command<{ readonly entries: readonly Reply[]; readonly lastId: string | undefined }> {
  return {
    args: ['XRANGE', key, from, '+', 'COUNT', `${count}`],
    decode: reply => {
      const entries = asArray(reply);
      const last = entries.at(-1);
      return { entries, lastId: last === undefined ? undefined : asText(asArray(last)[0] ?? null) };
    },
  };
}

export interface StreamGroup {
  readonly name: Buffer;
  readonly pending: number;
  /** All that is to be compared, in one piece. */
  readonly state: string;
}

export function lastStreamId(key: Key): Command<string> {
  return { args: ['XINFO', 'STREAM', key], decode: reply => asText(fieldOf(reply, 'last-generated-id')) };
}

export function streamGroups(key: Key): Command<StreamGroup[]> {
  return {
    args: ['XINFO', 'GROUPS', key],
    decode: reply =>
      asArray(reply).map(group => {
        const pending = asInteger(fieldOf(group, 'pending'));
        const consumers = asInteger(fieldOf(group, 'consumers'));
        const last = asText(fieldOf(group, 'last-delivered-id'));
        return { name: asBytes(fieldOf(group, 'name')), pending, state: `${pending} ${consumers} ${last}` };
      }),
  };
}

function asAllBytes(reply: Reply): Buffer[] {
  return asArray(reply).map(asBytes);
}

function pairs(flat: readonly Buffer[]): [Buffer, Buffer][] {
  const found: [Buffer, Buffer][] = [];
  for (let i = 0; i + 1 < flat.length; i += 2) {
    const [first, second] = [flat[i], flat[i + 1]];
    if (first && second) found.push([first, second]);
  }
  return found;
}
