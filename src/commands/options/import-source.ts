/** Where keys come from: the options that say so, and what they come to. */
import { type Command, Option } from 'commander';
import type { FleetSettings } from '../../resp/fleet.ts';
import { isUri, mayHoldSecret, parseAddress, parseUri } from '../../resp/parse-address.ts';
import type { Terminal } from '../../terminal.ts';
import type { Address } from '../../topology/node.ts';
import { asUsage, UsageError } from '../context.ts';
import { type AccessFlags, type AccessWords, type ConnectionFlags, resolveAccess } from './connection.ts';

export interface SourceOptions {
  readonly address: Address;
  readonly fleet: FleetSettings;
}

/** As those of the cluster, each with what they begin with in front. */
export type SourceFlags = {
  readonly [Flag in keyof AccessFlags as `clusterFrom${Capitalize<Flag>}`]: AccessFlags[Flag];
} & Pick<ConnectionFlags, 'authWarning'> & { readonly clusterFrom?: string; readonly from?: string };

const SOURCE: AccessWords = {
  prefix: '--cluster-from-',
  variables: ['SLOTCTL_FROM_AUTH'],
  question: 'Please input import source node password:',
  noAnswer: 'no password of the source was given',
  warning:
    'Warning: a password on the command line can be seen by other users; --cluster-from-askpass or SLOTCTL_FROM_AUTH hide it.',
};

export function addSourceOptions(command: Command): Command {
  return command
    .optionsGroup('The source:')
    .option('--cluster-from <address>', 'a server by itself, or any node of another cluster')
    .option('--cluster-from-user <name>', 'ACL user there')
    .option('--cluster-from-pass <password>', 'password there (safer: the next one, or SLOTCTL_FROM_AUTH)')
    .option('--cluster-from-askpass', 'ask for the password there')
    .option('--cluster-from-tls', 'use TLS with it (implied by the next six)')
    .option('--cluster-from-cacert <file>', 'authorities to trust there')
    .option('--cluster-from-cacertdir <dir>', 'a folder of such files')
    .option('--cluster-from-cert <file>', 'client certificate for it')
    .option('--cluster-from-key <file>', 'private key of that')
    .option('--cluster-from-sni <name>', 'the name that its certificate must bear')
    .option('--cluster-from-insecure', 'do not verify its certificate; warns')
    .addOption(new Option('--from <address>').hideHelp())
    .optionsGroup('');
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
  const { authWarning } = flags;
  const access = await resolveAccess(
    accessFlags(flags),
    { uri, trustedHosts, authWarning },
    SOURCE,
    terminal,
  );
  return {
    address: { host, port },
    fleet: {
      entry: { kind: 'tcp', host, port },
      connectTimeoutMs,
      replyTimeoutMs,
      ...access,
      ...(trustedHosts && { trustedHosts }),
    },
  };
}

/** By the names that they have for the cluster. */
function accessFlags(flags: SourceFlags): AccessFlags {
  const own = Object.entries(flags).flatMap(([name, value]) => {
    const [, first, rest] = /^clusterFrom(\w)(\w*)$/.exec(name) ?? [];
    return first === undefined ? [] : [[`${first.toLowerCase()}${rest}`, value]];
  });
  return Object.fromEntries(own);
}
