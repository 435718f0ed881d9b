/**
 * Where the nodes of a cluster are on the network, as far as an address map says that it is not where they announce; and which
 * of them are connected to: all, or those that are trusted, and whoever was named by hand.
 */
import { type Address, formatAddress } from '../topology/node.ts';
import { AddressMap } from './address-map.ts';
import type { NodeError } from './errors.ts';
import type { Endpoint, TlsSettings } from './socket.ts';
import { type TrustedHosts, UntrustedHostError } from './trusted-hosts.ts';

/** A node is named by its address; the entry node, before its address is known, by this word. */
export type NodeRef = Address | 'entry';

export interface PlaceSettings {
  readonly entry: Endpoint;
  readonly addressMap?: AddressMap;
  readonly tls?: TlsSettings;
  /** Absent: whatever nodes announce is connected to. */
  readonly trustedHosts?: TrustedHosts;
}

export class Places {
  readonly #settings: PlaceSettings;
  readonly map: AddressMap;
  /** Places that the person has named. */
  readonly #named = new Set<string>();

  constructor(settings: PlaceSettings) {
    this.#settings = settings;
    this.map = settings.addressMap ?? AddressMap.none;
    if (settings.entry.kind === 'tcp') this.#named.add(formatAddress(settings.entry));
  }

  nameOf(node: Address): string {
    return formatAddress(this.map.toExternal(node));
  }

  /** As reports name it: by what it announces. Of the entry node that is not known yet. */
  shownName(node: NodeRef): string {
    const { entry } = this.#settings;
    if (node !== 'entry') return formatAddress(node);
    return entry.kind === 'unix' ? entry.path : formatAddress(entry);
  }

  endpointOf(node: NodeRef): Endpoint {
    if (node === 'entry') return this.#reachableEntry();
    const { host, port, hostname } = this.map.toExternal(node);
    return { kind: 'tcp', host, port, ...(hostname && { hostname }) };
  }

  #reachableEntry(): Endpoint {
    const { entry } = this.#settings;
    if (entry.kind === 'unix') return entry;
    const { host, port } = this.map.toReachable(entry);
    return { ...entry, host, port };
  }

  /** The person has named it, so that it may be connected to wherever it is. */
  admit(node: Address): void {
    this.#named.add(this.nameOf(node));
  }

  /** Why the node is not connected to, where it is not. */
  refusalOf(node: Address): NodeError | undefined {
    const { trustedHosts, tls } = this.#settings;
    // A node that is known by its socket file only is the one that was named.
    if (!trustedHosts || node.port === 0) return undefined;
    const external = this.map.toExternal(node);
    // What the address map says was said by the person.
    if (external !== node || this.#named.has(formatAddress(node))) return undefined;
    const provesName = tls !== undefined && !tls.insecure && tls.serverName === undefined;
    return trustedHosts.trusts(node, provesName) ? undefined : new UntrustedHostError(formatAddress(node));
  }
}
