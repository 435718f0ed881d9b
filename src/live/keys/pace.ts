/** Keeps a move from being in the way of clients: so many keys or bytes in a second, and a rest when servers are slow. */

export interface PaceLimits {
  readonly maxKeysPerSecond?: number;
  readonly maxBytesPerSecond?: number;
  /** A PING at source or target that takes longer makes the move rest. */
  readonly pauseAboveMs?: number;
}

/** Memory of the source by its keys. */
interface KeySize {
  readonly averageBytes: number;
}

/** Until the server is asked again whether it is still slow. */
const REST_MS = 50;
/** How long a server may stay slow before the move goes on all the same: it is not us then. */
const LONGEST_REST_MS = 10_000;

export interface Clock {
  readonly nowMs: () => number;
  sleep(ms: number): Promise<unknown>;
}

/** One for all moves of a plan, since the limits are for all of them together. */
export class Pace {
  readonly #limits: PaceLimits;
  readonly #clock: Clock;
  /** When what has gone so far would have gone at the speed allowed. */
  #freeAt = 0;

  constructor(limits: PaceLimits, clock: Clock) {
    this.#limits = limits;
    this.#clock = clock;
  }

  get isLimited(): boolean {
    const { maxKeysPerSecond, maxBytesPerSecond, pauseAboveMs } = this.#limits;
    return (maxKeysPerSecond ?? maxBytesPerSecond ?? pauseAboveMs) !== undefined;
  }

  /**
   * Keys that may go in one batch: what is allowed in a second. A larger one would be a burst, and then a rest of minutes
   * with slots open.
   */
  mostAtOnce({ averageBytes }: KeySize): number {
    const { maxKeysPerSecond = Infinity, maxBytesPerSecond = Infinity } = this.#limits;
    return Math.max(1, Math.floor(Math.min(maxKeysPerSecond, maxBytesPerSecond / Math.max(1, averageBytes))));
  }

  /** To be asked before so many keys go; `knock` comes back when both ends have answered. */
  async before(keys: number, { averageBytes }: KeySize, knock: () => Promise<unknown>): Promise<void> {
    if (!this.isLimited) return;
    await this.#rest(knock);
    const now = this.#clock.nowMs();
    const startAt = Math.max(now, this.#freeAt);
    this.#freeAt = startAt + this.#durationMs(keys, keys * averageBytes);
    if (startAt > now) await this.#clock.sleep(startAt - now);
  }

  #durationMs(keys: number, bytes: number): number {
    const { maxKeysPerSecond = Infinity, maxBytesPerSecond = Infinity } = this.#limits;
    return 1000 * Math.max(keys / maxKeysPerSecond, bytes / maxBytesPerSecond);
  }

  async #rest(knock: () => Promise<unknown>): Promise<void> {
    const { pauseAboveMs } = this.#limits;
    if (pauseAboveMs === undefined) return;
    const { nowMs } = this.#clock;
    const deadline = nowMs() + LONGEST_REST_MS;
    for (;;) {
      const knockedAt = nowMs();
      await knock();
      if (nowMs() - knockedAt <= pauseAboveMs || nowMs() >= deadline) return;
      await this.#clock.sleep(REST_MS);
    }
  }
}
