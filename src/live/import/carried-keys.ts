/**
 * The names of keys that were carried, so that they can be looked for at the end, and are counted once however often they
 * are found. Up to half a million short names are all kept. Of more, one in two is kept, then one in four, and so on: always
 * those whose hash ends in so many zero bits, so that one key has the same lot each time it comes.
 */
const MOST_BYTES = 64 * 1024 * 1024;
/** What a name takes in a map, beside its letters. */
const ENTRY_BYTES = 96;

export interface CarriedKey {
  /** In the cluster; its bytes as latin1. */
  readonly name: string;
  readonly database: number;
  /** Infinity for one that stays. */
  readonly expiresAtMs: number;
}

export class CarriedKeys {
  readonly #mostBytes: number;
  readonly #databases = new Map<number, Map<string, number>>();
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

  has({ name, database }: Pick<CarriedKey, 'name' | 'database'>): boolean {
    return this.#databases.get(database)?.has(name) === true;
  }

  /** False where it was there already. */
  add({ name, database, expiresAtMs }: CarriedKey): boolean {
    const names = this.#databases.get(database) ?? new Map<string, number>();
    this.#databases.set(database, names);
    if (names.has(name)) {
      names.set(name, expiresAtMs);
      return false;
    }
    if (!this.#keeps(name)) return true;
    names.set(name, expiresAtMs);
    this.#bytes += name.length + ENTRY_BYTES;
    while (this.#bytes > this.#mostBytes && this.#bits < 31) this.#thin();
    return true;
  }

  *all(): Generator<CarriedKey> {
    for (const [database, names] of this.#databases)
      for (const [name, expiresAtMs] of names) yield { name, database, expiresAtMs };
  }

  #keeps(name: string): boolean {
    return this.#bits === 0 || (hash(name) & (2 ** this.#bits - 1)) === 0;
  }

  #thin(): void {
    this.#bits++;
    for (const names of this.#databases.values()) {
      for (const name of names.keys()) {
        if (this.#keeps(name)) continue;
        names.delete(name);
        this.#bytes -= name.length + ENTRY_BYTES;
      }
    }
  }
}

/** FNV-1a, and then mixed so that the lowest bits depend on all (the end of MurmurHash3). */
function hash(name: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) value = Math.imul(value ^ name.charCodeAt(i), 0x01000193);
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return value ^ (value >>> 16);
}
