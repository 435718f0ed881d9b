/** `rebalance`: every primary gets its share of the slots, with the fewest that move. */
import { Command, InvalidArgumentError, Option } from 'commander';
import { planRebalance, sharesIn } from '../plan/slots/rebalance.ts';
import { renderRebalance } from '../report/text/moves.ts';
import { carryOutMoves, planOnSight } from './carry-out-moves.ts';
import { showingCheckOnce } from './classic/check.ts';
import { type Context, type ExitCode, UsageError } from './context.ts';
import { addMoveOptions, type MoveFlags, type MoveOptions, resolveMove } from './options/move.ts';
import { readNumber } from './options/numbers.ts';

interface Weight {
  readonly word: string;
  readonly weight: number;
}

export interface RebalanceOptions extends MoveOptions {
  readonly weights: readonly Weight[];
  readonly thresholdPercent: number;
  readonly useEmpty: boolean;
}

interface RebalanceFlags extends MoveFlags {
  readonly clusterWeight?: readonly Weight[];
  readonly clusterThreshold: number;
  readonly clusterUseEmptyMasters?: boolean;
}

const THRESHOLD_PERCENT = 2;

export function rebalanceCommand(context: Context, run = runRebalance): Command {
  const command = new Command('rebalance')
    .usage('[options] <address>')
    .description('give every primary its share of the slots, moving as few as possible')
    .argument('[address...]', 'any node: host:port, host port, or a URI')
    .option(
      '--cluster-weight <node=weight...>',
      'a node’s share, 1 unless said otherwise; 0 empties it',
      readWeight,
    )
    .option('--cluster-threshold <percent>', 'how far off a node must be', readThreshold, THRESHOLD_PERCENT)
    .option('--cluster-use-empty-masters', 'primaries without slots get some, too')
    .addOption(
      new Option('--cluster-use-empty-primaries', 'the same').implies({ clusterUseEmptyMasters: true }),
    )
    .addOption(new Option('--cluster-simulate', 'the same as --dry-run').implies({ dryRun: true }));
  return addMoveOptions(command).action(async (words: string[], flags: RebalanceFlags) => {
    const options = await resolveMove(words, flags, context);
    const weights = flags.clusterWeight ?? [];
    const again = weights.find(({ word }, i) => weights.findIndex(other => other.word === word) !== i);
    if (again) throw new UsageError(`${again.word} is given two weights`);
    const { clusterThreshold: thresholdPercent, clusterUseEmptyMasters: useEmpty = false } = flags;
    context.finish(await run({ ...options, weights, thresholdPercent, useEmpty }, context));
  });
}

function readWeight(text: string, before: readonly Weight[] = []): readonly Weight[] {
  const [, word = '', written = ''] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
  const weight = readNumber(written);
  if (word === '' || weight === undefined)
    throw new InvalidArgumentError(
      'It must be node=weight, the weight a finite number that is not negative.',
    );
  return [...before, { word, weight }];
}

function readThreshold(text: string): number {
  const value = readNumber(text);
  if (value === undefined)
    throw new InvalidArgumentError('It must be a finite number of percent that is not negative.');
  return value;
}

export function runRebalance(options: RebalanceOptions, context: Context): Promise<ExitCode> {
  const { weights, thresholdPercent, useEmpty, despiteFindings } = options;
  const wishes = { weights, thresholdPercent, useEmpty, despiteFindings };
  const showCheck = showingCheckOnce(options, context, { nodes: false });
  return carryOutMoves(options, context, {
    command: 'rebalance',
    decide: planOnSight(seen => {
      showCheck(seen);
      return planRebalance({ ...seen, ...wishes });
    }),
    preview: (plan, paint) => renderRebalance(plan, sharesIn({ snapshot: plan.before, ...wishes }), paint),
    question: 'Can I move these slots?',
    already: `No rebalancing needed! All nodes are within the ${thresholdPercent.toFixed(2)}% threshold.`,
  });
}
