/**
 * Time that passes only when nobody is busy: whoever sleeps is woken as soon as all others wait, so that waits
 * of minutes take no time, and the same run comes out the same each time. One for each test file; what src/ knows as
 * node:timers/promises is replaced by it there.
 */

interface Sleeper {
  readonly wakeAtMs: number;
  readonly wake: () => void;
}

export class SimulatedClock {
  nowMs = 0;
  #sleepers: Sleeper[] = [];
  #isScheduled = false;
  /** Does one thing, and says whether there was one to be done. */
  work: () => boolean = () => false;
  passes: (ms: number) => void = () => {};

  /** Something has been asked for. */
  rouse(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    // After all promises that are settled have been heard.
    setImmediate(() => {
      this.#isScheduled = false;
      const busy = this.work() || this.#wakeNext();
      if (busy) this.rouse();
    });
  }

  sleep(ms: number): Promise<void> {
    return new Promise(resolve => {
      this.#sleepers.push({ wakeAtMs: this.nowMs + Math.max(1, ms), wake: resolve });
      this.rouse();
    });
  }

  /** A new world begins without those who slept in the old one. */
  restart(): void {
    this.nowMs = 0;
    this.#sleepers = [];
  }

  #wakeNext(): boolean {
    const next = Math.min(...this.#sleepers.map(({ wakeAtMs }) => wakeAtMs));
    if (next === Number.POSITIVE_INFINITY) return false;
    this.passes(next - this.nowMs);
    this.nowMs = next;
    const due = this.#sleepers.filter(({ wakeAtMs }) => wakeAtMs <= next);
    this.#sleepers = this.#sleepers.filter(({ wakeAtMs }) => wakeAtMs > next);
    for (const { wake } of due) wake();
    return true;
  }
}

export const simulatedClock = new SimulatedClock();

/** For vi.mock('node:timers/promises', …). */
export const simulatedTimers = {
  setTimeout: (ms: number) => simulatedClock.sleep(ms),
};
