/** Where keys come from: the options that say so, and what they come to. */
import { type Command, Option } from 'commander';
import { type Credentials, Secret } from '../../resp/credentials.ts';
import type { FleetSettings } from '../../resp/fleet.ts';
import { isUri, mayHoldSecret, parseAddress, parseUri, type UriParts } from '../../resp/parse-address.ts';
import type { Terminal } from '../../terminal.ts';
import type { Address } from '../../topology/node.ts';
import { UsageError } from '../context.ts';
import { asUsage, meansTls, readTls, warnOfTrust } from './connection.ts';

export interface SourceOptions {
  readonly address: Address;
  readonly fleet: FleetSettings;
}

export interface SourceFlags {
  readonly authWarning: boolean;
  readonly clusterFrom?: string;
  readonly from?: string;
  readonly clusterFromUser?: string;
  readonly clusterFromPass?: string;
  readonly clusterFromAskpass?: boolean;
  readonly clusterFromTls?: boolean;
  readonly clusterFromCacert?: string;
  readonly clusterFromCacertdir?: string;
  readonly clusterFromCert?: string;
  readonly clusterFromKey?: string;
  readonly clusterFromSni?: string;
  readonly clusterFromInsecure?: boolean;
}

const GROUP = 'The source:';
/** How its options begin. */
const FROM = '--cluster-from-';

export function addSourceOptions(command: Command): void {
  const options = [
    new Option('--cluster-from <address>', 'a server by itself, or any node of another cluster'),
    new Option('--cluster-from-user <name>', 'ACL user there'),
    new Option(
      '--cluster-from-pass <password>',
      'password there (safer: the next one, or SLOTCTL_FROM_AUTH)',
    ),
    new Option('--cluster-from-askpass', 'ask for the password there'),
    new Option('--cluster-from-tls', 'use TLS with it (implied by the next six)'),
    new Option('--cluster-from-cacert <file>', 'authorities to trust there'),
    new Option('--cluster-from-cacertdir <dir>', 'a folder of such files'),
    new Option('--cluster-from-cert <file>', 'client certificate for it'),
    new Option('--cluster-from-key <file>', 'private key of that'),
    new Option('--cluster-from-sni <name>', 'the name that its certificate must bear'),
    new Option('--cluster-from-insecure', 'do not verify its certificate; warns'),
  ];
  for (const option of options) command.addOption(option.helpGroup(GROUP));
  command.addOption(new Option('--from <address>').hideHelp());
}

/** Before anything is asked or read, which may take as long as somebody thinks. */
export function hideSourceLogin(
  { clusterFrom, from, clusterFromPass }: SourceFlags,
  terminal: Terminal,
): void {
  const isSecret =
    clusterFromPass !== undefined || [clusterFrom, from].some(word => word && mayHoldSecret(word));
  if (isSecret) terminal.hideCommandLine();
}

/** It has a login and TLS of its own, and the patience that is had with the cluster. */
export async function resolveSource(
  flags: SourceFlags,
  { connectTimeoutMs, replyTimeoutMs, trustedHosts }: FleetSettings,
  terminal: Terminal,
): Promise<SourceOptions> {
  const word = flags.clusterFrom ?? flags.from;
  if (word === undefined)
    throw new UsageError(
      "Option '--cluster-from' is required for subcommand 'import': where the keys come from",
    );
  const uri = await asUsage(() => (isUri(word) ? parseUri(word) : undefined));
  const { host, port } = uri?.address ?? (await asUsage(() => parseAddress(word)));
  const credentials = await readSourceLogin(flags, uri, terminal);
  const own = tlsFlags(flags);
  const tls = flags.clusterFromTls || uri?.tls || meansTls(own) ? await readTls(own, FROM) : undefined;
  if (tls) warnOfTrust(own, trustedHosts, terminal, FROM);
  return {
    address: { host, port },
    fleet: {
      entry: { kind: 'tcp', host, port },
      connectTimeoutMs,
      replyTimeoutMs,
      ...(credentials && { credentials }),
      ...(tls && { tls }),
      ...(trustedHosts && { trustedHosts }),
    },
  };
}

async function readSourceLogin(
  flags: SourceFlags,
  uri: UriParts | undefined,
  terminal: Terminal,
): Promise<Credentials | undefined> {
  const typed = flags.clusterFromPass ?? uri?.password;
  if (typed !== undefined && flags.authWarning)
    terminal.warn(
      'Warning: a password on the command line can be seen by other users; --cluster-from-askpass or SLOTCTL_FROM_AUTH hide it.',
    );
  const asked = flags.clusterFromAskpass
    ? await terminal.askSecret('Please input import source node password:')
    : undefined;
  if (asked === '') throw new UsageError('no password of the source was given');
  const { SLOTCTL_FROM_AUTH } = terminal.env;
  const password = asked ?? typed ?? SLOTCTL_FROM_AUTH;
  const user = flags.clusterFromUser ?? uri?.user;
  if (password === undefined || password === '') {
    if (user !== undefined)
      throw new UsageError(
        `user '${user}' needs a password (--cluster-from-askpass, SLOTCTL_FROM_AUTH or --cluster-from-pass)`,
      );
    return undefined;
  }
  return { ...(user !== undefined && { user }), password: new Secret(password) };
}

function tlsFlags(flags: SourceFlags) {
  const { clusterFromCacert: cacert, clusterFromCacertdir: cacertdir, clusterFromSni: sni } = flags;
  const { clusterFromCert: cert, clusterFromKey: key, clusterFromInsecure: insecure } = flags;
  return {
    ...(cacert !== undefined && { cacert }),
    ...(cacertdir !== undefined && { cacertdir }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
    ...(sni !== undefined && { sni }),
    ...(insecure && { insecure }),
  };
}
