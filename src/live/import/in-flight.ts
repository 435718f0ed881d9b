/**
 * Keys of one database that were found and not brought yet. A scan may find a key twice, and after a restart of the source it
 * finds all of them once more: what is on its way already is not sent a second time, since nobody could tell afterwards
 * which of the two has arrived.
 */
import type { Key } from '../../resp/commands/slots.ts';
import { hashOf } from './key-hash.ts';

interface Flight {
  readonly key: Key;
  readonly expiresAtMs: number;
  /** A MIGRATE with it, or what removes it, may have been carried out. */
  mayHaveLeft: boolean;
  /** Another one of the same hash. */
  readonly next: Flight | undefined;
}

export class InFlight {
  readonly #flights = new Map<number, Flight>();

  /** Those that are not on their way already. `expiresAtMs`: Infinity for one that stays. */
  begin(keys: readonly Key[], expiresAtMs: (at: number) => number): Key[] {
    return keys.filter((key, at) => {
      const hash = hashOf(key);
      const next = this.#flights.get(hash);
      if (next && flightOf(key, next)) return false;
      this.#flights.set(hash, { key, expiresAtMs: expiresAtMs(at), mayHaveLeft: false, next });
      return true;
    });
  }

  expiryOf(key: Key): number {
    return this.#of(key)?.expiresAtMs ?? Infinity;
  }

  /** A MIGRATE with them, or what removes them, may have been carried out. */
  mayHaveLeft(keys: readonly Key[]): void {
    this.#mark(keys, true);
  }

  stayed(keys: readonly Key[]): void {
    this.#mark(keys, false);
  }

  /** Of those that are gone from the source: whom we may have moved. Others were deleted there, or have expired. */
  movedOf(keys: readonly Key[]): Key[] {
    return keys.filter(key => this.#of(key)?.mayHaveLeft === true);
  }

  end(keys: readonly Key[]): void {
    for (const key of keys) {
      const hash = hashOf(key);
      const left = without(key, this.#flights.get(hash));
      if (left) this.#flights.set(hash, left);
      else this.#flights.delete(hash);
    }
  }

  #of(key: Key): Flight | undefined {
    return flightOf(key, this.#flights.get(hashOf(key)));
  }

  #mark(keys: readonly Key[], mayHaveLeft: boolean): void {
    for (const key of keys) {
      const flight = this.#of(key);
      if (flight) flight.mayHaveLeft = mayHaveLeft;
    }
  }
}

function flightOf(key: Key, first: Flight | undefined): Flight | undefined {
  for (let flight = first; flight; flight = flight.next)
    if (flight.key === key || flight.key.equals(key)) return flight;
  return undefined;
}

function without(key: Key, first: Flight | undefined): Flight | undefined {
  if (!first || first.key === key || first.key.equals(key)) return first?.next;
  return { ...first, next: without(key, first.next) };
}
