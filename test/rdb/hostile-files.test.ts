/** Files that nobody's server writes: each is refused with a sentence, and costs no more memory than it has bytes. */
import { describe, expect, test } from 'vitest';
import { DumpInspection } from '../../src/live/backup/inspect-dump.ts';
import { HarmfulRdbError, RdbFormatError } from '../../src/rdb/format-error.ts';
import { RdbWalker } from '../../src/rdb/walker.ts';
import {
  inDatabase,
  key,
  length,
  library,
  packed,
  packedRun,
  rdbFile,
  slotImport,
  slotSize,
  text,
} from '../support/rdb-file.ts';

const PIECE = 256 * 1024;

function walk(file: Buffer): string[] {
  const libraries: string[] = [];
  const walker = new RdbWalker({
    entry() {},
    functionLibrary: code => libraries.push(`${code.length}`),
  });
  for (let at = 0; at < file.length; at += PIECE) walker.push(file.subarray(at, at + PIECE));
  walker.end();
  return libraries;
}

const VALKEY = 'VALKEY080';
const megabytes = (n: number) => n * 1024 * 1024;

describe('is refused', () => {
  test.each([
    ['a slot size of slot 16384', rdbFile([slotSize(16_384)]), /slot 16384, which does not exist/],
    ['one of slot 2^40', rdbFile([slotSize(2 ** 40)]), /does not exist/],
    ['a slot import of slot 16384', rdbFile([slotImport([0, 16_384])], VALKEY), /slot 16384/],
    ['one of a range that ends before it begins', rdbFile([slotImport([9, 8])], VALKEY), /slots 9 to 8/],
    [
      'one of 2^32 ranges',
      rdbFile([Buffer.concat([Buffer.from([243]), text('j'), length(2 ** 32)])], VALKEY),
      /4294967296 ranges/,
    ],
  ])('and not kept: %s', (_, file, message) => {
    expect(() => walk(file)).toThrow(HarmfulRdbError);
    expect(() => walk(file)).toThrow(message);
    const inspection = new DumpInspection();
    expect(() => inspection.push(file)).toThrow(message);
  });

  test.each([
    [
      '5000 databases',
      rdbFile(Array.from({ length: 5000 }, (_, i) => Buffer.concat([inDatabase(i), key('k', 'v')]))),
      /more than 4096 databases/,
    ],
    [
      'a library of 512 MB that is not there',
      rdbFile([library(length(megabytes(512)))]),
      /a function library of 536870912/,
    ],
    [
      'one that unpacks to 40 MB',
      rdbFile([library(packedRun('x', 160_000))]),
      /a function library of 42240001/,
    ],
    [
      'ten that unpack to 8 MB each',
      rdbFile(Array.from({ length: 10 }, () => library(packedRun('x', 32_000)))),
      /function libraries of more than 67108864/,
    ],
    [
      'a key that claims more than it can unpack to',
      rdbFile([Buffer.concat([Buffer.from([0]), packed(Buffer.from([0, 0x78]), megabytes(500)), text('v')])]),
      /2 bytes that claim to be 524288000/,
    ],
    [
      'a key of 2^40 bytes',
      rdbFile([Buffer.concat([Buffer.from([0]), length(2 ** 40)])]),
      /a key of 1099511627776/,
    ],
  ])('%s', (_, file, message) => {
    const before = process.memoryUsage().arrayBuffers;
    expect(() => walk(file)).toThrow(RdbFormatError);
    expect(() => walk(file)).toThrow(message);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(megabytes(200));
  });
});

test('the last slot, and a library that was packed, are none of that', () => {
  expect(walk(rdbFile([slotSize(16_383), library(packedRun('x', 100))]))).toEqual(['26401']);
  expect(walk(rdbFile([slotImport([0, 16_383])], VALKEY))).toEqual([]);
});

test('a value larger than what is asked for is passed over, and the next one is told', () => {
  const told: string[] = [];
  const sizes: number[] = [];
  const walker = new RdbWalker({
    mostValueBytes: 1000,
    entry: ({ key: name }) => told.push(name.toString()),
    key: ({ bytes }) => sizes.push(bytes),
  });
  const file = rdbFile([key('large', 'x'.repeat(5000)), key('small', 'x')]);
  for (let at = 0; at < file.length; at += 700) walker.push(file.subarray(at, at + 700));
  walker.end();
  expect(told).toEqual(['small']);
  expect(sizes).toEqual([5008, 8]);
});
