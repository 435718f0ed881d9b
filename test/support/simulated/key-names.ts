/** Names of keys for given slots. */
import { slotOf } from './dataset.ts';

const tags = new Map<number, string>();
let tried = 0;

export function keyIn(slot: number, number: number): string {
  for (; !tags.has(slot); tried++) {
    const found = slotOf(`${tried}`);
    if (!tags.has(found)) tags.set(found, `${tried}`);
  }
  return `{${tags.get(slot)}}:${number}`;
}

export function keysIn(slots: readonly number[], ofEach: number): string[] {
  return slots.flatMap(slot => Array.from({ length: ofEach }, (_, i) => keyIn(slot, i)));
}
