/** The options that all commands on membership share. */
import { type Command, Option } from 'commander';
import { readBytes } from '../../live/files/whole-file.ts';
import { readZoneMap, type ZoneMap } from '../../plan/placement/zone-map.ts';
import { asUsage, type Context } from '../context.ts';
import { addChangeOptions, type ChangeFlags, type ChangeOptions, changeOptions } from './change.ts';
import { addConnectionOptions, type ConnectionFlags, resolveConnection } from './connection.ts';

export interface MembershipFlags extends ConnectionFlags, ChangeFlags {
  readonly zone?: string;
  readonly zones?: string;
  readonly forceMixed?: boolean;
}

export interface MembershipOptions extends ChangeOptions {
  readonly zones: ZoneMap;
  /** Products and versions that do not go together. */
  readonly allowMixed: boolean;
}

export function addMembershipOptions(command: Command): Command {
  command
    .option('--zone <host=zone,…>', 'the rack or availability zone of each host')
    .addOption(new Option('--zones <file>', 'the same, as lines of a file').conflicts('zone'))
    .option('--force-mixed', 'even if the products or versions of the nodes do not go together');
  return addConnectionOptions(addChangeOptions(command));
}

/** The words that name the entry node. */
export async function resolveMembership(
  words: readonly string[],
  flags: MembershipFlags,
  { terminal }: Context,
): Promise<MembershipOptions> {
  const connection = await resolveConnection(words, flags, terminal);
  return {
    ...connection,
    ...changeOptions(flags),
    zones: await readZones(flags),
    allowMixed: flags.forceMixed === true,
  };
}

function readZones({ zone, zones }: MembershipFlags): Promise<ZoneMap> {
  return asUsage(async () =>
    readZoneMap(zone ?? (zones === undefined ? '' : (await readBytes(zones)).toString('utf8'))),
  );
}
