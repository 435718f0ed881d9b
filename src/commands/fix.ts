/** `fix` and `explain`: what is wrong with a cluster, what is done about it, and what that may cost. */
import { Command, Option } from 'commander';
import type { Preference } from '../live/fix/key-pairs.ts';
import { listMigrations } from '../live/list-migrations.ts';
import { RescueFile } from '../live/rescue-file.ts';
import { takeCensus } from '../live/take-census.ts';
import { type FixPlan, type FixWishes, isStuck, planFix } from '../plan/fix.ts';
import { slotsToCount } from '../plan/fix-questions.ts';
import { placesIn } from '../plan/zones.ts';
import { eventLine } from '../report/events.ts';
import { renderFix } from '../report/fix.ts';
import { NodeNames } from '../report/names.ts';
import type { Fleet } from '../resp/fleet.ts';
import {
  addChangeOptions,
  type ChangeFlags,
  type ChangeOptions,
  carryOut,
  changeOptions,
  type Decided,
} from './carry-out.ts';
import { addConnectionOptions, type ConnectionFlags, resolveConnection } from './connection-options.ts';
import { type Context, EXIT, type ExitCode, UsageError, withFleet } from './context.ts';
import { lookAtCluster } from './membership-options.ts';
import { USUAL_MOVING } from './move-options.ts';

export interface FixOptions extends Omit<ChangeOptions, 'moving' | 'mending'> {
  readonly wishes: FixWishes;
  readonly prefer: Preference;
  /** Where values go that give way to others. */
  readonly rescueFile?: string;
  /** Tells everything, and does nothing. */
  readonly explain: boolean;
}

interface FixFlags extends ConnectionFlags, ChangeFlags {
  readonly explain?: boolean;
  readonly searchMultipleOwners?: boolean;
  readonly clusterSearchMultipleOwners?: boolean;
  readonly clusterFixWithUnreachableMasters?: boolean;
  readonly clusterFixWithUnreachablePrimaries?: boolean;
  readonly prefer?: 'owner' | 'other';
  readonly preferNewest?: boolean;
  readonly rescueFile?: string;
}

export function fixCommand(context: Context, run = runFix): Command {
  const command = new Command('fix')
    .description(
      'mend a cluster: open slots, slots without an owner or with two, keys in the wrong place, ghosts',
    )
    .argument('[address...]', 'any node: host:port, host port, or a URI')
    .option(
      '--explain',
      'tell what is wrong, how it comes, what would be done and by what commands; do nothing',
    );
  return addFixOptions(command).action(async (words: string[], flags: FixFlags) => {
    context.finish(await run(await resolveFix(words, flags, context), context));
  });
}

export function explainCommand(context: Context, run = runFix): Command {
  const command = new Command('explain')
    .description('the same as fix --explain: changes nothing')
    .argument('[address...]', 'any node: host:port, host port, or a URI');
  return addFixOptions(command).action(async (words: string[], flags: FixFlags) => {
    context.finish(await run({ ...(await resolveFix(words, flags, context)), explain: true }, context));
  });
}

function addFixOptions(command: Command): Command {
  command
    .option(
      '--search-multiple-owners',
      'count the keys in all slots, and bring home those outside their owners',
    )
    .addOption(new Option('--cluster-search-multiple-owners').hideHelp())
    .option(
      '--cluster-fix-with-unreachable-masters',
      'give the slots of nodes that do not answer to others; what only they have is lost',
    )
    .addOption(new Option('--cluster-fix-with-unreachable-primaries').hideHelp())
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
    .option('--rescue-file <file>', 'where the other value goes (default: slotctl-rescue-<time>.jsonl)');
  return addConnectionOptions(addChangeOptions(command));
}

async function resolveFix(
  words: readonly string[],
  flags: FixFlags,
  { terminal }: Context,
): Promise<FixOptions> {
  if (flags.rescueFile === '') throw new UsageError('--rescue-file takes the name of a file');
  return {
    ...(await resolveConnection(words, flags, terminal)),
    ...changeOptions(flags),
    wishes: {
      searchOwners: flags.searchMultipleOwners === true || flags.clusterSearchMultipleOwners === true,
      withUnreachable:
        flags.clusterFixWithUnreachableMasters === true || flags.clusterFixWithUnreachablePrimaries === true,
    },
    prefer: flags.preferNewest ? 'newest' : (flags.prefer ?? 'owner'),
    ...(flags.rescueFile !== undefined && { rescueFile: flags.rescueFile }),
    explain: flags.explain === true,
  };
}

/** What one round brings to light the next one mends; more than this means that something keeps breaking it. */
const MOST_ROUNDS = 6;

export async function runFix(options: FixOptions, context: Context): Promise<ExitCode> {
  const { nowMs } = context;
  const path = options.rescueFile ?? `slotctl-rescue-${Math.round(nowMs())}.jsonl`;
  const file = new RescueFile(path, nowMs);
  try {
    return await mendInRounds(options, file, context);
  } finally {
    await file.close();
  }
}

async function mendInRounds(options: FixOptions, file: RescueFile, context: Context): Promise<ExitCode> {
  const look = () => withFleet(context, options, fleet => decideOnRound(fleet, options));
  for (let round = 1; ; round++) {
    const decided = await look();
    if (decided.decision.kind === 'refused') return oneRound(decided, look, options, file, context);
    const { plan } = decided.decision;
    if (plan.stages.length === 0 || options.explain) return conclude(plan, round, options, context);
    if (round > MOST_ROUNDS) return conclude(plan, round, options, context);
    const code = await oneRound(decided, look, options, file, context);
    if (code !== EXIT.done || options.dryRun || options.planFile !== undefined) return code;
  }
}

async function decideOnRound(fleet: Fleet, { wishes }: FixOptions): Promise<Decided<FixPlan>> {
  const snapshot = await lookAtCluster(fleet);
  const slots = slotsToCount(snapshot, wishes.searchOwners);
  const primaries = snapshot.views.filter(({ self }) => self.role === 'primary');
  const [census, migrations] = await Promise.all([
    slots.size > 0
      ? takeCensus(
          fleet,
          primaries.map(view => ({ view, slots })),
        )
      : new Map(),
    listMigrations(fleet, snapshot),
  ]);
  const placeOf = placesIn(snapshot, new Map());
  return { seen: snapshot, decision: planFix({ snapshot, census, migrations, wishes, placeOf }) };
}

function oneRound(
  first: Decided<FixPlan>,
  look: () => Promise<Decided<FixPlan>>,
  options: FixOptions,
  file: RescueFile,
  context: Context,
): Promise<ExitCode> {
  const { paint } = context.terminal;
  let known: Decided<FixPlan> | undefined = first;
  const decide = async () => {
    const decided = known ?? (await look());
    known = undefined;
    return decided;
  };
  const { timeoutMs } = USUAL_MOVING.limits;
  return carryOut(
    {
      command: 'fix',
      decide,
      preview: plan => renderFix(plan, { explain: false }, paint),
      question: 'Can I mend this?',
      already: 'Nothing is left to do.',
      done: 'That is done. Looking again:',
      unfinished: () => 'Not everything was mended. Run the same command again to go on from here.',
    },
    {
      ...options,
      // The servers refuse to move open slots by themselves.
      moving: { ...USUAL_MOVING, mover: 'migrate' },
      mending: { prefer: options.prefer, timeoutMs, rescue: value => file.append(value) },
    },
    context,
  );
}

/** Nothing more can be done, or nothing is to be done. */
function conclude(
  plan: FixPlan,
  round: number,
  { explain, json }: FixOptions,
  { terminal }: Context,
): ExitCode {
  const { paint } = terminal;
  const [code, text] = verdict(plan, round, explain);
  const names = new NodeNames(plan.before);
  if (json) {
    if (explain || code !== EXIT.done)
      terminal.print(eventLine({ event: 'plan', command: 'fix', plan }, names));
    terminal.print(eventLine({ event: 'end', command: 'fix', code, text }, names));
    return code;
  }
  terminal.print(renderFix(plan, { explain }, paint));
  if (code === EXIT.done) terminal.print(`${paint.good(`[OK] ${text}`)}\n`);
  else terminal.warn(text);
  return code;
}

function verdict(plan: FixPlan, round: number, explain: boolean): [ExitCode, string] {
  const { situations, left, stages } = plan;
  const isHealthy = left.length === 0 && stages.length === 0 && !situations.some(isStuck);
  if (isHealthy && round === 1) return [EXIT.done, 'Nothing is wrong. Nothing to do.'];
  if (isHealthy) return [EXIT.done, 'All 16384 slots covered. Nothing is left to mend.'];
  if (explain) return [EXIT.problems, 'Nothing was changed.'];
  if (stages.length > 0) return [EXIT.problems, 'The cluster keeps breaking while it is mended.'];
  const isUnsafe = situations.some(({ obstacle }) => obstacle === 'unreachable-owner');
  if (round === 1 && isUnsafe) return [EXIT.refused, 'Nothing was changed: it could lose keys.'];
  return [EXIT.problems, 'This is left; see above.'];
}
