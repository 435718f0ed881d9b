/** Which slots are open at the same time. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { windowsOf } from '../../../../src/live/move/migrate/open-slot-windows.ts';
import { SlotSet, slot } from '../../../../src/topology/slot-set.ts';

const counted = (...keys: readonly number[]) => ({
  slots: SlotSet.range(0, keys.length - 1),
  keys: new Map(keys.flatMap((count, i) => (count > 0 ? [[slot(i), count] as const] : []))),
});

test.each([
  ['slots with many keys count as one each', counted(64, 1000, 65, 64), 2, ['0-1', '2-3']],
  ['with half as many keys, twice as many slots', counted(32, 32, 32, 32), 1, ['0-1', '2-3']],
  ['what is left is a window of its own', counted(64, 64, 64), 2, ['0-1', '2']],
  ['sixteen empty ones are one full one', counted(...new Array<number>(17).fill(0)), 1, ['0-15', '16']],
])('%s', (_, passage, most, windows) => {
  expect(windowsOf(passage, most).map(String)).toEqual(windows);
});

test('every slot is in one of them, in order', () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat({ max: 100 }), { minLength: 1 }),
      fc.integer({ min: 1, max: 20 }),
      (keys, most) => {
        const passage = counted(...keys);
        expect(windowsOf(passage, most).flatMap(window => [...window])).toEqual([...passage.slots]);
      },
    ),
  );
});

test('nothing to move, nothing to open', () => {
  expect(windowsOf({ slots: SlotSet.empty, keys: new Map() }, 4)).toEqual([]);
});
