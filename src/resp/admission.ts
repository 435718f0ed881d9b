/** Which nodes are connected to: all, or those that are trusted, and whoever was named by hand. */
import { type Address, formatAddress } from '../topology/node.ts';
import type { AddressMap } from './address-map.ts';
import type { NodeError } from './errors.ts';
import type { Endpoint, TlsSettings } from './socket.ts';
import { type TrustedHosts, UntrustedHostError } from './trusted-hosts.ts';

export interface AdmissionSettings {
  readonly entry: Endpoint;
  readonly tls?: TlsSettings;
  /** Absent: whatever nodes announce is connected to. */
  readonly trustedHosts?: TrustedHosts;
}

export class Admission {
  readonly #settings: AdmissionSettings;
  readonly #map: AddressMap;
  /** Places that the person has named. */
  readonly #named = new Set<string>();

  constructor(settings: AdmissionSettings, map: AddressMap) {
    this.#settings = settings;
    this.#map = map;
    if (settings.entry.kind === 'tcp') this.#named.add(formatAddress(settings.entry));
  }

  /** The person has named it, so that it may be connected to wherever it is. */
  admit(node: Address): void {
    this.#named.add(formatAddress(this.#map.toExternal(node)));
  }

  /** Why the node is not connected to, where it is not. */
  refusalOf(node: Address): NodeError | undefined {
    const { trustedHosts, tls } = this.#settings;
    // A node that is known by its socket file only is the one that was named.
    if (!trustedHosts || node.port === 0) return undefined;
    const external = this.#map.toExternal(node);
    // What the address map says was said by the person.
    if (external !== node || this.#named.has(formatAddress(node))) return undefined;
    const provesName = tls !== undefined && !tls.insecure && tls.serverName === undefined;
    return trustedHosts.trusts(node, provesName) ? undefined : new UntrustedHostError(formatAddress(node));
  }
}
