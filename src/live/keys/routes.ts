/** Where keys belong, as the cluster has it; looked up again when a node says that this has changed. */
import type { Fleet } from '../../resp/fleet.ts';
import { memberOf } from '../../topology/members.ts';
import type { Address, NodeId } from '../../topology/node.ts';
import type { ClusterSnapshot, NodeView } from '../../topology/snapshot.ts';
import { inspectAgain } from '../look/inspect-again.ts';

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
  #owners: (Destination | undefined)[] = [];
  /** Slots on their way, and where they go. */
  readonly #targets = new Map<number, Destination>();
  /** Each node as it was when it was first seen. */
  readonly #first = new Map<NodeId, NodeView>();
  /** Of the look that is under way. */
  #looking: Promise<void> | undefined;

  constructor(fleet: Fleet, snapshot: ClusterSnapshot) {
    this.#fleet = fleet;
    this.#snapshot = snapshot;
    this.#take(snapshot);
  }

  get snapshot(): ClusterSnapshot {
    return this.#snapshot;
  }

  /** What nodes are compared with when it is asked whether they still have what they were sent. */
  get first(): ReadonlyMap<NodeId, NodeView> {
    return this.#first;
  }

  ownerOf(slot: number): Destination | undefined {
    return this.#owners[slot];
  }

  targetOf(slot: number): Destination | undefined {
    return this.#targets.get(slot);
  }

  /** All who ask meanwhile share one look. Where nobody answers, all stays as it was. */
  lookAgain(): Promise<void> {
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  /** From here on nodes are compared with this look. */
  beginAnew(snapshot: ClusterSnapshot): void {
    this.#first.clear();
    this.#take(snapshot);
  }

  async #look(): Promise<void> {
    const seen = await inspectAgain(this.#fleet, this.#snapshot);
    if (seen) this.#take(seen);
  }

  /** While slots are handed over two nodes may claim one: the newer claim counts. */
  #take(snapshot: ClusterSnapshot): void {
    this.#snapshot = snapshot;
    for (const view of snapshot.views) if (!this.#first.has(view.id)) this.#first.set(view.id, view);
    const destinations = new Map(snapshot.views.map(view => [view.id, destinationOf(view)]));
    this.#owners = [];
    this.#targets.clear();
    for (const { id, self, open } of [...snapshot.views].sort(byEpoch)) {
      const own = destinations.get(id);
      if (!own || self.role !== 'primary') continue;
      for (const slot of self.slots) this.#owners[slot] = own;
      for (const [slot, to] of open.migrating) {
        const target = destinations.get(to);
        if (target) this.#targets.set(slot, target);
      }
    }
  }
}

function byEpoch(a: NodeView, b: NodeView): number {
  return a.self.configEpoch - b.self.configEpoch;
}

function destinationOf(view: NodeView): Destination {
  const { id, address, meetAt } = memberOf(view);
  const { host, port } = meetAt ? { host: meetAt.ip, port: meetAt.port } : address;
  return { id, address, host, port };
}
