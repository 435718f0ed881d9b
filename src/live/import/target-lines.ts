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

  async to(address: Address): Promise<Lane> {
    const name = formatAddress(address);
    const known = this.#lines.get(name);
    if (known) return known;
    const line = this.#fleet.lane(address);
    this.#lines.set(name, line);
    if (this.#database === 0) return line;
    try {
      // What is sent along with a SELECT that is refused ends up in another database.
      await line.send(select(this.#database));
    } catch (error) {
      this.drop(address);
      throw error;
    }
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
