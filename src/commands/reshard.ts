/** `reshard`: slots go to another primary, so many of some nodes, or just those that are named. */
import { Command } from 'commander';
import { planReshard } from '../plan/slots/reshard.ts';
import { renderClassicReshard } from '../report/text/moves.ts';
import { SlotSet } from '../topology/slot-set.ts';
import { askReshard } from './ask-reshard.ts';
import { carryOutMoves } from './carry-out-moves.ts';
import { showingCheckOnce } from './classic/check.ts';
import { asUsage, type Context, type ExitCode, UsageError } from './context.ts';
import { addMoveOptions, type MoveFlags, type MoveOptions, resolveMove } from './options/move.ts';
import { positive } from './options/numbers.ts';
import { isComplete, type Said } from './reshard-questions.ts';

/** Slots that are named, or so many of some nodes; what is not said of those is asked for. */
export type ReshardWish = Said | Request;

type Request = Required<Said> | { readonly slots: SlotSet; readonly to: string };

export interface ReshardOptions extends MoveOptions {
  readonly wish: ReshardWish;
}

interface ReshardFlags extends MoveFlags {
  readonly clusterFrom?: string;
  readonly clusterTo?: string;
  readonly clusterSlots?: number;
  readonly slots?: string;
}

export function reshardCommand(context: Context, run = runReshard): Command {
  const command = new Command('reshard')
    .usage('[options] <address>')
    .description('move slots, and the keys in them, to another primary; what is not said is asked for')
    .argument('[address...]', 'any node: host:port, host port, or a URI')
    .option('--cluster-from <nodes>', 'whose slots: all, or ids or host:port, separated by commas')
    .option('--cluster-to <node>', 'the primary that gets them')
    .option('--cluster-slots <count>', 'how many', positive)
    .option('--slots <ranges>', 'which, wherever they are: 0-99,4000');
  return addMoveOptions(command).action(async (words: string[], flags: ReshardFlags) => {
    const wish = await asUsage(() => readWish(flags));
    const options = await resolveMove(words, flags, context);
    context.finish(await run({ ...options, wish }, context));
  });
}

function readWish({ clusterFrom, clusterTo, clusterSlots, slots }: ReshardFlags): ReshardWish {
  if (slots === undefined)
    return {
      ...(clusterSlots !== undefined && { count: clusterSlots }),
      ...(clusterTo !== undefined && { to: clusterTo }),
      ...(clusterFrom !== undefined && { from: clusterFrom === 'all' ? 'all' : clusterFrom.split(',') }),
    };
  if (clusterFrom !== undefined || clusterSlots !== undefined)
    throw new UsageError('--slots names the slots; --cluster-from and --cluster-slots do not go with it');
  if (clusterTo === undefined) throw new UsageError('--cluster-to names the primary that gets the slots');
  return { slots: SlotSet.parse(slots), to: clusterTo };
}

function isRequest(wish: ReshardWish): wish is Request {
  return 'slots' in wish || isComplete(wish);
}

export function runReshard({ wish, ...options }: ReshardOptions, context: Context): Promise<ExitCode> {
  const { despiteFindings, json } = options;
  const { conventions, terminal } = context;
  const isClassic = conventions === 'classic';
  const showCheck = showingCheckOnce(options, context);
  let request = isRequest(wish) ? wish : undefined;
  return carryOutMoves(options, context, {
    command: 'reshard',
    decide: async look => {
      let seen = await look();
      showCheck(seen);
      if (!request) {
        const how = { despiteFindings, silently: json, listsNodes: !isClassic };
        const asked = await askReshard(wish, seen, terminal, how);
        if (asked.kind === 'refused') return { seen: seen.snapshot, decision: asked };
        request = asked.said;
        // While somebody thinks, nodes fail and others take over.
        seen = await look();
      }
      return { seen: seen.snapshot, decision: planReshard({ ...seen, despiteFindings, ...request }) };
    },
    ...(isClassic && { preview: renderClassicReshard }),
    question: `Do you want to proceed with the proposed reshard plan${isClassic ? ' (yes/no)' : ''}?`,
    already: 'The slots are where they are to be. Nothing to do.',
    tellsEachSlot: true,
  });
}
