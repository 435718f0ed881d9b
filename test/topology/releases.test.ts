import { describe, expect, test } from 'vitest';
import { isSince, type Since, SLOT_STATS } from '../../src/topology/releases.ts';
import type { Product } from '../../src/topology/server-facts.ts';

const server = (product: Product, major: number, minor: number) => ({ product, release: { major, minor } });

describe('what a server can do by its release', () => {
  const cases: readonly [Product, number, number, Since, boolean][] = [
    ['redis', 8, 1, SLOT_STATS, false],
    ['redis', 8, 2, SLOT_STATS, true],
    ['redis', 9, 0, SLOT_STATS, true],
    ['redis', 7, 4, SLOT_STATS, false],
    ['valkey', 7, 2, SLOT_STATS, false],
    ['valkey', 8, 0, SLOT_STATS, true],
    // As numbers 8.10 would come before 8.2.
    ['redis', 8, 10, SLOT_STATS, true],
    ['redis', 8, 6, { valkey: [8, 0] }, false],
    // Whose version could not be read.
    ['redis', 0, 0, { redis: [5, 0] }, false],
  ];
  test.each(cases)('%s %d.%d, %o: %s', (product, major, minor, since, expected) => {
    expect(isSince(server(product, major, minor), since)).toBe(expected);
  });
});
