import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fragmentsOf, takeForTarget } from '../../../src/plan/slots/choose-slots.ts';
import { SLOT_COUNT, SlotSet } from '../../../src/topology/slot-set.ts';

function take(slots: string, count: number, target = '', likely = ''): string {
  return `${takeForTarget(SlotSet.parse(slots), count, SlotSet.parse(target), SlotSet.parse(likely))}`;
}

describe('slots for another node', () => {
  test.each([
    { why: 'a whole range that fits', slots: '0-99,200-249,300-399', count: 50, taken: '200-249' },
    {
      why: 'the longest ranges, and so the fewest',
      slots: '0-9,20-29,40-59,80-99',
      count: 20,
      taken: '40-59',
    },
    { why: 'ranges that add up', slots: '0-6,10-14,20-22,30-49', count: 10, taken: '0-6,20-22' },
    {
      why: 'what touches the target, although it has to be cut',
      slots: '0-9,50-99',
      count: 9,
      target: '100-199',
      taken: '91-99',
    },
    { why: 'the upper end beside the target', slots: '0-99', count: 10, target: '100-199', taken: '90-99' },
    { why: 'the lower end otherwise', slots: '0-99', count: 10, target: '200-299', taken: '0-9' },
    {
      why: 'the end where the target may come to be',
      slots: '0-99',
      count: 10,
      likely: '100-199',
      taken: '90-99',
    },
    {
      why: 'the gap between two ranges of the target',
      slots: '10-19,30-39,50-59',
      count: 10,
      target: '20-29,40-49',
      taken: '30-39',
    },
    {
      why: 'all ranges but one, and of that the rest',
      slots: '0-99,200-299',
      count: 150,
      taken: '0-49,200-299',
    },
    { why: 'everything', slots: '0-9,20-29', count: 20, taken: '0-9,20-29' },
    { why: 'nothing', slots: '0-9', count: 0, taken: '' },
  ])('are $why', ({ slots, count, target, likely, taken }) => {
    expect(take(slots, count, target, likely)).toBe(taken);
  });

  test('cannot be chosen with fewer fragments', () => {
    fc.assert(
      fc.property(anyOwners(14), fc.nat({ max: 14 }), (owners, wish) => {
        const [source, target] = [owned(owners, 0), owned(owners, 1)];
        const count = Math.min(wish, source.size);
        const taken = takeForTarget(source, count, target);
        expect(taken.size).toBe(count);
        expect(taken.without(source).size).toBe(0);
        const left = subsets([...source], count).map(subset =>
          fragmentsLeft(source, target, SlotSet.of(...subset)),
        );
        expect(fragmentsLeft(source, target, taken)).toBe(Math.min(...left));
      }),
      { numRuns: 400 },
    );
  });

  test('come from one cut at most', () => {
    fc.assert(
      fc.property(anyOwners(60), fc.nat({ max: 60 }), (owners, wish) => {
        const source = owned(owners, 0);
        const taken = takeForTarget(source, Math.min(wish, source.size), owned(owners, 1));
        const cut = source.ranges.filter(({ first, last }) => taken.has(first) !== taken.has(last));
        expect(cut.length).toBeLessThanOrEqual(1);
        expect(taken.ranges.length).toBeLessThanOrEqual(source.ranges.length);
      }),
    );
  });

  test('are found, however the map is shredded', () => {
    const odd = SlotSet.of(...Array.from({ length: SLOT_COUNT / 2 }, (_, i) => 2 * i + 1));
    const grown = SlotSet.fromRanges(odd.ranges.filter((_, i) => i % 7 > 0));
    expect(takeForTarget(odd, 4001, SlotSet.all.without(odd)).size).toBe(4001);
    expect(takeForTarget(SlotSet.all.without(grown), 7777, grown).size).toBe(7777);
  });
});

/** Fragments of both. */
function fragmentsLeft(source: SlotSet, target: SlotSet, taken: SlotSet): number {
  return fragmentsOf([source.without(taken), target.union(taken)]);
}

function anyOwners(slots: number): fc.Arbitrary<readonly number[]> {
  return fc.array(fc.nat({ max: 2 }), { minLength: slots, maxLength: slots });
}

function owned(owners: readonly number[], owner: number): SlotSet {
  return SlotSet.of(...owners.flatMap((o, s) => (o === owner ? [s] : [])));
}

function subsets(list: readonly number[], size: number): number[][] {
  if (size === 0) return [[]];
  return list.flatMap((first, i) => subsets(list.slice(i + 1), size - 1).map(rest => [first, ...rest]));
}
