/** Connections to nodes of a cluster in one of its databases, for what is read and written there by us. */
import { select } from '../../resp/commands/cluster.ts';
import type { Fleet, Lane } from '../../resp/fleet.ts';
import { type Address, formatAddress } from '../../topology/node.ts';

interface OpenLine {
  readonly lane: Lane;
  /** When the database is the one that is meant. */
  readonly selected: Promise<void>;
}

export class TargetLines {
  readonly #fleet: Fleet;
  readonly #database: number;
  readonly #lines = new Map<string, OpenLine>();

  constructor(fleet: Fleet, database: number) {
    this.#fleet = fleet;
    this.#database = database;
  }

  /** Only when the database is chosen: what is sent along with a SELECT that is refused ends up in another one. */
  async to(address: Address): Promise<Lane> {
    const name = formatAddress(address);
    const line = this.#lines.get(name) ?? this.#open(address);
    this.#lines.set(name, line);
    try {
      await line.selected;
    } catch (error) {
      if (this.#lines.get(name) === line) this.drop(address);
      throw error;
    }
    return line.lane;
  }

  #open(address: Address): OpenLine {
    const lane = this.#fleet.lane(address);
    return { lane, selected: this.#database === 0 ? Promise.resolve() : lane.send(select(this.#database)) };
  }

  /** One that has failed: the next command has a new one. */
  drop(address: Address): void {
    const name = formatAddress(address);
    this.#lines.get(name)?.lane.close();
    this.#lines.delete(name);
  }

  close(): void {
    for (const { lane } of this.#lines.values()) lane.close();
    this.#lines.clear();
  }
}
