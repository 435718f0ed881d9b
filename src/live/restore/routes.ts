/** Where keys belong, as the cluster has it; looked at anew when nodes say that it has changed. */
import type { Fleet } from '../../resp/fleet.ts';
import { type Address, formatAddress, type NodeId } from '../../topology/node.ts';
import { SLOT_COUNT } from '../../topology/slot-set.ts';
import { type ClusterSnapshot, type NodeView, ownClaims } from '../../topology/snapshot.ts';
import { inspectAgain } from '../look/inspect-again.ts';

export class Routes {
  readonly #fleet: Fleet;
  #places: ReadonlyMap<NodeId, Address> = new Map();
  #owners: (Address | undefined)[] = [];
  #idsAt: ReadonlyMap<string, NodeId> = new Map();
  /** Each node as it was when it was first seen. */
  readonly #first = new Map<NodeId, NodeView>();
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

  idAt(place: Address): NodeId | undefined {
    return this.#idsAt.get(formatAddress(place));
  }

  /** What nodes are compared with when it is asked whether they still have what they were sent. */
  get first(): ReadonlyMap<NodeId, NodeView> {
    return this.#first;
  }

  /** From here on they are compared with this look. */
  beginAnew(snapshot: ClusterSnapshot): void {
    this.#first.clear();
    this.#take(snapshot);
  }

  get nodes(): readonly Address[] {
    return [...this.#places.values()];
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

  async #look(): Promise<void> {
    const seen = await inspectAgain(this.#fleet, this.nodes);
    if (seen) this.#take(seen);
  }

  #take(snapshot: ClusterSnapshot): void {
    this.#places = new Map(snapshot.views.map(({ id, address }) => [id, address]));
    for (const view of snapshot.views) if (!this.#first.has(view.id)) this.#first.set(view.id, view);
    this.#owners = Array.from({ length: SLOT_COUNT });
    for (const [id, slots] of ownClaims(snapshot))
      for (const slot of slots) this.#owners[slot] = this.#places.get(id);
    this.#idsAt = new Map([...this.#places].map(([id, place]) => [formatAddress(place), id]));
    this.#targets = new Map();
    for (const { open } of snapshot.views) {
      for (const [slot, id] of open.migrating) {
        const target = this.#places.get(id);
        if (target) this.#targets.set(slot, target);
      }
    }
  }
}
