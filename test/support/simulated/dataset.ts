/** Keys and their values, by database and slot. Keys are bytes, written as latin1. */
import { keySlot } from '../../../src/topology/key-slot.ts';

export interface Value {
  readonly content: string;
  readonly expiresAtMs?: number;
}

type Slots = Map<number, Map<string, Value>>;

export function slotOf(key: string): number {
  return keySlot(Buffer.from(key, 'latin1'));
}

export class Dataset {
  readonly #databases = new Map<number, Slots>();

  /** As a replica that is on its own from now on, or as a disk. */
  copy(): Dataset {
    const own = new Dataset();
    for (const [database, slots] of this.#databases) {
      own.#databases.set(database, new Map([...slots].map(([slot, keys]) => [slot, new Map(keys)])));
    }
    return own;
  }

  get(database: number, key: string): Value | undefined {
    return this.#keys(database, slotOf(key))?.get(key);
  }

  set(database: number, key: string, value: Value): void {
    const slots = this.#databases.get(database) ?? new Map();
    this.#databases.set(database, slots);
    const slot = slotOf(key);
    const keys = slots.get(slot) ?? new Map();
    slots.set(slot, keys);
    keys.set(key, value);
  }

  delete(database: number, key: string): boolean {
    const keys = this.#keys(database, slotOf(key));
    const was = keys?.delete(key) ?? false;
    if (keys?.size === 0) this.#databases.get(database)?.delete(slotOf(key));
    return was;
  }

  deleteSlot(slot: number): void {
    for (const slots of this.#databases.values()) slots.delete(slot);
  }

  clear(): void {
    this.#databases.clear();
  }

  keysIn(slot: number, database: number): string[] {
    return [...(this.#keys(database, slot)?.keys() ?? [])];
  }

  countIn(slot: number, database?: number): number {
    if (database !== undefined) return this.#keys(database, slot)?.size ?? 0;
    return [...this.#databases.values()].reduce((sum, slots) => sum + (slots.get(slot)?.size ?? 0), 0);
  }

  /** Of all keys when no database is named. */
  size(database?: number): number {
    const sizeOf = (slots: Slots) => [...slots.values()].reduce((sum, keys) => sum + keys.size, 0);
    if (database !== undefined) return sizeOf(this.#databases.get(database) ?? new Map());
    return [...this.#databases.values()].reduce((sum, slots) => sum + sizeOf(slots), 0);
  }

  get slots(): number[] {
    return [...new Set([...this.#databases.values()].flatMap(slots => [...slots.keys()]))];
  }

  get databases(): number[] {
    return [...this.#databases.keys()].filter(database => this.size(database) > 0).sort((a, b) => a - b);
  }

  #keys(database: number, slot: number): Map<string, Value> | undefined {
    return this.#databases.get(database)?.get(slot);
  }
}
