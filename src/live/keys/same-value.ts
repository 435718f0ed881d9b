/**
 * Whether two servers hold the same value, when what they would save of it differs: that depends on the version, on the
 * order in which a hash or a set was filled, and on how it is packed. Read piece by piece, so that the size of a value
 * does not matter. What cannot be compared (values of modules, entries of streams that wait for an answer) counts as
 * different: then nothing is overwritten.
 */
import type { Command } from '../../resp/command.ts';
import type { Key } from '../../resp/commands/slots.ts';
import {
  fieldDeadlines,
  fieldValues,
  hashPart,
  hasMembers,
  isValueType,
  lastStreamId,
  listPart,
  type Scanned,
  setPart,
  sizeOf,
  sortedPart,
  streamGroups,
  streamPart,
  stringPart,
  typeOf,
  type ValueType,
} from '../../resp/commands/values.ts';
import { isRefused } from '../../resp/errors.ts';
import type { Reply } from '../../resp/reply.ts';
import type { Line } from './asking-first.ts';
import { sameTtl } from './saved-value.ts';

/** One of the two servers, as far as this key is concerned. */
export type ValueAt = Pick<Line, 'send'>;

/** What is held of either value. */
const BYTES_AT_A_TIME = 4 * 1024 * 1024;
const ELEMENTS_AT_A_TIME = 500;

/** `name`: what the other one calls the key. */
export async function sameValue(key: Key, own: ValueAt, second: ValueAt, name = key): Promise<boolean> {
  // Whoever compares calls the key by one name.
  const other: ValueAt = {
    send: command =>
      second.send({ ...command, args: command.args.map(word => (word === key ? name : word)) }),
  };
  const [type, otherType] = await both(own, other, typeOf(key));
  if (type !== otherType || !isValueType(type)) return false;
  const [size, otherSize] = await both(own, other, sizeOf(key, type));
  return size === otherSize && COMPARISONS[type](key, own, other, size);
}

type Comparison = (key: Key, own: ValueAt, other: ValueAt, size: number) => Promise<boolean>;

/** All are told of values of one size, so whatever one has and the other has too makes them the same. */
const COMPARISONS: Readonly<Record<ValueType, Comparison>> = {
  string: partByPart(BYTES_AT_A_TIME, stringPart, (a, b) => a.equals(b)),
  list: partByPart(ELEMENTS_AT_A_TIME, listPart, (a, b) => alike(a, b, (x, y) => x.equals(y))),
  zset: partByPart(ELEMENTS_AT_A_TIME, sortedPart, (a, b) =>
    alike(a, b, (x, y) => x.score === y.score && x.member.equals(y.member)),
  ),
  set: byScan(setPart, async (key, members, _own, other) =>
    (await other.send(hasMembers(key, members))).every(Boolean),
  ),
  hash: byScan(hashPart, async (key, found, own, other) => {
    const fields = found.map(([field]) => field);
    const values = await other.send(fieldValues(key, fields));
    if (!found.every(([, value], i) => values[i]?.equals(value))) return false;
    const [deadlines, others] = await Promise.all([own, other].map(end => deadlinesOf(key, fields, end)));
    return alike(deadlines ?? [], others ?? [], sameDeadline);
  }),
  stream: sameStream,
};

async function both<T>(own: ValueAt, other: ValueAt, command: Command<T>): Promise<[T, T]> {
  return Promise.all([own.send(command), other.send(command)]);
}

function partByPart<T>(
  atATime: number,
  part: (key: Key, first: number, last: number) => Command<T>,
  same: (a: T, b: T) => boolean,
): Comparison {
  return async (key, own, other, size) => {
    for (let first = 0; first < size; first += atATime) {
      const [mine, theirs] = await both(own, other, part(key, first, first + atATime - 1));
      if (!same(mine, theirs)) return false;
    }
    return true;
  };
}

function byScan<T>(
  part: (key: Key, cursor: string, count: number) => Command<Scanned<T>>,
  isThere: (key: Key, items: readonly T[], own: ValueAt, other: ValueAt) => Promise<boolean>,
): Comparison {
  return async (key, own, other) => {
    let cursor = '0';
    do {
      const found = await own.send(part(key, cursor, ELEMENTS_AT_A_TIME));
      if (found.items.length > 0 && !(await isThere(key, found.items, own, other))) return false;
      cursor = found.cursor;
    } while (cursor !== '0');
    return true;
  };
}

function alike<T>(a: readonly T[], b: readonly T[], same: (x: T, y: T) => boolean): boolean {
  return (
    a.length === b.length &&
    a.every((x, i) => {
      const y = b[i];
      return y !== undefined && same(x, y);
    })
  );
}

/** Where the server does not know that fields can expire, they stay. */
async function deadlinesOf(key: Key, fields: readonly Buffer[], end: ValueAt): Promise<number[]> {
  try {
    return await end.send(fieldDeadlines(key, fields));
  } catch (error) {
    if (isRefused(error, 'unknown-command')) return fields.map(() => -1);
    throw error;
  }
}

function sameDeadline(a: number, b: number): boolean {
  return a < 0 || b < 0 ? a === b : sameTtl(a, b);
}

async function sameStream(key: Key, own: ValueAt, other: ValueAt): Promise<boolean> {
  const [id, otherId] = await both(own, other, lastStreamId(key));
  const [groups, otherGroups] = await both(own, other, streamGroups(key));
  if (id !== otherId || [...groups, ...otherGroups].some(({ pending }) => pending > 0)) return false;
  if (!alike(groups, otherGroups, (a, b) => a.name.equals(b.name) && a.state === b.state)) return false;
  for (let from: string | undefined = '-'; from !== undefined; ) {
    const [mine, theirs]: [Entries, Entries] = await both(
      own,
      other,
      streamPart(key, from, ELEMENTS_AT_A_TIME),
    );
    if (!alike(mine.entries, theirs.entries, sameReply)) return false;
    from = mine.lastId === undefined ? undefined : `(${mine.lastId}`;
  }
  return true;
}

type Entries = Awaited<ReturnType<ReturnType<typeof streamPart>['decode']>>;

function sameReply(a: Reply, b: Reply): boolean {
  if (Buffer.isBuffer(a)) return Buffer.isBuffer(b) && a.equals(b);
  if (!Array.isArray(a) || !Array.isArray(b)) return a === b;
  return alike(a as readonly Reply[], b as readonly Reply[], sameReply);
}
