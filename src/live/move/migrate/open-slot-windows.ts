/** How many slots are open at a time. */
import { SlotSet } from '../../../topology/slot-set.ts';
import type { CountedPassage } from '../mover.ts';

/** A slot counts as one from here on: the longer its keys take, the longer clients have to do with an open slot. */
const KEYS_OF_A_FULL_SLOT = 64;
/** One without keys costs its commands only. */
const LEAST_WEIGHT = 1 / 16;

/** In order; a window is full when its slots, by the keys in them, weigh as much as allowed. */
export function windowsOf({ slots, keys }: Pick<CountedPassage, 'slots' | 'keys'>, most: number): SlotSet[] {
  const windows: SlotSet[] = [];
  let members: number[] = [];
  let weight = 0;
  for (const slot of slots) {
    members.push(slot);
    weight += Math.min(1, Math.max(LEAST_WEIGHT, (keys.get(slot) ?? 0) / KEYS_OF_A_FULL_SLOT));
    if (weight < most) continue;
    windows.push(SlotSet.of(...members));
    members = [];
    weight = 0;
  }
  return members.length > 0 ? [...windows, SlotSet.of(...members)] : windows;
}
