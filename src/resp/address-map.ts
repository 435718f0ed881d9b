/**
 * For clusters behind NAT: what the nodes announce to each other is not where we reach them. A line of the map is
 * `internal=external`, each a host or a host:port; with hosts only, ports stay as they are.
 */
import { InputError } from '../topology/input-error.ts';
import { type Address, formatAddress } from '../topology/node.ts';
import { parseAddress } from './parse-address.ts';

export class AddressMap {
  static readonly none = new AddressMap([]);

  readonly #outward = new Map<string, string>();
  readonly #inward = new Map<string, string>();

  constructor(pairs: readonly (readonly [string, string])[]) {
    for (const [internal, external] of pairs) {
      this.#outward.set(internal, external);
      this.#inward.set(external, internal);
    }
  }

  /** Pairs separated by commas or line ends; `#` begins a comment. */
  static parse(text: string): AddressMap {
    const entries = text
      .split(/[\n,]/)
      .map(entry => entry.replace(/#.*/, '').trim())
      .filter(entry => entry !== '');
    return new AddressMap(entries.map(parsePair));
  }

  /** Where to connect for an address that a node announced. */
  toExternal(address: Address): Address {
    return translate(address, this.#outward);
  }

  /** Where a person means to connect: an address that is reached as it is, or one that a node announces. */
  toReachable(address: Address): Address {
    const isReachable = this.#inward.has(formatAddress(address)) || this.#inward.has(address.host);
    return isReachable ? address : this.toExternal(address);
  }

  /** The line of the map that says so; absent where none does, and the address is where to connect. */
  lineFor(address: Address): string | undefined {
    const key = [formatAddress(address), address.host].find(candidate => this.#outward.has(candidate));
    return key === undefined ? undefined : `${key}=${this.#outward.get(key)}`;
  }

  /** What to tell a server about an address that we know. */
  toInternal(address: Address): Address {
    return translate(address, this.#inward);
  }
}

function parsePair(entry: string): [string, string] {
  const [internal = '', external = '', ...more] = entry.split('=').map(part => part.trim());
  if (!internal || !external || more.length > 0) {
    throw new InputError(`'${entry}' in the address map is not internal=external`);
  }
  const [from, to] = [normalize(internal), normalize(external)];
  if (hasPort(from) !== hasPort(to)) {
    throw new InputError(`'${entry}' in the address map has a port on one side only`);
  }
  return [from, to];
}

/** `host:port` where there is a port, and the bare host where there is none. */
function normalize(text: string): string {
  const bareHost =
    /^\[(.*)\]$/.exec(text)?.[1] ?? (text.split(':').length !== 2 && !text.startsWith('[') ? text : '');
  return bareHost || formatAddress(parseAddress(text));
}

function hasPort(text: string): boolean {
  return text.startsWith('[') || text.split(':').length === 2;
}

function translate(address: Address, map: ReadonlyMap<string, string>): Address {
  if (map.size === 0) return address;
  const exact = map.get(formatAddress(address));
  if (exact !== undefined) return { ...address, ...parseAddress(exact) };
  const host = map.get(address.host);
  return host === undefined ? address : { ...address, host };
}
