/** Keys by their bytes: what a map by their names would say, whatever the bytes are. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { KeyTable } from '../../../src/live/import/key-table.ts';

const names = fc.uint8Array({ maxLength: 3 }).map(bytes => Buffer.from(bytes));
const text = (key: Buffer) => key.toString('latin1');

describe('a table of keys', () => {
  test('is a map by names', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(names, fc.integer())), fc.array(names), (entries, others) => {
        const [table, map] = [new KeyTable(), new Map<string, number>()];
        for (const [key, value] of entries) {
          expect(table.set(key, value)).toBe(!map.has(text(key)));
          map.set(text(key), value);
        }
        expect([...table.entries()].map(({ key, value }) => [text(key), value])).toEqual([...map]);
        for (const key of others) expect(table.has(key)).toBe(map.has(text(key)));
      }),
    );
  });

  test('grows as it is filled, also where hashes are the same', () => {
    const table = new KeyTable();
    const keys = Array.from({ length: 5000 }, (_, i) => Buffer.from(`key:${i}`));
    for (const [i, key] of keys.entries()) table.set(key, i, i % 7);
    expect(table.size).toBe(keys.length);
    for (const [i, key] of keys.entries()) {
      expect(table.set(key, -i, i % 7)).toBe(false);
      expect(text(table.keyAt(i))).toBe(text(key));
      expect(table.valueAt(i)).toBe(-i);
    }
  });

  test('takes a name that is larger than all of it', () => {
    const table = new KeyTable();
    const long = Buffer.alloc(100_000, 'k');
    expect([table.set(long, Infinity), table.set(Buffer.from('a'), 1), table.set(long, 2)]).toEqual([
      true,
      true,
      false,
    ]);
    expect([...table.entries()].map(({ key, value }) => [key.length, value])).toEqual([
      [100_000, 2],
      [1, 1],
    ]);
  });
});
