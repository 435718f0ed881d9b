/**
 * How many keys go in one MIGRATE: as many as the servers move in the time for which clients may be held up. Doubled
 * while it takes less than half of that, halved when it takes longer. Our own way to the server and back holds up nobody
 * and is taken off: the shortest that was seen. From far away, batches would shrink to single keys otherwise.
 */

/** However fast they are: a MIGRATE is written, held and read as one command. */
const MOST_KEYS = 4096;

export class BatchSize {
  #keys: number;
  readonly #maxBlockMs: number;
  #roundTripMs: number;

  constructor(firstKeys: number, maxBlockMs: number, roundTripMs: number) {
    this.#keys = Math.min(MOST_KEYS, Math.max(1, firstKeys));
    this.#maxBlockMs = maxBlockMs;
    this.#roundTripMs = roundTripMs;
  }

  get keys(): number {
    return this.#keys;
  }

  /** Only a full batch says that more could go. */
  took(tookMs: number, keys: number): void {
    this.#roundTripMs = Math.min(this.#roundTripMs, tookMs);
    const ms = tookMs - this.#roundTripMs;
    if (ms > this.#maxBlockMs) this.#keys = Math.max(1, Math.min(this.#keys, Math.floor(keys / 2)));
    else if (ms < this.#maxBlockMs / 2 && keys >= this.#keys)
      this.#keys = Math.min(MOST_KEYS, this.#keys * 2);
  }
}
