/** The names of keys that were carried: none counts twice, and where they are too many a share of them is kept. */
import { describe, expect, test } from 'vitest';
import { CarriedKeys } from '../../../src/live/import/carried-keys.ts';
import { ENTRY_BYTES } from '../../../src/live/import/key-table.ts';

const key = (name: string, database = 0, expiresAtMs = Infinity) => ({
  name: Buffer.from(name),
  database,
  expiresAtMs,
});

type Named = ReturnType<typeof key>;

function add(keys: CarriedKeys, { name, database, expiresAtMs }: Named): boolean {
  return keys.add(name, database, expiresAtMs);
}

describe('few', () => {
  test('are all kept, and count once in each database', () => {
    const keys = new CarriedKeys();
    expect([key('a'), key('b'), key('a'), key('a', 3)].map(one => add(keys, one))).toEqual([
      true,
      true,
      false,
      true,
    ]);
    expect(keys.oneOf).toBe(1);
    expect(keys.has(Buffer.from('a'), 3)).toBe(true);
    expect(keys.has(Buffer.from('b'), 3)).toBe(false);
    expect([...keys.all()]).toEqual([key('a'), key('b'), key('a', 3)]);
  });

  test('the time to live is the one that was heard of last', () => {
    const keys = new CarriedKeys();
    add(keys, key('a'));
    add(keys, key('a', 0, 7));
    expect([...keys.all()]).toEqual([key('a', 0, 7)]);
  });
});

describe('many', () => {
  const MOST_BYTES = 40_000;
  const NAMES = Array.from({ length: 20_000 }, (_, i) => `user:${i}`);

  test('a share is kept that fits, and it is about as large as it says', () => {
    const keys = new CarriedKeys(MOST_BYTES);
    for (const name of NAMES) add(keys, key(name));
    expect(keys.oneOf).toBeGreaterThan(8);
    expect(keys.size).toBeLessThan(MOST_BYTES / ENTRY_BYTES);
    const about = keys.size * keys.oneOf;
    expect(about).toBeGreaterThan(NAMES.length * 0.85);
    expect(about).toBeLessThan(NAMES.length * 1.15);
  });

  test('it is the same share in whatever order they come', () => {
    const [forwards, backwards] = [new CarriedKeys(MOST_BYTES), new CarriedKeys(MOST_BYTES)];
    for (const name of NAMES) add(forwards, key(name));
    for (const name of [...NAMES].reverse()) add(backwards, key(name));
    const namesOf = (keys: CarriedKeys) => [...keys.all()].map(({ name }) => `${name}`).sort();
    expect(namesOf(backwards)).toEqual(namesOf(forwards));
  });
});
