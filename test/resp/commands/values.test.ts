/** Values piece by piece: the words on the wire, and what comes back. */
import { describe, expect, test } from 'vitest';
import { type Command, showWords } from '../../../src/resp/command.ts';
import {
  fieldDeadlines,
  fieldValues,
  hashPart,
  hasMembers,
  isValueType,
  lastStreamId,
  listPart,
  setPart,
  sizeOf,
  sortedPart,
  streamGroups,
  streamPart,
  stringPart,
  typeOf,
} from '../../../src/resp/commands/values.ts';

const key = Buffer.from('k');
const [a, b] = [Buffer.from('a'), Buffer.from('b')];

describe('the words', () => {
  test.each<[Command<unknown>, string]>([
    [typeOf(key), 'TYPE k'],
    [sizeOf(key, 'string'), 'STRLEN k'],
    [sizeOf(key, 'stream'), 'XLEN k'],
    [stringPart(key, 0, 99), 'GETRANGE k 0 99'],
    [listPart(key, 0, 99), 'LRANGE k 0 99'],
    [sortedPart(key, 0, 99), 'ZRANGE k 0 99 WITHSCORES'],
    [setPart(key, '7', 500), 'SSCAN k 7 COUNT 500'],
    [hashPart(key, '7', 500), 'HSCAN k 7 COUNT 500'],
    [hasMembers(key, [a, b]), 'SMISMEMBER k a b'],
    [fieldValues(key, [a, b]), 'HMGET k a b'],
    [fieldDeadlines(key, [a, b]), 'HPEXPIRETIME k FIELDS 2 a b'],
    [streamPart(key, '-', 500), 'XRANGE k - + COUNT 500'],
    [lastStreamId(key), 'XINFO STREAM k'],
    [streamGroups(key), 'XINFO GROUPS k'],
  ])('%#', (command, words) => {
    expect(showWords(command)).toBe(words);
  });
});

const bytes = (...texts: string[]) => texts.map(text => Buffer.from(text));

describe('the replies', () => {
  test('scores are numbers, however the server writes them', () => {
    const { decode } = sortedPart(key, 0, 1);
    expect(decode(bytes('a', '0.10000000000000001', 'b', 'inf', 'a', '-inf'))).toEqual([
      { member: a, score: 0.1 },
      { member: b, score: Number.POSITIVE_INFINITY },
      { member: a, score: Number.NEGATIVE_INFINITY },
    ]);
    expect(() => decode(bytes('a', 'much'))).toThrow('no number');
  });

  test('a piece says where the next one begins', () => {
    const [zero = a] = bytes('0');
    expect(setPart(key, '0', 1).decode([zero, [a, b]])).toEqual({ cursor: '0', items: [a, b] });
    expect(hashPart(key, '0', 1).decode([zero, [a, b]])).toEqual({ cursor: '0', items: [[a, b]] });
    const entry = [Buffer.from('1-1'), [a, b]];
    expect(streamPart(key, '-', 1).decode([entry])).toEqual({ entries: [entry], lastId: '1-1' });
    expect(streamPart(key, '-', 1).decode([])).toEqual({ entries: [], lastId: undefined });
  });

  test('members and fields that are not there', () => {
    expect(hasMembers(key, [a, b]).decode([1, 0])).toEqual([true, false]);
    expect(fieldValues(key, [a, b]).decode([a, null])).toEqual([a, undefined]);
  });

  test('a group of a stream', () => {
    const [name = a, pending = a, consumers = a, last = a, id = a] = bytes(
      'name',
      'pending',
      'consumers',
      'last-delivered-id',
      '1-1',
    );
    const group = [name, a, consumers, 2, pending, 0, last, id];
    expect(streamGroups(key).decode([group])).toEqual([{ name: a, pending: 0, state: '0 2 1-1' }]);
    expect(() => streamGroups(key).decode([[name, a]])).toThrow('no pending in it');
  });

  test('a type is one of ours, and not a property of every object', () => {
    expect(['string', 'stream', 'constructor', 'toString', '__proto__', 'none'].map(isValueType)).toEqual([
      true,
      true,
      false,
      false,
      false,
      false,
    ]);
  });
});
