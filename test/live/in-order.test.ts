import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { inOrder } from '../../src/live/in-order.ts';

/** Work that is through when the test says so. */
function gates(count: number) {
  const open: (() => void)[] = [];
  const waits = Array.from({ length: count }, () => new Promise<void>(resolve => open.push(resolve)));
  return { open, waits };
}

describe('work for many at the same time', () => {
  test('is told in their order, whoever is through first, and never more than so many at a time', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 5 }),
        fc.array(fc.integer({ min: 0, max: 100 }), { maxLength: 12 }),
        async (most, priorities) => {
          const { open, waits } = gates(priorities.length);
          const underWay = new Set<number>();
          let told = 0;
          const work = async (i: number) => {
            underWay.add(i);
            expect(underWay.size).toBeLessThanOrEqual(most);
            await waits[i];
            return i;
          };
          const items = priorities.map((_, i) => i);
          const results = inOrder(items, most, work);
          for (const i of [...items].sort((a, b) => (priorities[a] ?? 0) - (priorities[b] ?? 0))) open[i]?.();
          for await (const result of results) {
            expect(result).toBe(told++);
            underWay.delete(result);
          }
          expect(told).toBe(items.length);
        },
      ),
      { numRuns: 50 },
    );
  });

  test('the first failure is the end', async () => {
    const results = inOrder([1, 2, 3], 3, async i => {
      if (i > 1) throw new Error(`${i}`);
      return i;
    });
    expect(await results.next()).toEqual({ value: 1, done: false });
    await expect(results.next()).rejects.toThrow('2');
    expect(await results.next()).toEqual({ value: undefined, done: true });
  });
});
