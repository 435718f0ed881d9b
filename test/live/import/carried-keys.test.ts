/** The names of keys that were carried: none counts twice, and where they are too many a share of them is kept. */
import { describe, expect, test } from 'vitest';
import { CarriedKeys } from '../../../src/live/import/carried-keys.ts';

const key = (name: string, database = 0, expiresAtMs = Infinity) => ({ name, database, expiresAtMs });

describe('few', () => {
  test('are all kept, and count once in each database', () => {
    const keys = new CarriedKeys();
    expect([key('a'), key('b'), key('a'), key('a', 3)].map(one => keys.add(one))).toEqual([
      true,
      true,
      false,
      true,
    ]);
    expect(keys.oneOf).toBe(1);
    expect(keys.has(key('a', 3))).toBe(true);
    expect(keys.has(key('b', 3))).toBe(false);
    expect([...keys.all()]).toEqual([key('a'), key('b'), key('a', 3)]);
  });

  test('the time to live is the one that was heard of last', () => {
    const keys = new CarriedKeys();
    keys.add(key('a'));
    keys.add(key('a', 0, 7));
    expect([...keys.all()]).toEqual([key('a', 0, 7)]);
  });
});

describe('many', () => {
  const MOST_BYTES = 100_000;
  const NAMES = Array.from({ length: 20_000 }, (_, i) => `user:${i}`);

  test('a share is kept that fits, and it is about as large as it says', () => {
    const keys = new CarriedKeys(MOST_BYTES);
    for (const name of NAMES) keys.add(key(name));
    expect(keys.oneOf).toBeGreaterThan(8);
    expect(keys.size).toBeLessThan(MOST_BYTES / 96);
    const about = keys.size * keys.oneOf;
    expect(about).toBeGreaterThan(NAMES.length * 0.85);
    expect(about).toBeLessThan(NAMES.length * 1.15);
  });

  test('it is the same share in whatever order they come', () => {
    const [forwards, backwards] = [new CarriedKeys(MOST_BYTES), new CarriedKeys(MOST_BYTES)];
    for (const name of NAMES) forwards.add(key(name));
    for (const name of [...NAMES].reverse()) backwards.add(key(name));
    const namesOf = (keys: CarriedKeys) => [...keys.all()].map(({ name }) => name).sort();
    expect(namesOf(backwards)).toEqual(namesOf(forwards));
  });
});
