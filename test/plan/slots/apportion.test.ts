import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { apportion } from '../../../src/plan/slots/apportion.ts';

/** One by one to whoever is furthest below the quota; whole numbers only, and few of them. */
function naive(total: number, shares: readonly number[]): number[] {
  const sum = shares.reduce((all, share) => all + share, 0);
  const given = shares.map(share => Math.floor((total * share) / sum));
  const rests = shares.map(share => (total * share) % sum);
  for (let left = total - given.reduce((all, n) => all + n, 0); left > 0; left--) {
    const largest = rests.indexOf(Math.max(...rests));
    given[largest] = (given[largest] ?? 0) + 1;
    rests[largest] = -1;
  }
  return given;
}

const anyShares = fc
  .array(fc.nat({ max: 20 }), { minLength: 1, maxLength: 12 })
  .filter(shares => shares.some(share => share > 0));

describe('shares of a total', () => {
  test.each([
    { total: 3, shares: [1, 1, 1, 1], fair: [1, 1, 1, 0] },
    { total: 14, shares: [5, 5, 5, 5], fair: [4, 4, 3, 3] },
    { total: 10, shares: [1, 2, 3], fair: [2, 3, 5] },
    { total: 5, shares: [0, 3, 0, 2], fair: [0, 3, 0, 2] },
    { total: 1, shares: [0, 1e-300], fair: [0, 1] },
    { total: 16384, shares: [0.1, 0.2], fair: [5461, 10923] },
    { total: 3, shares: [1e22, 2e22], fair: [1, 2] },
    { total: 0, shares: [1, 0], fair: [0, 0] },
    { total: 0, shares: [], fair: [] },
    // 0.1 + 0.2 is more than 0.3 in binary, and the first two would get one more than they are due.
    { total: 6, shares: [0.1, 0.2, 0.3], fair: [1, 2, 3] },
  ])('$total among $shares are $fair', ({ total, shares, fair }) => {
    expect(apportion(total, shares)).toEqual(fair);
  });

  test('are those that counting out by hand gives', () => {
    fc.assert(
      fc.property(fc.nat({ max: 20_000 }), anyShares, (total, shares) => {
        expect(apportion(total, shares)).toEqual(naive(total, shares));
      }),
    );
  });

  test('are all there is, and within one of what is due', () => {
    const anyWeight = fc.oneof(fc.nat({ max: 9 }), fc.double({ min: 1e-9, max: 100, noNaN: true }));
    fc.assert(
      fc.property(
        fc.nat({ max: 16384 }),
        fc.array(anyWeight, { minLength: 1, maxLength: 9 }),
        (total, weights) => {
          fc.pre(weights.some(weight => weight > 0));
          const shares = apportion(total, weights);
          expect(shares.reduce((sum, share) => sum + share, 0)).toBe(total);
          const sum = weights.reduce((all, weight) => all + weight, 0);
          for (const [i, share] of shares.entries()) {
            expect(Math.abs(share - ((weights[i] ?? 0) / sum) * total)).toBeLessThan(1 + 1e-6);
            if (weights[i] === 0) expect(share).toBe(0);
          }
        },
      ),
    );
  });

  test('are the same whatever the unit of the weights', () => {
    fc.assert(
      fc.property(
        fc.nat({ max: 16384 }),
        anyShares,
        fc.integer({ min: -12, max: 12 }),
        (total, shares, unit) => {
          const scaled = shares.map(share => Number(`${share}e${unit}`));
          expect(apportion(total, scaled)).toEqual(apportion(total, shares));
        },
      ),
    );
  });

  test.each([
    [1, [0, 0]],
    [1, []],
    [1, [-1, 2]],
    [1, [Number.NaN]],
    [1, [Number.POSITIVE_INFINITY]],
    [0, [-1]],
    [-1, [1]],
    [1.5, [1]],
  ])('there are none of %s among %s', (total, shares) => {
    expect(() => apportion(total, shares)).toThrow(RangeError);
  });
});
