/**
 * Names of hundreds of thousands of keys, each with a number. All of them are in a few large buffers: entries of a map cost more
 * than the names, and keep the garbage collector busy. A hash table with open addressing; nothing is ever removed from it.
 */
import type { Key } from '../../resp/commands/slots.ts';
import { hashOf } from './key-hash.ts';

/** Beside its letters: where they begin, the hash, the number, and two to four places of the table. */
export const ENTRY_BYTES = 32;
const FIRST_ENTRIES = 256;
const FIRST_LETTERS = 4096;

export class KeyTable {
  #size = 0;
  #letters = Buffer.allocUnsafeSlow(FIRST_LETTERS);
  /** Where each name begins; it ends where the next one does. */
  #starts = new Uint32Array(FIRST_ENTRIES + 1);
  #hashes = new Int32Array(FIRST_ENTRIES);
  #values = new Float64Array(FIRST_ENTRIES);
  /** Twice as many as there may be entries: the number of one, and 0 where none is. */
  #places = new Uint32Array(2 * FIRST_ENTRIES);

  get size(): number {
    return this.#size;
  }

  get bytes(): number {
    return this.#end + this.#size * ENTRY_BYTES;
  }

  has(key: Key): boolean {
    return (this.#places[this.#placeOf(key, hashOf(key))] ?? 0) > 0;
  }

  /** False where it was there already: then only the number is another one. */
  set(key: Key, value: number, hash = hashOf(key)): boolean {
    const place = this.#placeOf(key, hash);
    const known = this.#places[place] ?? 0;
    if (known > 0) {
      this.#values[known - 1] = value;
      return false;
    }
    const end = this.#end;
    if (end + key.length > this.#letters.length) this.#growLetters(key.length);
    // Of a few letters: a call to copy them would take longer.
    for (let at = 0; at < key.length; at++) this.#letters[end + at] = key[at] ?? 0;
    this.#hashes[this.#size] = hash;
    this.#values[this.#size] = value;
    this.#places[place] = ++this.#size;
    this.#starts[this.#size] = end + key.length;
    if (this.#size === this.#hashes.length) this.#growEntries();
    return true;
  }

  /** The names are views of the table. */
  *entries(): Generator<{ readonly key: Key; readonly value: number; readonly hash: number }> {
    for (let entry = 0; entry < this.#size; entry++)
      yield { key: this.keyAt(entry), value: this.valueAt(entry), hash: this.#hashes[entry] ?? 0 };
  }

  /** From 0 to the size. */
  keyAt(entry: number): Key {
    return this.#letters.subarray(this.#starts[entry], this.#starts[entry + 1]);
  }

  valueAt(entry: number): number {
    return this.#values[entry] ?? 0;
  }

  get #end(): number {
    return this.#starts[this.#size] ?? 0;
  }

  /** Its own, or the empty one where it belongs. */
  #placeOf(key: Key, hash: number): number {
    const last = this.#places.length - 1;
    for (let place = hash & last; ; place = (place + 1) & last) {
      const entry = (this.#places[place] ?? 0) - 1;
      if (entry < 0 || (this.#hashes[entry] === hash && this.#isAt(entry, key))) return place;
    }
  }

  #isAt(entry: number, key: Key): boolean {
    const start = this.#starts[entry] ?? 0;
    if ((this.#starts[entry + 1] ?? 0) - start !== key.length) return false;
    for (let at = 0; at < key.length; at++) if (this.#letters[start + at] !== key[at]) return false;
    return true;
  }

  #growLetters(more: number): void {
    const letters = Buffer.allocUnsafeSlow(2 * (this.#letters.length + more));
    this.#letters.copy(letters, 0, 0, this.#end);
    this.#letters = letters;
  }

  #growEntries(): void {
    const most = 2 * this.#size;
    const [starts, hashes, values] = [this.#starts, this.#hashes, this.#values];
    this.#starts = new Uint32Array(most + 1);
    this.#starts.set(starts);
    this.#hashes = new Int32Array(most);
    this.#hashes.set(hashes);
    this.#values = new Float64Array(most);
    this.#values.set(values);
    this.#places = new Uint32Array(2 * most);
    const last = 2 * most - 1;
    for (let entry = 0; entry < this.#size; entry++) {
      let place = (hashes[entry] ?? 0) & last;
      while (this.#places[place] !== 0) place = (place + 1) & last;
      this.#places[place] = entry + 1;
    }
  }
}
