/** `--trust-hosts`: which announced nodes are connected to, and get the password. */

import { BlockList, isIP, isIPv4 } from 'node:net';
import { InputError } from '../topology/input-error.ts';
import type { Address } from '../topology/node.ts';
import { ConnectError } from './errors.ts';

/** A node said that another one is there, and the person has not said that such may be believed. */
export class UntrustedHostError extends ConnectError {
  constructor(node: string) {
    super(node, 'it is outside of --trust-hosts and was not connected to');
  }
}

/** How many bits an address of the family has. */
const BITS = { ipv4: 32, ipv6: 128 } as const;

export class TrustedHosts {
  readonly #networks = new BlockList();
  /** Without a dot in front. */
  readonly #names: readonly string[];

  private constructor(entries: readonly string[]) {
    const names: string[] = [];
    for (const entry of entries) {
      if (this.#addNetwork(entry)) continue;
      if (
        !/^\.?[a-z\d_]([a-z\d_-]*[a-z\d_])?(\.[a-z\d_]([a-z\d_-]*[a-z\d_])?)*\.?$/i.test(entry) ||
        /^[\d.]+$/.test(entry)
      )
        throw new InputError(
          `'${entry}' in --trust-hosts is neither a network (10.0.0.0/8) nor the end of a name (.example.com)`,
        );
      names.push(plainName(entry));
    }
    this.#names = names;
  }

  /** Networks and ends of names, separated by commas. */
  static parse(text: string): TrustedHosts {
    const entries = text.split(',').map(entry => entry.trim().replace(/^\[(.*)\]/, '$1'));
    if (entries.some(entry => entry === '')) throw new InputError('--trust-hosts has an empty entry');
    return new TrustedHosts(entries);
  }

  /**
   * `provesName`: the node is only talked to where its certificate bears the name that it announces, so that the name is
   * enough; else what counts is where the connection goes.
   */
  trusts({ host, hostname }: Address, provesName: boolean): boolean {
    if (provesName && hostname !== undefined && this.#hasName(hostname)) return true;
    // What connects takes other notations of an address, too, and they are no names.
    const bare = host.replace(/%.*$/, '');
    if (isIP(bare) === 0) return !/^[\d.]+$|^0x/i.test(host) && this.#hasName(host);
    return this.#networks.check(bare, isIPv4(bare) ? 'ipv4' : 'ipv6');
  }

  #addNetwork(entry: string): boolean {
    const [, ip = '', prefix] = /^([^/]*)(?:\/(\d{1,3}))?$/.exec(entry) ?? [];
    if (isIP(ip) === 0) return false;
    const family = isIPv4(ip) ? 'ipv4' : 'ipv6';
    const bits = prefix === undefined ? BITS[family] : Number(prefix);
    if (bits > BITS[family])
      throw new InputError(`'${entry}' in --trust-hosts has more bits than such an address`);
    this.#networks.addSubnet(ip, bits, family);
    return true;
  }

  #hasName(host: string): boolean {
    const name = plainName(host);
    return this.#names.some(end => name === end || name.endsWith(`.${end}`));
  }
}

function plainName(name: string): string {
  return name.toLowerCase().replace(/^\./, '').replace(/\.$/, '');
}
