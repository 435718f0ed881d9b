import { expect, test } from 'vitest';
import { unusedKey } from '../../../src/live/restore/unused-key.ts';
import { keySlot } from '../../../src/topology/key-slot.ts';

test.each([0, 1, 16383])('a name in slot %d, with its beginning', slot => {
  const key = unusedKey(own => own === slot, 'slotctl:');
  expect(key?.toString()).toMatch(/^slotctl:\d+$/);
  expect(key && keySlot(key)).toBe(slot);
});

test('none where no slot is wanted', () => {
  expect(unusedKey(() => false, 'slotctl:')).toBeUndefined();
});
