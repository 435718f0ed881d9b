/** How many slots are open at a time. */
import { SlotSet } from '../../topology/slot-set.ts';
import type { Passage } from './mover.ts';

/** Slots without keys cost nothing but their commands, and clients do not notice that they are open. */
const EMPTY_SLOTS_AS_ONE = 16;

/** In order; a window is full when its slots with keys are as many as allowed, empty ones counting a sixteenth. */
export function windowsOf({ slots, keys }: Pick<Passage, 'slots' | 'keys'>, most: number): SlotSet[] {
  const windows: SlotSet[] = [];
  let members: number[] = [];
  let weight = 0;
  for (const slot of slots) {
    members.push(slot);
    weight += keys.has(slot) ? 1 : 1 / EMPTY_SLOTS_AS_ONE;
    if (weight >= most) {
      windows.push(SlotSet.of(...members));
      members = [];
      weight = 0;
    }
  }
  return members.length > 0 ? [...windows, SlotSet.of(...members)] : windows;
}
