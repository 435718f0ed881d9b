import { describe, expect, test } from 'vitest';
import { keySlot } from '../../src/topology/key-slot.ts';

describe('the slot of a key', () => {
  // As CLUSTER KEYSLOT answers.
  test.each([
    ['123456789', 12739],
    ['foo', 12182],
    ['', 0],
    ['{user1000}.following', 3443],
    ['{user1000}.followers', 3443],
    ['foo{}{bar}', 8363],
    ['foo{{bar}}zap', 4015],
    ['foo{bar}{zap}', 5061],
  ])('%j', (key, expected) => {
    expect(keySlot(Buffer.from(key))).toBe(expected);
  });
});
