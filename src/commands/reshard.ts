/** `reshard`: slots go to another primary, so many of some nodes, or just those that are named. */
import { Command, Option } from 'commander';
import { planReshard } from '../plan/reshard.ts';
import { SlotSet } from '../topology/slot-set.ts';
import { asUsage } from './connection-options.ts';
import { type Context, type ExitCode, UsageError } from './context.ts';
import { moveAsPlanned } from './move-as-planned.ts';
import { addMoveOptions, type MoveFlags, type MoveOptions, positive, resolveMove } from './move-options.ts';

export type WhichSlots =
  | { readonly from: readonly string[] | 'all'; readonly count: number }
  | { readonly slots: SlotSet };

export interface ReshardOptions extends MoveOptions {
  readonly to: string;
  readonly which: WhichSlots;
}

interface ReshardFlags extends MoveFlags {
  readonly clusterFrom?: string;
  readonly clusterTo?: string;
  readonly clusterSlots?: number;
  readonly slots?: string;
}

export function reshardCommand(context: Context, run = runReshard): Command {
  const command = new Command('reshard')
    .description('move slots, and the keys in them, to another primary')
    .argument('[address...]', 'any node: host:port, host port, or a URI')
    .option('--cluster-from <nodes>', 'whose slots: all, or ids or host:port, separated by commas')
    .option('--cluster-to <node>', 'the primary that gets them')
    .addOption(new Option('--cluster-slots <count>', 'how many').argParser(positive))
    .option('--slots <ranges>', 'which, wherever they are: 0-99,4000');
  return addMoveOptions(command).action(async (words: string[], flags: ReshardFlags) => {
    const which = await asUsage(() => readWhich(flags));
    if (flags.clusterTo === undefined)
      throw new UsageError('--cluster-to names the primary that gets the slots');
    const options = await resolveMove(words, flags, context);
    context.finish(await run({ ...options, to: flags.clusterTo, which }, context));
  });
}

function readWhich({ clusterFrom, clusterSlots, slots }: ReshardFlags): WhichSlots {
  if (slots !== undefined) {
    if (clusterFrom !== undefined || clusterSlots !== undefined)
      throw new UsageError('--slots names the slots; --cluster-from and --cluster-slots do not go with it');
    return { slots: SlotSet.parse(slots) };
  }
  if (clusterFrom === undefined || clusterSlots === undefined)
    throw new UsageError(
      'say how many slots (--cluster-slots) and whose (--cluster-from), or which (--slots)',
    );
  return { from: clusterFrom === 'all' ? 'all' : clusterFrom.split(','), count: clusterSlots };
}

export function runReshard(options: ReshardOptions, context: Context): Promise<ExitCode> {
  const { to, which, despiteFindings } = options;
  return moveAsPlanned(options, context, {
    command: 'reshard',
    plan: snapshot => planReshard({ snapshot, to, despiteFindings, ...which }),
    question: 'Do you want to proceed with the proposed reshard plan?',
    already: 'The slots are where they are to be. Nothing to do.',
  });
}
