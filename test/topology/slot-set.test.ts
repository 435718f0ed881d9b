import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { InputError } from '../../src/topology/input-error.ts';
import { bySlot, SLOT_COUNT, SlotSet } from '../../src/topology/slot-set.ts';

const anySlot = fc.integer({ min: 0, max: SLOT_COUNT - 1 });
/** Few enough slots that sets meet, at both ends of the numbers and in between. */
const nearby = fc.oneof(
  fc.integer({ min: 0, max: 40 }),
  fc.integer({ min: SLOT_COUNT - 10, max: SLOT_COUNT - 1 }),
  anySlot,
);
const slots = fc.uniqueArray(nearby, { maxLength: 60 });

/** The same set, done without thinking. */
const naive = (set: SlotSet) => new Set<number>(set);
const sorted = (numbers: Iterable<number>) => [...numbers].sort((a, b) => a - b);

describe('a SlotSet', () => {
  test('holds what it was made of, sorted', () => {
    fc.assert(
      fc.property(slots, list => {
        expect([...SlotSet.of(...list)]).toEqual(sorted(list));
      }),
    );
  });

  test('keeps ranges that neither touch nor overlap', () => {
    fc.assert(
      fc.property(slots, list => {
        const { ranges } = SlotSet.of(...list);
        for (let i = 1; i < ranges.length; i++) {
          expect(ranges[i]?.first).toBeGreaterThan((ranges[i - 1]?.last ?? 0) + 1);
        }
      }),
    );
  });

  test('survives being written and read', () => {
    fc.assert(
      fc.property(slots, list => {
        expect(SlotSet.parse(`${SlotSet.of(...list)}`)).toEqual(SlotSet.of(...list));
      }),
    );
  });

  test('counts, finds, unites, subtracts and intersects as plain sets do', () => {
    fc.assert(
      fc.property(slots, slots, anySlot, (left, right, probe) => {
        const [a, b] = [SlotSet.of(...left), SlotSet.of(...right)];
        const [x, y] = [naive(a), naive(b)];
        expect(a.size).toBe(x.size);
        expect(a.has(probe)).toBe(x.has(probe));
        expect([...a.union(b)]).toEqual(sorted(new Set([...x, ...y])));
        expect([...a.without(b)]).toEqual(sorted([...x].filter(s => !y.has(s))));
        expect([...a.intersect(b)]).toEqual(sorted([...x].filter(s => y.has(s))));
        expect(a.equals(b)).toBe(`${a}` === `${b}`);
      }),
    );
  });

  test('takes its lowest slots', () => {
    fc.assert(
      fc.property(slots, fc.nat({ max: 80 }), (list, count) => {
        expect([...SlotSet.of(...list).take(count)]).toEqual(sorted(list).slice(0, count));
      }),
    );
  });

  test('is written as people write it', () => {
    expect(`${SlotSet.of(4000, 0, 1, 2, 3)}`).toBe('0-3,4000');
    expect(`${SlotSet.all}`).toBe('0-16383');
    expect(`${SlotSet.empty}`).toBe('');
    expect(JSON.stringify(SlotSet.of(4000, 0, 1))).toBe('[[0,1],[4000,4000]]');
  });

  test.each(['16384', '-1', '5-3', '1-2-3', 'a', '1,,2', '0x10', '1.5', '99999999999'])(
    'refuses %j',
    text => {
      expect(() => SlotSet.parse(text)).toThrow(InputError);
    },
  );

  test('refuses slots that do not exist', () => {
    expect(() => SlotSet.parse('16384')).toThrow('16384 is not a slot (0 to 16383)');
    expect(() => SlotSet.of(16384)).toThrow(new RangeError('16384 is not a slot (0 to 16383)'));
    expect(() => SlotSet.range(5, 3)).toThrow(RangeError);
  });
});

test('by slot it is known whose each is, of two owners the later one', () => {
  const owners = bySlot([
    ['a', SlotSet.parse('0-2')],
    ['b', SlotSet.parse('2-3')],
    ['nobody', SlotSet.empty],
  ]);
  expect(owners.slice(0, 5)).toEqual(['a', 'a', 'b', 'b', undefined]);
  expect(owners).toHaveLength(SLOT_COUNT);
});

test('a set begins at its lowest slot, an empty one after all others', () => {
  const sets = [SlotSet.empty, SlotSet.parse('7,9'), SlotSet.parse('0-99')];
  expect(sets.map(({ beginning }) => beginning)).toEqual([SLOT_COUNT, 7, 0]);
});
