/** Names of keys that nobody else uses, in slots that are wanted. */
import { keySlot } from '../../topology/key-slot.ts';
import { SLOT_COUNT } from '../../topology/slot-set.ts';

/** A single slot is found by so many tries, as good as always. */
const MOST_TRIES = 64 * SLOT_COUNT;

export function unusedKey(isWanted: (slot: number) => boolean, prefix: string): Buffer | undefined {
  for (let i = 0; i < MOST_TRIES; i++) {
    const key = Buffer.from(`${prefix}${i}`);
    if (isWanted(keySlot(key))) return key;
  }
  return undefined;
}
