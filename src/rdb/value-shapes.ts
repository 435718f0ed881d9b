/**
 * Of what the values of each type are made, as far as it takes to find where one ends. What the parts mean is the
 * business of the server that loads them.
 */
import type { ByteFeed, RdbReading } from './byte-feed.ts';
import { RdbFormatError } from './format-error.ts';
import { skipString } from './strings.ts';

type Part =
  | { readonly kind: 'string' | 'number' | 'score' | 'module' }
  | { readonly kind: 'bytes'; readonly count: number }
  /** A count, and then all of these so many times. */
  | { readonly kind: 'times'; readonly parts: readonly Part[] };

const STRING: Part = { kind: 'string' };
const NUMBER: Part = { kind: 'number' };
/** A number as text, with its length in one byte; as servers before 4.0 wrote it. */
const SCORE: Part = { kind: 'score' };
const MODULE: Part = { kind: 'module' };
const bytes = (count: number): Part => ({ kind: 'bytes', count });
const times = (...parts: readonly Part[]): Part => ({ kind: 'times', parts });

/** A moment, or a number of eight bytes. */
const EIGHT = bytes(8);
const RAW_STREAM_ID = bytes(16);
const STREAM_ID = [NUMBER, NUMBER];

function stream(edition: 1 | 2 | 3 | 4): readonly Part[] {
  const since = (first: number, ...parts: readonly Part[]) => (edition >= first ? parts : []);
  const pending = times(RAW_STREAM_ID, EIGHT, NUMBER);
  const consumers = times(STRING, EIGHT, ...since(3, EIGHT), times(RAW_STREAM_ID));
  return [
    times(STRING, STRING),
    NUMBER,
    ...STREAM_ID,
    // The first id, the greatest deleted one, and how many entries there ever were.
    ...since(2, ...STREAM_ID, ...STREAM_ID, NUMBER),
    times(STRING, ...STREAM_ID, ...since(2, NUMBER), pending, consumers),
    // For how long and of how many entries the ids of producers are remembered (Redis 8.6), and those ids.
    ...since(4, NUMBER, NUMBER, times(STRING, times(STRING, ...STREAM_ID)), NUMBER, NUMBER),
  ];
}

/** Types of which each value is one string: strings; zipmap, ziplists, intset; listpacks. */
const ONE_STRING = new Set([0, 9, 10, 11, 12, 13, 16, 17, 20, 23]);

/** All others. */
const SHAPES: Readonly<Record<number, readonly Part[]>> = {
  1: [times(STRING)],
  2: [times(STRING)],
  3: [times(STRING, SCORE)],
  4: [times(STRING, STRING)],
  5: [times(STRING, EIGHT)],
  7: [NUMBER, MODULE],
  14: [times(STRING)],
  15: stream(1),
  18: [times(NUMBER, STRING)],
  19: stream(2),
  21: stream(3),
  // Hashes of which fields expire, of Redis 7.4: before its release, and since then with the first moment in front.
  22: [times(NUMBER, STRING, STRING)],
  24: [EIGHT, times(NUMBER, STRING, STRING)],
  25: [EIGHT, STRING],
  26: stream(4),
};

/** The one number that the two products use for different things: a hash of which fields expire, of Valkey 9. */
const VALKEY_HASH = 22;
const VALKEY_HASH_SHAPE = [times(STRING, STRING, EIGHT)];

export type Maker = 'redis' | 'valkey';

/** False, and nothing is skipped, unless all of it is there and it is one string, as most values are. */
export function skipValueNow(feed: ByteFeed, type: number): boolean {
  return ONE_STRING.has(type) && feed.skipStringNow();
}

/** Skips the value, of which the type was just read. */
export function* skipValue(feed: ByteFeed, type: number, maker: Maker): RdbReading<void> {
  if (ONE_STRING.has(type)) return yield* skipString(feed);
  const shape = maker === 'valkey' && type === VALKEY_HASH ? VALKEY_HASH_SHAPE : SHAPES[type];
  if (!shape) throw new RdbFormatError(`a value of type ${type}, which is not known here`);
  yield* skipParts(feed, shape);
}

function* skipParts(feed: ByteFeed, parts: readonly Part[]): RdbReading<void> {
  for (const part of parts) {
    switch (part.kind) {
      case 'string':
        if (!feed.skipStringNow()) yield* skipString(feed);
        break;
      case 'bytes':
        if (!feed.skipNow(part.count)) yield* feed.skip(part.count);
        break;
      case 'number':
        yield* feed.number();
        break;
      case 'times':
        for (let left = yield* feed.count(); left > 0; left--) yield* skipParts(feed, part.parts);
        break;
      case 'score':
        yield* skipScore(feed);
        break;
      case 'module':
        yield* skipModuleWords(feed);
        break;
    }
  }
}

/** The last three lengths stand for infinities and for what is no number. */
const LONGEST_SCORE = 252;

function* skipScore(feed: ByteFeed): RdbReading<void> {
  const length = yield* feed.byte();
  if (length <= LONGEST_SCORE) yield* feed.skip(length);
}

/** What a module has written, piece by piece, each with its kind in front, until the kind that says it is all. */
export function* skipModuleWords(feed: ByteFeed): RdbReading<void> {
  for (;;) {
    const kind = yield* feed.number();
    switch (kind) {
      case 0:
        return;
      case 1:
      case 2:
        yield* feed.number();
        break;
      case 3:
        yield* feed.skip(4);
        break;
      case 4:
        yield* feed.skip(8);
        break;
      case 5:
        yield* skipString(feed);
        break;
      default:
        throw new RdbFormatError(`a piece of kind ${kind} in the value of a module`);
    }
  }
}
