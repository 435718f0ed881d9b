/** How keys come: the options of `import`. */

import { type Command, InvalidArgumentError, Option } from 'commander';
import type { PaceLimits } from '../../live/keys/pace.ts';
import type { MigrateLimits } from '../../plan/slots/move-settings.ts';
import type { DatabaseClash, ImportWishes } from '../../plan/transfer/import.ts';
import type { Terminal } from '../../terminal.ts';
import { type FleetOptions, UsageError } from '../context.ts';
import { alsoCalled } from './also-called.ts';
import { addConsentOptions, type ConsentFlags, type ConsentOptions, consentOptions } from './change.ts';
import { addConnectionOptions, type ConnectionFlags, resolveConnection } from './connection.ts';
import {
  addSourceOptions,
  hideSourceLogin,
  resolveSource,
  type SourceFlags,
  type SourceOptions,
} from './import-source.ts';
import {
  ALLOW_BLOCKING,
  addMigrateOptions,
  addPaceOptions,
  type MigrateFlags,
  migrateLimits,
  paceOf,
} from './move.ts';

export interface ImportOptions extends FleetOptions, ConsentOptions {
  readonly source: SourceOptions;
  readonly wishes: ImportWishes;
  readonly limits: MigrateLimits;
  readonly paceLimits: PaceLimits;
  readonly rescues: boolean;
  readonly verbose: boolean;
}

export interface ImportFlags extends ConnectionFlags, SourceFlags, ConsentFlags, MigrateFlags, PaceLimits {
  readonly clusterCopy?: boolean;
  readonly clusterReplace?: boolean;
  readonly rescue: boolean;
  readonly databases?: readonly number[];
  readonly databaseClash: DatabaseClash;
  readonly throughHere?: boolean;
  readonly despiteFindings?: boolean;
  readonly verbose?: boolean;
}

/** More than where slots are open for as long as it takes. */
const FIRST_BATCH = 100;

export function addImportOptions(command: Command): Command {
  addSourceOptions(command)
    .option('--cluster-copy', 'the source keeps its keys')
    .option('--cluster-replace', 'overwrite values that differ in the cluster, and keep them in a file')
    .option('--no-rescue', 'with --cluster-replace: they are not kept')
    .option('--databases <list>', 'of the source, as 0,3', databaseNumbers)
    .addOption(
      new Option(
        '--database-clash <rule>',
        'several databases become one: refuse keys that two have, put dbN: in front, or take the last',
      )
        .choices(['refuse', 'prefix', 'last'])
        .default('refuse'),
    )
    .option('--through-here', 'pass values through this machine, for a source that cannot reach the cluster');
  addMigrateOptions(command, { firstBatch: FIRST_BATCH }).option(...ALLOW_BLOCKING);
  addPaceOptions(command, 'at most')
    .option('--despite-findings', 'even if the cluster is not healthy')
    .option('--verbose', 'a line for each key')
    .addOption(alsoCalled('--copy', 'clusterCopy'))
    .addOption(alsoCalled('--replace', 'clusterReplace'));
  return addConnectionOptions(addConsentOptions(command));
}

function databaseNumbers(text: string): readonly number[] {
  if (!/^\d{1,6}(,\d{1,6})*$/.test(text)) throw new InvalidArgumentError('It must be numbers, as 0,3.');
  return text.split(',').map(Number);
}

export async function resolveImport(
  words: readonly string[],
  flags: ImportFlags,
  terminal: Terminal,
): Promise<ImportOptions> {
  hideSourceLogin(flags, terminal);
  const connection = await resolveConnection(words, flags, terminal);
  const { clusterReplace: replace = false, clusterCopy: copy = false } = flags;
  // The second run finds only what had lost, and would write it over what had won.
  if (flags.databaseClash === 'last' && replace && !copy)
    throw new UsageError('--database-clash last with --cluster-replace needs --cluster-copy');
  if (!flags.rescue && !replace) throw new UsageError('--no-rescue goes with --cluster-replace');
  return {
    ...connection,
    source: await resolveSource(flags, connection.fleet, terminal),
    wishes: {
      copy,
      replace,
      throughHere: flags.throughHere === true,
      clash: flags.databaseClash,
      ...(flags.databases && { databases: flags.databases }),
      despiteFindings: flags.despiteFindings === true,
    },
    limits: migrateLimits(flags),
    paceLimits: paceOf(flags),
    rescues: flags.rescue,
    verbose: flags.verbose === true,
    ...consentOptions(flags),
  };
}
