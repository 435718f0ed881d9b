import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { idealSizes } from '../../../src/plan/slots/ideal-sizes.ts';

const sum = (list: readonly number[]) => list.reduce((all, n) => all + n, 0);

/** Every way to round the quotas that adds up. Whole weights only. */
function roundings(total: number, weights: readonly number[]): number[][] {
  const all = sum(weights);
  const ways = weights.reduce<number[][]>(
    (found, weight) => {
      const low = Math.floor((total * weight) / all);
      const uneven = (total * weight) % all > 0;
      return found.flatMap(sizes => [[...sizes, low], ...(uneven ? [[...sizes, low + 1]] : [])]);
    },
    [[]],
  );
  return ways.filter(sizes => sum(sizes) === total);
}

function moved(present: readonly number[], sizes: readonly number[]): number {
  return sum(present.map((size, i) => Math.max(0, size - (sizes[i] ?? 0))));
}

/** Pairs when givers and takers stand in line, each giver filling up one taker after the other. */
function pairs(present: readonly number[], sizes: readonly number[]): number {
  const changes = present.map((size, i) => size - (sizes[i] ?? 0));
  const giving = changes.filter(n => n > 0);
  const taking = changes.filter(n => n < 0).map(n => -n);
  let count = 0;
  for (let g = giving.shift(), t = taking.shift(); g && t; count++) {
    const exchanged = Math.min(g, t);
    g -= exchanged;
    t -= exchanged;
    if (g === 0) g = giving.shift();
    if (t === 0) t = taking.shift();
  }
  return count;
}

const anyNodes = fc
  .array(fc.record({ size: fc.nat({ max: 30 }), weight: fc.nat({ max: 4 }) }), { minLength: 1, maxLength: 9 })
  .filter(nodes => nodes.some(({ weight }) => weight > 0))
  .map(nodes => ({ present: nodes.map(({ size }) => size), weights: nodes.map(({ weight }) => weight) }));

describe('ideal sizes', () => {
  test.each([
    { present: [16384, 0, 0], weights: [1, 1, 1], sizes: [5462, 5461, 5461] },
    { present: [5461, 5462, 5461], weights: [1, 1, 1], sizes: [5461, 5462, 5461] },
    { present: [8192, 8192, 0], weights: [1, 0, 1], sizes: [8192, 0, 8192] },
    { present: [8192, 8192], weights: [0.5, 1.5], sizes: [4096, 12288] },
    { present: [0, 0], weights: [1, 1], sizes: [0, 0] },
    { present: [], weights: [], sizes: [] },
  ])('of $present with weights $weights are $sizes', ({ present, weights, sizes }) => {
    expect(idealSizes(present, weights)).toEqual(sizes);
  });

  test('are quotas rounded down or up, that move the fewest slots, and of these between the fewest pairs', () => {
    fc.assert(
      fc.property(anyNodes, ({ present, weights }) => {
        const sizes = idealSizes(present, weights);
        const ways = roundings(sum(present), weights);
        expect(ways).toContainEqual(sizes);
        const fewest = Math.min(...ways.map(way => moved(present, way)));
        expect(moved(present, sizes)).toBe(fewest);
        const best = ways.filter(way => moved(present, way) === fewest);
        expect(pairs(present, sizes)).toBe(Math.min(...best.map(way => pairs(present, way))));
      }),
      { numRuns: 500 },
    );
  });

  test('once reached are kept', () => {
    fc.assert(
      fc.property(anyNodes, ({ present, weights }) => {
        const sizes = idealSizes(present, weights);
        expect(idealSizes(sizes, weights)).toEqual(sizes);
      }),
    );
  });

  test('let six nodes fill three more with two gifts each', () => {
    const present = [2731, 2730, 2731, 2731, 2730, 2731, 0, 0, 0];
    const sizes = idealSizes(
      present,
      present.map(() => 1),
    );
    expect(pairs(present, sizes)).toBe(6);
  });
});
