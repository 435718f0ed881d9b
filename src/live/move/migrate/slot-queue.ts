/** Slots that are open, for the lanes to take: whoever comes too early waits until there is one. */
import type { Slot } from '../../../topology/slot-set.ts';
import { Queue } from '../../keys/queue.ts';

export interface OpenSlot {
  readonly slot: Slot;
  /** To be called when its keys have gone. */
  done(): void;
}

export class SlotQueue extends Queue<OpenSlot> {
  /** Resolves when all of them are done. */
  add(slots: readonly Slot[]): Promise<void> {
    let left = slots.length;
    if (left === 0) return Promise.resolve();
    return new Promise(resolve => {
      const done = () => {
        left -= 1;
        if (left === 0) resolve();
      };
      for (const slot of slots) this.give({ slot, done });
    });
  }
}
