/** How to get to a cluster: the options that every command shares, and what they come to. */

import { type Command, InvalidArgumentError, Option } from 'commander';
import { readTlsFiles } from '../../live/files/tls-files.ts';
import { FileError, readBytes } from '../../live/files/whole-file.ts';
import { AddressMap } from '../../resp/address-map.ts';
import { type Credentials, Secret } from '../../resp/credentials.ts';
import type { FleetSettings } from '../../resp/fleet.ts';
import { isUri, mayHoldSecret, parseAddress, parseUri, type UriParts } from '../../resp/parse-address.ts';
import type { Endpoint, TlsSettings } from '../../resp/socket.ts';
import { tlsSettings } from '../../resp/tls-files.ts';
import { TrustedHosts } from '../../resp/trusted-hosts.ts';
import type { Terminal } from '../../terminal.ts';
import { InputError } from '../../topology/input-error.ts';
import { type FleetOptions, UsageError } from '../context.ts';
import { readNumber } from './read-number.ts';

const CONNECT_TIMEOUT_SECONDS = 3;
const REPLY_TIMEOUT_SECONDS = 5;
const MAX_TIMEOUT_SECONDS = 24 * 60 * 60;

export interface ConnectionFlags {
  readonly socket?: string;
  readonly pass?: string;
  readonly user?: string;
  readonly askpass?: boolean;
  readonly uri?: string;
  readonly authWarning: boolean;
  readonly tls?: boolean;
  readonly cacert?: string;
  readonly cacertdir?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly sni?: string;
  readonly insecure?: boolean;
  readonly trustHosts?: string;
  readonly connectTimeout: number;
  readonly replyTimeout: number;
  readonly addressMap?: string;
  readonly trace?: boolean;
}

export function addConnectionOptions(command: Command): Command {
  const options = [
    new Option('-s, --socket <path>', 'reach the entry node by its unix socket'),
    new Option('-a, --pass <password>', 'password (safer: --askpass, REDISCLI_AUTH or VALKEYCLI_AUTH)'),
    new Option('--user <name>', 'ACL user'),
    new Option('--askpass', 'ask for the password; without a terminal, read it from standard input'),
    new Option('-u, --uri <uri>', 'redis://, rediss://, valkey:// or valkeys:// user, password and address'),
    new Option('--no-auth-warning', 'do not warn of a password on the command line'),
    new Option('--tls', 'use TLS with every node (implied by the next six); certificates are verified'),
    new Option('--cacert <file>', 'authorities to trust, instead of the system’s'),
    new Option('--cacertdir <dir>', 'a folder of such files'),
    new Option('--cert <file>', 'client certificate'),
    new Option('--key <file>', 'private key of the client certificate'),
    new Option('--sni <name>', 'the name to ask for, and that certificates must bear'),
    new Option('--insecure', 'do not verify certificates; warns'),
    new Option(
      '--trust-hosts <list>',
      'networks and name suffixes (10.0.0.0/8,.example.com); nodes announced elsewhere are not connected to',
    ),
    new Option('-t, --connect-timeout <seconds>', 'how long a connection may take to open')
      .default(CONNECT_TIMEOUT_SECONDS)
      .argParser(seconds),
    new Option('--reply-timeout <seconds>', 'how long a node may take to answer')
      .default(REPLY_TIMEOUT_SECONDS)
      .argParser(seconds),
    new Option(
      '--address-map <map>',
      'internal=external[,…] or a file of such lines, for clusters behind NAT',
    ),
    new Option('--trace', 'print every command and reply to stderr'),
  ];
  for (const option of options) command.addOption(option.helpGroup('Connection:'));
  return command;
}

export function seconds(text: string): number {
  const value = readNumber(text) ?? 0;
  if (value <= 0 || value > MAX_TIMEOUT_SECONDS)
    throw new InvalidArgumentError('It must be a number of seconds above 0, and at most a day.');
  return value;
}

/** For option values that are counts of something. */
export function wholeNumber(text: string): number {
  const value = /^\+?\d{1,15}$/.test(text) ? Number(text) : -1;
  if (value < 0) throw new InvalidArgumentError('It must be a whole number.');
  return value;
}

/** The words after the command: `host:port`, `host port`, or a URI; none with a unix socket or `--uri`. */
export async function resolveConnection(
  words: readonly string[],
  flags: ConnectionFlags,
  terminal: Terminal,
): Promise<FleetOptions> {
  if (flags.pass !== undefined || flags.uri !== undefined || words.some(mayHoldSecret)) {
    terminal.hideCommandLine();
  }
  const uri = await asUsage(() => readUri(words, flags));
  const entry = await asUsage(() => entryEndpoint(words, flags, uri));
  const credentials = await readCredentials(flags, uri, terminal);
  const tls = flags.tls || uri?.tls || meansTls(flags) ? await readTls(flags) : undefined;
  const trustedHosts = await readTrustedHosts(flags.trustHosts);
  if (tls) warnOfTrust(flags, trustedHosts, terminal);
  const addressMap = await readAddressMap(flags.addressMap);
  const fleet: FleetSettings = {
    entry,
    connectTimeoutMs: flags.connectTimeout * 1000,
    replyTimeoutMs: flags.replyTimeout * 1000,
    ...(credentials && { credentials }),
    ...(tls && { tls }),
    ...(trustedHosts && { trustedHosts }),
    ...(addressMap && { addressMap }),
  };
  return { fleet, trace: flags.trace === true };
}

/** What the person wrote, or named, and cannot be used is wrong usage, whichever room finds out. */
export async function asUsage<T>(read: () => T | Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    const wrong = error instanceof InputError || error instanceof FileError;
    throw wrong ? new UsageError(error.message) : error;
  }
}

function readUri([first, ...more]: readonly string[], { uri }: ConnectionFlags): UriParts | undefined {
  if (uri !== undefined) return parseUri(uri);
  if (first === undefined || !isUri(first)) return undefined;
  if (more.length > 0) throw new UsageError('a URI is the whole address; nothing may follow it');
  return parseUri(first);
}

function entryEndpoint(
  words: readonly string[],
  { socket }: ConnectionFlags,
  uri: UriParts | undefined,
): Endpoint {
  if (socket !== undefined) {
    if (words.length > 0) throw new UsageError('give a unix socket or an address, not both');
    return { kind: 'unix', path: socket };
  }
  const [first, second, ...more] = words;
  if (first === undefined) {
    if (!uri) throw new UsageError('the address of a node is missing; write host:port, or host port');
    return { kind: 'tcp', ...uri.address };
  }
  if (isUri(first) && uri) return { kind: 'tcp', ...uri.address };
  if (more.length > 0) throw new UsageError('too many words; the address of one node is enough');
  const { host, port } = parseAddress(second === undefined ? first : joinAddress(first, second));
  return { kind: 'tcp', host, port };
}

export function joinAddress(host: string, port: string): string {
  return `${host.includes(':') && !host.startsWith('[') ? `[${host}]` : host}:${port}`;
}

async function readCredentials(
  flags: ConnectionFlags,
  uri: UriParts | undefined,
  terminal: Terminal,
): Promise<Credentials | undefined> {
  const typed = flags.pass ?? uri?.password;
  if (typed !== undefined && flags.authWarning) {
    terminal.warn(
      "Warning: Using a password with '-a' or '-u' option on the command line interface may not be safe. Other users can see it; --askpass or REDISCLI_AUTH hide it.",
    );
  }
  const { REDISCLI_AUTH, VALKEYCLI_AUTH } = terminal.env;
  const asked = flags.askpass ? await terminal.askSecret('Please input password:') : undefined;
  if (asked === '') throw new UsageError('no password was given');
  const password = asked ?? typed ?? REDISCLI_AUTH ?? VALKEYCLI_AUTH;
  const user = flags.user ?? uri?.user;
  if (password === undefined || password === '') {
    if (user !== undefined)
      throw new UsageError(`user '${user}' needs a password (--askpass, REDISCLI_AUTH or --pass)`);
    return undefined;
  }
  return { ...(user !== undefined && { user }), password: new Secret(password) };
}

export type TlsFlags = Pick<ConnectionFlags, 'cacert' | 'cacertdir' | 'cert' | 'key' | 'sni' | 'insecure'>;

/** Whoever names certificates does not want the password to go over the wire as it is, whether or not --tls stands beside. */
export function meansTls({ cacert, cacertdir, cert, key, sni, insecure }: TlsFlags): boolean {
  return insecure === true || [cacert, cacertdir, cert, key, sni].some(option => option !== undefined);
}

function readTrustedHosts(list: string | undefined): Promise<TrustedHosts | undefined> {
  return asUsage(() => (list === undefined ? undefined : TrustedHosts.parse(list)));
}

/** Nodes name each other, and with that the names that their certificates have to bear. */
export function warnOfTrust(
  { insecure, cacert, cacertdir, sni }: TlsFlags,
  trustedHosts: TrustedHosts | undefined,
  terminal: Terminal,
  prefix = '--',
): void {
  if (insecure)
    terminal.warn(
      `Warning: ${prefix}insecure verifies no certificate: anyone on the network path can read and change everything, passwords included.`,
    );
  else if (!cacert && !cacertdir && !sni && !trustedHosts)
    terminal.warn(
      `Warning: any certificate from a public authority is accepted for any name a node announces; restrict that with ${prefix}cacert, ${prefix}sni or --trust-hosts.`,
    );
}

/** `prefix`: how the options begin. */
export async function readTls(flags: TlsFlags, prefix = '--'): Promise<TlsSettings> {
  if ((flags.cert === undefined) !== (flags.key === undefined)) {
    throw new UsageError(`a client certificate takes both ${prefix}cert and ${prefix}key`);
  }
  const choices = {
    ...(flags.sni !== undefined && { serverName: flags.sni }),
    insecure: flags.insecure === true,
  };
  return asUsage(async () => tlsSettings(await readTlsFiles(flags), choices));
}

/** Text with an equals sign is the map itself; anything else names a file. */
async function readAddressMap(value: string | undefined): Promise<AddressMap | undefined> {
  if (value === undefined) return undefined;
  return asUsage(async () => {
    return AddressMap.parse(value.includes('=') ? value : (await readBytes(value)).toString('utf8'));
  });
}
