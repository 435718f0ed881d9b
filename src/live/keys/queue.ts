/** What is ready to be sent: who takes waits until there is something, who gives waits while too much lies there. */
export class Queue<T> {
  readonly #mostWaiting: number;
  #ready: T[] = [];
  #takers: ((item: T | undefined) => void)[] = [];
  #givers: (() => void)[] = [];
  #isClosed = false;

  /** `mostWaiting`: so that memory stays small, where what is given is large. */
  constructor(mostWaiting = Number.POSITIVE_INFINITY) {
    this.#mostWaiting = mostWaiting;
  }

  /** Waits for room. False once nobody takes any more. */
  async give(item: T): Promise<boolean> {
    while (this.#ready.length >= this.#mostWaiting && !this.#isClosed)
      await new Promise<void>(resolve => this.#givers.push(resolve));
    if (this.#isClosed) return false;
    const taker = this.#takers.shift();
    if (taker) taker(item);
    else this.#ready.push(item);
    return true;
  }

  /** Undefined when no more come. */
  take(): Promise<T | undefined> {
    const item = this.#ready.shift();
    this.#givers.shift()?.();
    if (item !== undefined || this.#isClosed) return Promise.resolve(item);
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
