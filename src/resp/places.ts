/** Where the nodes of a cluster are on the network, as far as an address map says that it is not where they announce. */
import { type Address, formatAddress } from '../topology/node.ts';
import type { AddressMap } from './address-map.ts';
import type { Endpoint } from './socket.ts';

/** A node is named by its address; the entry node, before its address is known, by this word. */
export type NodeRef = Address | 'entry';

export class Places {
  readonly #entry: Endpoint;
  readonly #map: AddressMap;

  constructor(entry: Endpoint, map: AddressMap) {
    this.#entry = entry;
    this.#map = map;
  }

  nameOf(node: Address): string {
    return formatAddress(this.#map.toExternal(node));
  }

  /** As reports name it: by what it announces. Of the entry node that is not known yet. */
  shownName(node: NodeRef): string {
    if (node !== 'entry') return formatAddress(node);
    return this.#entry.kind === 'unix' ? this.#entry.path : formatAddress(this.#entry);
  }

  endpointOf(node: NodeRef): Endpoint {
    if (node === 'entry') return this.#reachableEntry();
    const { host, port, hostname } = this.#map.toExternal(node);
    return { kind: 'tcp', host, port, ...(hostname && { hostname }) };
  }

  #reachableEntry(): Endpoint {
    if (this.#entry.kind === 'unix') return this.#entry;
    const { host, port } = this.#map.toReachable(this.#entry);
    return { ...this.#entry, host, port };
  }
}
