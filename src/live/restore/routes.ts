/** Where keys belong, as the cluster has it; looked at anew when nodes say that it has changed. */
import { NodeError } from '../../resp/errors.ts';
import type { Fleet } from '../../resp/fleet.ts';
import type { Address, NodeId } from '../../topology/node.ts';
import { SLOT_COUNT } from '../../topology/slot-set.ts';
import { type ClusterSnapshot, ownClaims } from '../../topology/snapshot.ts';
import { EntryNodeError, inspect } from '../inspect.ts';

export class Routes {
  readonly #fleet: Fleet;
  #places: ReadonlyMap<NodeId, Address> = new Map();
  #owners: (Address | undefined)[] = [];
  /** Slots on their way, and where they go. */
  #targets = new Map<number, Address>();
  #looking: Promise<void> | undefined;

  constructor(fleet: Fleet, snapshot: ClusterSnapshot) {
    this.#fleet = fleet;
    this.#take(snapshot);
  }

  ownerOf(slot: number): Address | undefined {
    return this.#owners[slot];
  }

  targetOf(slot: number): Address | undefined {
    return this.#targets.get(slot);
  }

  /** Whoever wants to look while somebody looks already waits for the same. */
  lookAnew(): Promise<void> {
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  /** Through the entry node, or another one where that is gone. */
  async #look(): Promise<void> {
    const others = [...this.#places.values()];
    for (const first of ['entry' as const, ...others]) {
      try {
        this.#take(await inspect(this.#fleet, undefined, first));
        return;
      } catch (error) {
        if (!(error instanceof EntryNodeError || error instanceof NodeError)) throw error;
      }
    }
  }

  #take(snapshot: ClusterSnapshot): void {
    this.#places = new Map(snapshot.views.map(({ id, address }) => [id, address]));
    this.#owners = Array.from({ length: SLOT_COUNT });
    for (const [id, slots] of ownClaims(snapshot))
      for (const slot of slots) this.#owners[slot] = this.#places.get(id);
    this.#targets = new Map();
    for (const { open } of snapshot.views) {
      for (const [slot, id] of open.migrating) {
        const target = this.#places.get(id);
        if (target) this.#targets.set(slot, target);
      }
    }
  }
}
