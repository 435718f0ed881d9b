/** First in, first out. Thousands wait in line here, and an array is slow to take the first of so many from. */
export class Fifo<T> {
  #items: T[] = [];
  #taken = 0;

  get size(): number {
    return this.#items.length - this.#taken;
  }

  get first(): T | undefined {
    return this.#items[this.#taken];
  }

  /** The one that so many stand before. */
  at(place: number): T | undefined {
    return this.#items[this.#taken + place];
  }

  add(item: T): void {
    this.#items.push(item);
  }

  take(): T | undefined {
    if (this.size === 0) return undefined;
    const item = this.#items[this.#taken++];
    if (this.#taken === this.#items.length) {
      this.#items = [];
      this.#taken = 0;
    } else if (this.#taken >= 1024 && this.#taken * 2 >= this.#items.length) {
      this.#items = this.#items.slice(this.#taken);
      this.#taken = 0;
    }
    return item;
  }

  /** All that are left, which then are no longer here. */
  empty(): T[] {
    const left = this.#items.slice(this.#taken);
    this.#items = [];
    this.#taken = 0;
    return left;
  }
}
