/** How `fix` and `explain` are told what to do. */

import { type Command, Option } from 'commander';
import type { SavedFix } from '../../plan/files/fix-file.ts';
import type { FixWishes, Preference } from '../../plan/fix/fix.ts';
import { type Context, UsageError } from '../context.ts';
import { alsoCalled } from './also-called.ts';
import { addChangeOptions, type ChangeFlags, type ChangeOptions, changeOptions } from './change.ts';
import { addConnectionOptions, type ConnectionFlags, resolveConnection } from './connection.ts';
import { ALLOW_BLOCKING } from './move.ts';
import { positive } from './numbers.ts';

export interface FixOptions extends Omit<ChangeOptions, 'moving' | 'mending'> {
  readonly wishes: FixWishes;
  readonly prefer: Preference;
  /** Where values go that give way to others. */
  readonly rescueFile?: string;
  /** Somebody else may have named it: no file that is there already is written to. */
  readonly rescueFileFromPlan?: boolean;
  readonly allowBlocking: boolean;
  /** What servers wait for each other in one MIGRATE. */
  readonly timeoutMs?: number;
  /** Tells everything, and does nothing. */
  readonly explain: boolean;
  /** From a file: this much is done, and no more. */
  readonly approved?: SavedFix;
  /** Lines about the manner that the file brings. */
  readonly brought?: readonly string[];
}

export interface FixFlags extends ConnectionFlags, ChangeFlags {
  readonly explain?: boolean;
  readonly searchMultipleOwners?: boolean;
  readonly clusterFixWithUnreachableMasters?: boolean;
  readonly prefer?: 'owner' | 'other';
  readonly preferNewest?: boolean;
  readonly rescueFile?: string;
  readonly planOut?: string;
  readonly allowBlocking?: boolean;
  readonly clusterTimeout?: number;
}

export function addFixOptions(command: Command): Command {
  command
    .option(
      '--no-search-multiple-owners',
      'leave keys where they are whose holders neither own nor have open their slots',
    )
    .addOption(new Option('--search-multiple-owners').hideHelp())
    .addOption(new Option('--cluster-search-multiple-owners').hideHelp())
    .option(
      '--cluster-fix-with-unreachable-masters',
      'give the slots of nodes that do not answer to others; what only they have is lost',
    )
    .addOption(alsoCalled('--cluster-fix-with-unreachable-primaries', 'clusterFixWithUnreachableMasters'))
    .addOption(
      new Option('--prefer <side>', 'whose value stays where a key has two (default: owner)').choices([
        'owner',
        'other',
      ]),
    )
    .addOption(
      new Option(
        '--prefer-newest',
        'the value that was used last stays, or the stream that was written to last',
      ).conflicts('prefer'),
    )
    .option(...ALLOW_BLOCKING)
    .option('--cluster-timeout <ms>', 'what servers wait for each other in one MIGRATE', positive)
    .option('--plan-out <file>', 'write the plan to a file, and do nothing')
    .option(
      '--rescue-file <file>',
      'where the other value goes (default: slotctl-rescue-<time>-<random>.jsonl)',
    );
  return addConnectionOptions(addChangeOptions(command));
}

/** Options of doing are taken, so that a command line of fix can be explained, and are of no use. */
export function addExplainOptions(command: Command): Command {
  addFixOptions(command);
  for (const option of command.options) if (DOING.has(option.long ?? '')) option.hideHelp();
  return command;
}

const DOING: ReadonlySet<string> = new Set([
  '--yes',
  '--dry-run',
  '--plan-out',
  '--rescue-file',
  '--join-timeout',
  '--cluster-timeout',
]);

export async function resolveFix(
  words: readonly string[],
  flags: FixFlags,
  { terminal }: Context,
): Promise<FixOptions> {
  if (flags.rescueFile === '') throw new UsageError('--rescue-file takes the name of a file');
  return {
    ...(await resolveConnection(words, flags, terminal)),
    ...changeOptions(flags),
    wishes: {
      searchOwners: flags.searchMultipleOwners !== false,
      withUnreachable: flags.clusterFixWithUnreachableMasters === true,
    },
    prefer: flags.preferNewest ? 'newest' : (flags.prefer ?? 'owner'),
    ...(flags.rescueFile !== undefined && { rescueFile: flags.rescueFile }),
    ...(flags.planOut !== undefined && { planFile: flags.planOut }),
    allowBlocking: flags.allowBlocking === true,
    ...(flags.clusterTimeout !== undefined && { timeoutMs: flags.clusterTimeout }),
    explain: flags.explain === true,
  };
}
