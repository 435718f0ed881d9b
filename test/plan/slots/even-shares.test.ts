import { describe, expect, test } from 'vitest';
import { equalShares } from '../../../src/plan/slots/even-shares.ts';
import { SLOT_COUNT } from '../../../src/topology/slot-set.ts';

describe('equal shares of the slots', () => {
  test('for three primaries are those that everybody knows', () => {
    expect(equalShares(3).map(String)).toEqual(['0-5460', '5461-10922', '10923-16383']);
  });

  test('for any number of primaries are ranges without gaps, in order, and differ by one slot at most', () => {
    for (let count = 1; count <= 1000; count++) {
      const shares = equalShares(count);
      const borders = shares.flatMap(({ ranges }) => ranges.map(({ first, last }) => [first, last + 1]));
      const starts = borders.map(([start]) => start);
      const ends = borders.map(([, end]) => end);
      expect(borders).toHaveLength(count);
      expect(starts).toEqual([0, ...ends.slice(0, -1)]);
      expect(ends.at(-1)).toBe(SLOT_COUNT);
      const sizes = shares.map(share => share.size);
      expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
    }
  });

  test.each([0, -1, 1.5, 1001, Number.NaN])('cannot be made for %d primaries', count => {
    expect(() => equalShares(count)).toThrow(RangeError);
  });
});
