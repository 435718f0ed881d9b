/**
 * Keys of one database that were found and not brought yet. A scan may find a key twice, and after a restart of the source it
 * finds all of them once more: what is on its way already is not sent a second time, since nobody could tell afterwards
 * which of the two has arrived.
 */
import type { Key } from '../../resp/slot-commands.ts';

export class InFlight {
  readonly #expiries = new Map<string, number>();
  readonly #tried = new Set<string>();

  /** Those that are not on their way already. `expiresAtMs`: Infinity for one that stays. */
  begin(keys: readonly Key[], expiresAtMs: (at: number) => number): Key[] {
    return keys.filter((key, at) => {
      const name = key.toString('latin1');
      if (this.#expiries.has(name)) return false;
      this.#expiries.set(name, expiresAtMs(at));
      return true;
    });
  }

  expiryOf(key: Key): number {
    return this.#expiries.get(key.toString('latin1')) ?? Infinity;
  }

  /** A MIGRATE with them, or what removes them, may have been carried out. */
  mayHaveLeft(keys: readonly Key[]): void {
    for (const key of keys) this.#tried.add(key.toString('latin1'));
  }

  stayed(keys: readonly Key[]): void {
    for (const key of keys) this.#tried.delete(key.toString('latin1'));
  }

  /** Of those that are gone from the source: whom we may have moved. Others were deleted there, or have expired. */
  movedOf(keys: readonly Key[]): Key[] {
    return keys.filter(key => this.#tried.has(key.toString('latin1')));
  }

  end(keys: readonly Key[]): void {
    for (const key of keys) {
      const name = key.toString('latin1');
      this.#expiries.delete(name);
      this.#tried.delete(name);
    }
  }
}
