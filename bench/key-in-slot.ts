/** A key for every slot, found by trying. */
import { keySlot } from '../src/topology/key-slot.ts';
import { SLOT_COUNT } from '../src/topology/slot-set.ts';

export function keysBySlot(): string[] {
  const keys: string[] = [];
  for (let i = 0, found = 0; found < SLOT_COUNT; i++) {
    const key = `key${i}`;
    const slot = keySlot(Buffer.from(key));
    if (keys[slot] !== undefined) continue;
    keys[slot] = key;
    found++;
  }
  return keys;
}
