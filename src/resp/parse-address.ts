/** Addresses as people write them. */

import { isIPv6 } from 'node:net';
import { InputError } from '../topology/input-error.ts';
import type { Address } from '../topology/node.ts';

const MAX_PORT = 65535;

/** `host:port`, `host:port@busport`, `[v6]:port`, and `v6:port` as CLUSTER NODES writes it. */
export function parseAddress(text: string): Address {
  const match = /^(?:\[([^\]]+)\]|(.+)):(\d{1,5})(?:@(\d{1,5}))?$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  if (!match || !host || /[\s/@[\]]/.test(host) || (host.includes(':') && !isIPv6(host))) {
    throw new InputError(`${quote(text)} is not an address; write host:port, or host port`);
  }
  const port = parsePort(match[3] ?? '');
  return match[4] === undefined ? { host, port } : { host, port, busPort: parsePort(match[4]) };
}

export function parsePort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port < 1 || port > MAX_PORT) throw new InputError(`'${text}' is not a port (1 to ${MAX_PORT})`);
  return port;
}

export interface UriParts {
  readonly address: Address;
  readonly tls: boolean;
  readonly user?: string;
  readonly password?: string;
}

const SCHEMES: Readonly<Record<string, { tls: boolean }>> = {
  'redis:': { tls: false },
  'valkey:': { tls: false },
  'rediss:': { tls: true },
  'valkeys:': { tls: true },
};
const DEFAULT_PORT = 6379;

export function isUri(text: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(text);
}

/** Whether a word may hold a password, so that it must be neither repeated nor left in the process list. */
export function mayHoldSecret(text: string): boolean {
  return isUri(text) || /[@/]/.test(text);
}

function quote(text: string): string {
  return mayHoldSecret(text) ? 'that' : `'${text}'`;
}

/** `redis://[[user]:password@]host[:port][/db]`. As with redis-cli, one word before the @ is the password. */
export function parseUri(text: string): UriParts {
  const problem = (what: string) => new InputError(`${what}; write redis://[user:password@]host:port`);
  // Nothing here has the text in its message: it may hold a password.
  // A password with a bare slash would be cut in two, and its first half be taken for the host.
  if (/[/?#].*@/.test(text.slice(text.indexOf('//') + 2))) {
    throw problem('the user or password in the URI has a bare /, ? or #, to be written %2F, %3F or %23');
  }
  if (!URL.canParse(text)) throw problem('the URI is malformed');
  const url = new URL(text);
  const scheme = SCHEMES[url.protocol];
  if (!scheme) throw problem(`'${url.protocol}//' is not a scheme of Redis or Valkey`);
  if (!url.hostname) throw problem('the URI names no host');
  const address = {
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: url.port === '' ? DEFAULT_PORT : parsePort(url.port),
  };
  const [user, password] = readUserInfo(text, problem);
  return { address, tls: scheme.tls, ...(user && { user }), ...(password && { password }) };
}

function readUserInfo(uri: string, problem: (what: string) => Error): [user: string, password: string] {
  const end = uri.lastIndexOf('@');
  if (end === -1) return ['', ''];
  const text = uri.slice(uri.indexOf('//') + 2, end);
  const colon = text.indexOf(':');
  try {
    if (colon === -1) return ['', decodeURIComponent(text)];
    return [decodeURIComponent(text.slice(0, colon)), decodeURIComponent(text.slice(colon + 1))];
  } catch {
    throw problem('the user or password in the URI has a % that is not an escape');
  }
}
