/** How keys come: the options of `import`. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { ImportLimits } from '../../live/import/import-run.ts';
import type { PaceLimits } from '../../live/keys/pace.ts';
import type { DatabaseClash, ImportWishes } from '../../plan/transfer/import.ts';
import type { Terminal } from '../../terminal.ts';
import { type FleetOptions, UsageError } from '../context.ts';
import { addConnectionOptions, type ConnectionFlags, resolveConnection } from './connection.ts';
import {
  addSourceOptions,
  hideSourceLogin,
  resolveSource,
  type SourceFlags,
  type SourceOptions,
} from './import-source.ts';
import { positive, USUAL_MOVING } from './move.ts';

export interface ImportOptions extends FleetOptions {
  readonly source: SourceOptions;
  readonly wishes: ImportWishes;
  readonly limits: ImportLimits;
  readonly paceLimits: PaceLimits;
  readonly rescues: boolean;
  readonly verbose: boolean;
  readonly yes: boolean;
  readonly dryRun: boolean;
  readonly json: boolean;
}

export interface ImportFlags extends ConnectionFlags, SourceFlags {
  readonly clusterCopy?: boolean;
  readonly copy?: boolean;
  readonly clusterReplace?: boolean;
  readonly replace?: boolean;
  readonly rescue: boolean;
  readonly databases?: readonly number[];
  readonly databaseClash: DatabaseClash;
  readonly throughHere?: boolean;
  readonly clusterPipeline: number;
  readonly clusterTimeout: number;
  readonly maxBlockMs: number;
  readonly allowBlocking?: boolean;
  readonly maxKeysPerSecond?: number;
  readonly maxBytesPerSecond?: number;
  readonly pauseAboveMs?: number;
  readonly despiteFindings?: boolean;
  readonly verbose?: boolean;
  readonly yes?: boolean;
  readonly clusterYes?: boolean;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

/** More than where slots are open for as long as it takes. */
const FIRST_BATCH = 100;

export function addImportOptions(command: Command): Command {
  const { limits } = USUAL_MOVING;
  addSourceOptions(command);
  const options = [
    new Option('--cluster-copy', 'the source keeps its keys'),
    new Option('--cluster-replace', 'overwrite values that differ in the cluster, and keep them in a file'),
    new Option('--no-rescue', 'with --cluster-replace: they are not kept'),
    new Option('--databases <list>', 'of the source, as 0,3').argParser(databaseNumbers),
    new Option(
      '--database-clash <rule>',
      'several databases become one: refuse keys that two have, put dbN: in front, or take the last',
    )
      .choices(['refuse', 'prefix', 'last'])
      .default('refuse'),
    new Option(
      '--through-here',
      'pass values through this machine, for a source that cannot reach the cluster',
    ),
    new Option('--cluster-pipeline <keys>', 'keys in the first MIGRATE')
      .default(FIRST_BATCH)
      .argParser(positive),
    new Option('--cluster-timeout <ms>', 'what servers wait for each other in one MIGRATE')
      .default(limits.timeoutMs)
      .argParser(positive),
    new Option('--max-block-ms <ms>', 'how long one MIGRATE may hold up clients')
      .default(limits.maxBlockMs)
      .argParser(positive),
    new Option(
      '--allow-blocking',
      'move even keys that block the servers for longer than half the node timeout',
    ),
    new Option('--max-keys-per-second <keys>', 'at most').argParser(positive),
    new Option('--max-bytes-per-second <bytes>', 'at most').argParser(positive),
    new Option('--pause-above-ms <ms>', 'rest while a PING at source or target takes longer').argParser(
      positive,
    ),
    new Option('--despite-findings', 'even if the cluster is not healthy'),
    new Option('--verbose', 'a line for each key'),
    new Option('-y, --yes', 'do not ask'),
    new Option('--dry-run', 'show what would be done, and do nothing'),
    new Option('--json', 'print one JSON object per line'),
    ...['--cluster-yes', '--copy', '--replace'].map(old => new Option(old).hideHelp()),
  ];
  for (const option of options) command.addOption(option);
  return addConnectionOptions(command);
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
  const { maxKeysPerSecond, maxBytesPerSecond, pauseAboveMs, databases } = flags;
  const replace = flags.clusterReplace === true || flags.replace === true;
  const copy = flags.clusterCopy === true || flags.copy === true;
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
      ...(databases && { databases }),
      despiteFindings: flags.despiteFindings === true,
    },
    limits: {
      firstBatch: flags.clusterPipeline,
      maxBlockMs: flags.maxBlockMs,
      timeoutMs: flags.clusterTimeout,
      allowBlocking: flags.allowBlocking === true,
    },
    paceLimits: {
      ...(maxKeysPerSecond !== undefined && { maxKeysPerSecond }),
      ...(maxBytesPerSecond !== undefined && { maxBytesPerSecond }),
      ...(pauseAboveMs !== undefined && { pauseAboveMs }),
    },
    rescues: flags.rescue,
    verbose: flags.verbose === true,
    yes: flags.yes === true || flags.clusterYes === true,
    dryRun: flags.dryRun === true,
    json: flags.json === true,
  };
}
