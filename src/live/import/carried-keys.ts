/**
 * The names of keys that were carried, so that they can be looked for at the end, and are counted once however often they
 * are found. Up to more than a million short names are all kept. Of more, one in two is kept, then one in four, and so on:
 * always those whose hash begins with so many zero bits, so that one key has the same lot each time it comes.
 */
import type { Key } from '../../resp/commands/slots.ts';
import { keySlot } from '../../topology/key-slot.ts';
import { SLOT_COUNT, SlotSet } from '../../topology/slot-set.ts';
import { hashOf } from './key-hash.ts';
import { ENTRY_BYTES, KeyTable } from './key-table.ts';

/** Names of more than a million keys. */
const MOST_BYTES = 64 * 1024 * 1024;

export interface CarriedKey {
  /** In the cluster. */
  readonly name: Key;
  readonly database: number;
  /** Infinity for one that stays. */
  readonly expiresAtMs: number;
}

export class CarriedKeys {
  readonly #mostBytes: number;
  readonly #databases = new Map<number, KeyTable>();
  readonly #given = new Float64Array(SLOT_COUNT);
  #bytes = 0;
  #bits = 0;

  constructor(mostBytes = MOST_BYTES) {
    this.#mostBytes = mostBytes;
  }

  /** For each name that is kept there are so many keys. */
  get oneOf(): number {
    return 2 ** this.#bits;
  }

  get size(): number {
    return [...this.#databases.values()].reduce((sum, { size }) => sum + size, 0);
  }

  has(name: Key, database: number): boolean {
    return this.#databases.get(database)?.has(name) === true;
  }

  /** It is not among those that are kept: whether it was carried nobody knows. */
  isUnknown(name: Key): boolean {
    return !this.#keeps(hashOf(name));
  }

  /** False where it was there already. */
  add(name: Key, database: number, expiresAtMs: number): boolean {
    const names = this.#databases.get(database) ?? new KeyTable();
    this.#databases.set(database, names);
    const hash = hashOf(name);
    if (!this.#keeps(hash)) return true;
    if (!names.set(name, expiresAtMs, hash)) return false;
    const slot = keySlot(name);
    this.#given[slot] = (this.#given[slot] ?? 0) + (expiresAtMs === Infinity ? 1 : Infinity);
    this.#bytes += name.length + ENTRY_BYTES;
    while (this.#bytes > this.#mostBytes && this.#bits < 31) this.#thin();
    return true;
  }

  /** Those in these slots. */
  *all(slots = SlotSet.all): Generator<CarriedKey> {
    if (slots.size === 0) return;
    const isAll = slots.equals(SlotSet.all);
    for (const [database, names] of this.#databases)
      for (const { key, value } of names.entries())
        if (isAll || slots.has(keySlot(key))) yield { name: key, database, expiresAtMs: value };
  }

  /**
   * How many keys of each slot, in whatever database. Infinitely many where a number says nothing: of keys that expire, and of those
   * that may not have arrived.
   */
  get given(): Float64Array {
    return this.#given;
  }

  /** It is gone from the source, and that it has arrived is only a conclusion. */
  doubt(name: Key): void {
    this.#given[keySlot(name)] = Infinity;
  }

  /** By the upper bits: the place in a table depends on the lower ones. */
  #keeps(hash: number): boolean {
    return this.#bits === 0 || hash >>> (32 - this.#bits) === 0;
  }

  #thin(): void {
    this.#bits++;
    this.#bytes = 0;
    for (const [database, names] of this.#databases) {
      const kept = new KeyTable();
      for (const { key, value, hash } of names.entries()) if (this.#keeps(hash)) kept.set(key, value, hash);
      this.#databases.set(database, kept);
      this.#bytes += kept.bytes;
    }
  }
}
