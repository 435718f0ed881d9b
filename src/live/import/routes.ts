/** Who in the cluster takes which keys, looked up anew when a node says that this has changed. */
import { NodeError } from '../../resp/errors.ts';
import type { Fleet, NodeRef } from '../../resp/fleet.ts';
import { memberOf } from '../../topology/members.ts';
import type { Address, NodeId } from '../../topology/node.ts';
import type { Slot } from '../../topology/slot-set.ts';
import type { ClusterSnapshot } from '../../topology/snapshot.ts';
import { EntryNodeError, inspect } from '../look/inspect.ts';

export interface Destination {
  readonly id: NodeId;
  /** Where we reach it. */
  readonly address: Address;
  /** Where other servers do. */
  readonly host: string;
  readonly port: number;
}

export class Routes {
  readonly #fleet: Fleet;
  #snapshot: ClusterSnapshot;
  #owners: (Destination | undefined)[];
  /** Of the look that is under way. */
  #looking: Promise<void> | undefined;

  constructor(fleet: Fleet, snapshot: ClusterSnapshot) {
    this.#fleet = fleet;
    this.#snapshot = snapshot;
    this.#owners = ownersIn(snapshot);
  }

  get snapshot(): ClusterSnapshot {
    return this.#snapshot;
  }

  ownerOf(slot: Slot): Destination | undefined {
    return this.#owners[slot];
  }

  /** All who ask meanwhile share one look. */
  lookAgain(): Promise<void> {
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  /** Through the node that was named, or another one where that is gone. Where nobody answers, all stays as it was. */
  async #look(): Promise<void> {
    for (const { address } of this.#snapshot.views) this.#fleet.renew(address);
    for (const { address } of this.#snapshot.unreachable) if (address) this.#fleet.renew(address);
    const doors: NodeRef[] = this.#snapshot.views.map(({ address }) => address);
    for (const door of doors) {
      try {
        this.#snapshot = await inspect(this.#fleet, undefined, door);
        this.#owners = ownersIn(this.#snapshot);
        return;
      } catch (error) {
        if (!(error instanceof EntryNodeError || error instanceof NodeError)) throw error;
      }
    }
  }
}

/** While slots are handed over two nodes may claim one: the newer claim counts. */
function ownersIn({ views }: ClusterSnapshot): (Destination | undefined)[] {
  const owners: (Destination | undefined)[] = [];
  const byEpoch = [...views].sort((a, b) => a.self.configEpoch - b.self.configEpoch);
  for (const view of byEpoch) {
    if (view.self.role !== 'primary') continue;
    const { id, address, meetAt } = memberOf(view);
    const { host, port } = meetAt ? { host: meetAt.ip, port: meetAt.port } : address;
    const destination = { id, address, host, port };
    for (const slot of view.self.slots) owners[slot] = destination;
  }
  return owners;
}
