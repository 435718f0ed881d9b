/**
 * How long something may still take. The due time moves with every reply, thousands of times a second, so it is kept as
 * a number, and one timer rings early rather than often.
 */
export class Deadline {
  readonly #missed: (waitedMs: number) => void;
  #timer: NodeJS.Timeout | undefined;
  #ringsAt = 0;
  #since = 0;
  #due = Number.POSITIVE_INFINITY;

  constructor(missed: (waitedMs: number) => void) {
    this.#missed = missed;
  }

  /** From now on it is waited for the next thing, so long and no longer. */
  start(limitMs: number): void {
    this.#since = performance.now();
    this.#due = this.#since + limitMs;
    if (this.#timer && this.#ringsAt <= this.#due) return;
    this.#setTimer();
  }

  stop(): void {
    this.#due = Number.POSITIVE_INFINITY;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #setTimer(): void {
    clearTimeout(this.#timer);
    this.#ringsAt = this.#due;
    // Timers ring before sockets are read. If it was our own process that stood still, what is waited for is there by
    // now, and is seen before the verdict.
    this.#timer = setTimeout(() => setImmediate(() => this.#ring()), this.#due - performance.now());
  }

  #ring(): void {
    this.#timer = undefined;
    const now = performance.now();
    if (now >= this.#due) this.#missed(now - this.#since);
    else if (this.#due !== Number.POSITIVE_INFINITY) this.#setTimer();
  }
}
