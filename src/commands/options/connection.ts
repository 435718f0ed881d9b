/** How to get to a cluster: the options that every command shares, and what they come to. */

import type { Command } from 'commander';
import { readTlsFiles, type TlsPaths } from '../../live/files/tls-files.ts';
import { readBytes } from '../../live/files/whole-file.ts';
import { AddressMap } from '../../resp/address-map.ts';
import { type Credentials, Secret } from '../../resp/credentials.ts';
import type { FleetSettings } from '../../resp/fleet.ts';
import { isUri, mayHoldSecret, parseAddress, parseUri, type UriParts } from '../../resp/parse-address.ts';
import type { Endpoint, TlsSettings } from '../../resp/socket.ts';
import { tlsSettings } from '../../resp/tls-files.ts';
import { TrustedHosts } from '../../resp/trusted-hosts.ts';
import type { Terminal } from '../../terminal.ts';
import { asUsage, type FleetOptions, UsageError } from '../context.ts';
import { seconds } from './numbers.ts';

const CONNECT_TIMEOUT_SECONDS = 3;
const REPLY_TIMEOUT_SECONDS = 5;

/** How to get in at a place: at the cluster, and by options that begin otherwise at the source of an import. */
export interface AccessFlags extends TlsPaths {
  readonly pass?: string;
  readonly user?: string;
  readonly askpass?: boolean;
  readonly tls?: boolean;
  readonly sni?: string;
  readonly insecure?: boolean;
}

export interface ConnectionFlags extends AccessFlags {
  readonly socket?: string;
  readonly uri?: string;
  readonly authWarning: boolean;
  readonly trustHosts?: string;
  readonly connectTimeout: number;
  readonly replyTimeout: number;
  readonly addressMap?: string;
  readonly trace?: boolean;
}

export function addConnectionOptions(command: Command): Command {
  return command
    .optionsGroup('Connection:')
    .option('-s, --socket <path>', 'reach the entry node by its unix socket')
    .option('-a, --pass <password>', 'password (safer: --askpass, REDISCLI_AUTH or VALKEYCLI_AUTH)')
    .option('--user <name>', 'ACL user')
    .option('--askpass', 'ask for the password; without a terminal, read it from standard input')
    .option('-u, --uri <uri>', 'redis://, rediss://, valkey:// or valkeys:// user, password and address')
    .option('--no-auth-warning', 'do not warn of a password on the command line')
    .option('--tls', 'use TLS with every node (implied by the next six); certificates are verified')
    .option('--cacert <file>', 'authorities to trust, instead of the system’s')
    .option('--cacertdir <dir>', 'a folder of such files')
    .option('--cert <file>', 'client certificate')
    .option('--key <file>', 'private key of the client certificate')
    .option('--sni <name>', 'the name to ask for, and that certificates must bear')
    .option('--insecure', 'do not verify certificates; warns')
    .option(
      '--trust-hosts <list>',
      'networks and name suffixes (10.0.0.0/8,.example.com); nodes announced elsewhere are not connected to',
    )
    .option(
      '-t, --connect-timeout <seconds>',
      'how long a connection may take to open',
      seconds,
      CONNECT_TIMEOUT_SECONDS,
    )
    .option('--reply-timeout <seconds>', 'how long a node may take to answer', seconds, REPLY_TIMEOUT_SECONDS)
    .option('--address-map <map>', 'internal=external[,…] or a file of such lines, for clusters behind NAT')
    .option('--trace', 'print every command and reply to stderr')
    .optionsGroup('');
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
  const { authWarning, trustHosts } = flags;
  const trustedHosts = await asUsage(() =>
    trustHosts === undefined ? undefined : TrustedHosts.parse(trustHosts),
  );
  const access = await resolveAccess(flags, { uri, trustedHosts, authWarning }, CLUSTER, terminal);
  const addressMap = await readAddressMap(flags.addressMap);
  const fleet: FleetSettings = {
    entry,
    connectTimeoutMs: flags.connectTimeout * 1000,
    replyTimeoutMs: flags.replyTimeout * 1000,
    ...access,
    ...(trustedHosts && { trustedHosts }),
    ...(addressMap && { addressMap }),
  };
  return { fleet, trace: flags.trace === true };
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

/** What is said of the options for a place. */
export interface AccessWords {
  /** How they begin. */
  readonly prefix: string;
  /** Where the password may be instead; the first is the one to name. */
  readonly variables: readonly string[];
  readonly question: string;
  readonly noAnswer: string;
  /** Of a password on the command line. */
  readonly warning: string;
}

const CLUSTER: AccessWords = {
  prefix: '--',
  variables: ['REDISCLI_AUTH', 'VALKEYCLI_AUTH'],
  question: 'Please input password:',
  noAnswer: 'no password was given',
  warning:
    "Warning: Using a password with '-a' or '-u' option on the command line interface may not be safe. Other users can see it; --askpass or REDISCLI_AUTH hide it.",
};

interface AccessSettings {
  readonly uri: UriParts | undefined;
  readonly trustedHosts: TrustedHosts | undefined;
  readonly authWarning: boolean;
}

/** The login, and TLS. Whoever names certificates means TLS, whether or not that option stands beside them. */
export async function resolveAccess(
  flags: AccessFlags,
  settings: AccessSettings,
  words: AccessWords,
  terminal: Terminal,
): Promise<Pick<FleetSettings, 'credentials' | 'tls'>> {
  const credentials = await readCredentials(flags, settings, words, terminal);
  const { cacert, cacertdir, cert, key, sni, insecure } = flags;
  const impliesTls = [cacert, cacertdir, cert, key, sni, insecure].some(option => option !== undefined);
  const tls = flags.tls || settings.uri?.tls || impliesTls ? await readTls(flags, words.prefix) : undefined;
  if (tls) warnOfTrust(flags, settings.trustedHosts, words.prefix, terminal);
  return { ...(credentials && { credentials }), ...(tls && { tls }) };
}

async function readCredentials(
  flags: AccessFlags,
  { uri, authWarning }: AccessSettings,
  { prefix, variables, question, noAnswer, warning }: AccessWords,
  terminal: Terminal,
): Promise<Credentials | undefined> {
  const typed = flags.pass ?? uri?.password;
  if (typed !== undefined && authWarning) terminal.warn(warning);
  const asked = flags.askpass ? await terminal.askSecret(question) : undefined;
  if (asked === '') throw new UsageError(noAnswer);
  const known = variables.map(name => terminal.env[name]).find(value => value !== undefined);
  const password = asked ?? typed ?? known;
  const user = flags.user ?? uri?.user;
  if (password === undefined || password === '') {
    if (user !== undefined)
      throw new UsageError(
        `user '${user}' needs a password (${prefix}askpass, ${variables[0]} or ${prefix}pass)`,
      );
    return undefined;
  }
  return { ...(user !== undefined && { user }), password: new Secret(password) };
}

/** Nodes name each other, and with that the names that their certificates have to bear. */
function warnOfTrust(
  { insecure, cacert, cacertdir, sni }: AccessFlags,
  trustedHosts: TrustedHosts | undefined,
  prefix: string,
  terminal: Terminal,
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

async function readTls(flags: AccessFlags, prefix: string): Promise<TlsSettings> {
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
