/** Where `apply` goes: to the node on the command line, or to the one in the file, which is asked about before a login. */

import { type Context, type ExitCode, UsageError } from './context.ts';
import type { ChangeOptions } from './options/change.ts';
import type { ConnectionFlags } from './options/connection.ts';
import { afterAnswer } from './telling/after-answer.ts';
import { Teller } from './telling/teller.ts';

interface Located {
  readonly entry?: string;
}

/** What the command line names counts, and only without that what the file does. */
export function entryWords(
  { entry }: Located,
  address: readonly string[],
  flags: ConnectionFlags,
): readonly string[] {
  if (isNamed(address, flags)) return address;
  if (entry === undefined)
    throw new UsageError(
      'the file does not say where the cluster is; name a node: slotctl apply FILE ADDRESS',
    );
  return [entry];
}

function isNamed(address: readonly string[], { uri, socket }: ConnectionFlags): boolean {
  return address.length > 0 || uri !== undefined || socket !== undefined;
}

/** A file may come from anywhere, and name a place that only waits for a password. Undefined: go on. */
export async function agreeOnEntry(
  { entry }: Located,
  address: readonly string[],
  { fleet, yes, json, flags }: ChangeOptions & { readonly flags: ConnectionFlags },
  context: Context,
): Promise<ExitCode | undefined> {
  if (yes || fleet.credentials === undefined || isNamed(address, flags)) return undefined;
  const { terminal } = context;
  const { user } = fleet.credentials;
  const login = user === undefined ? 'the password' : `the password of ${user}`;
  terminal.warn(`The plan says that the cluster is at ${entry}, which would get ${login}.`);
  const ending = afterAnswer(await terminal.confirm(`Can I log in at ${entry}?`), {
    nobody: `nobody answered. Name the node on the command line (slotctl apply FILE ${entry}), or give --yes.`,
  });
  return ending && new Teller({ command: 'apply', json }, context).end(ending.code, ending.text);
}
