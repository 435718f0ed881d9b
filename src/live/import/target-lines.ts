/** Connections to nodes of the cluster, for what is read and written there by us. */
import { select } from '../../resp/commands.ts';
import type { Fleet, Lane } from '../../resp/fleet.ts';
import { type Address, formatAddress } from '../../topology/node.ts';

export class TargetLines {
  readonly #fleet: Fleet;
  readonly #database: number;
  readonly #lines = new Map<string, Lane>();

  constructor(fleet: Fleet, database: number) {
    this.#fleet = fleet;
    this.#database = database;
  }

  to(address: Address): Lane {
    const name = formatAddress(address);
    const known = this.#lines.get(name);
    if (known) return known;
    const line = this.#fleet.lane(address);
    // A refusal must not leave us in another database.
    if (this.#database !== 0) line.send(select(this.#database)).catch(() => line.close());
    this.#lines.set(name, line);
    return line;
  }

  /** One that has failed: the next command has a new one. */
  drop(address: Address): void {
    const name = formatAddress(address);
    this.#lines.get(name)?.close();
    this.#lines.delete(name);
  }

  close(): void {
    for (const line of this.#lines.values()) line.close();
    this.#lines.clear();
  }
}
