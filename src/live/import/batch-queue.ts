/** Keys that are ready to be sent: some, so that nobody waits, and not too many, so that memory stays small. */
import type { Key } from '../../resp/commands/slots.ts';

export interface Parcel {
  readonly keys: readonly Key[];
  /** Of a big key, which goes alone. */
  readonly bytes?: number;
}

const MOST_WAITING = 2;

export class Parcels {
  #ready: Parcel[] = [];
  #takers: ((parcel: Parcel | undefined) => void)[] = [];
  #givers: (() => void)[] = [];
  #isClosed = false;

  /** Waits for room. False once nobody takes any more. */
  async give(parcel: Parcel): Promise<boolean> {
    while (this.#ready.length >= MOST_WAITING && !this.#isClosed)
      await new Promise<void>(resolve => this.#givers.push(resolve));
    if (this.#isClosed) return false;
    const taker = this.#takers.shift();
    if (taker) taker(parcel);
    else this.#ready.push(parcel);
    return true;
  }

  /** Undefined when no more come. */
  take(): Promise<Parcel | undefined> {
    const parcel = this.#ready.shift();
    this.#givers.shift()?.();
    if (parcel || this.#isClosed) return Promise.resolve(parcel);
    return new Promise(resolve => this.#takers.push(resolve));
  }

  /** Nothing more comes. */
  close(): void {
    this.#isClosed = true;
    for (const taker of this.#takers.splice(0)) taker(undefined);
    for (const giver of this.#givers.splice(0)) giver();
  }

  /** What nobody has taken yet is not to be taken any more. */
  drop(): void {
    this.#ready = [];
    this.close();
  }
}
