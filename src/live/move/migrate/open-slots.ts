/** Slots that are open, for the lanes to take: whoever comes too early waits until there is one. */
import type { Slot } from '../../../topology/slot-set.ts';

export interface Supplied {
  readonly slot: Slot;
  /** To be called when its keys have gone. */
  done(): void;
}

type Taker = (supplied: Supplied | undefined) => void;

export class Supply {
  #ready: Supplied[] = [];
  #takers: Taker[] = [];
  #isClosed = false;

  /** Resolves when all of them are done. */
  add(slots: readonly Slot[]): Promise<void> {
    let left = slots.length;
    if (left === 0) return Promise.resolve();
    return new Promise(resolve => {
      const done = () => {
        left -= 1;
        if (left === 0) resolve();
      };
      for (const slot of slots) this.#offer({ slot, done });
    });
  }

  take(): Promise<Supplied | undefined> {
    const supplied = this.#ready.shift();
    if (supplied || this.#isClosed) return Promise.resolve(supplied);
    return new Promise(resolve => this.#takers.push(resolve));
  }

  /** Nothing more comes. */
  close(): void {
    this.#isClosed = true;
    for (const taker of this.#takers) taker(undefined);
    this.#takers = [];
  }

  /** What nobody has taken yet is not to be taken any more. */
  drop(): void {
    this.#ready = [];
    this.close();
  }

  #offer(supplied: Supplied): void {
    const taker = this.#takers.shift();
    if (taker) taker(supplied);
    else this.#ready.push(supplied);
  }
}
