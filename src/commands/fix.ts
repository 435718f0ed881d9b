/** `fix` and `explain`: what is wrong with a cluster, what is done about it, and what that may cost. */

import { Command } from 'commander';
import { lookForKeys } from '../live/fix/look-for-keys.ts';
import { RescueFile } from '../live/keys/rescue-file.ts';
import { listMigrations } from '../live/look/list-migrations.ts';
import { lookAtCluster } from '../live/look/look-at-cluster.ts';
import { beyondFile, fixDocument } from '../plan/files/fix-file.ts';
import { type FixPlan, planFix } from '../plan/fix/fix.ts';
import type { SituationKind } from '../plan/fix/situation-kinds.ts';
import { slotsToCount } from '../plan/fix/slots-to-count.ts';
import { placesIn } from '../plan/placement/zone-map.ts';
import { renderFix } from '../report/text/fix.ts';
import { commandLines } from '../report/text/fix-steps.ts';
import { NodeNames } from '../report/text/names.ts';
import type { Fleet } from '../resp/fleet.ts';
import type { NodeId } from '../topology/node.ts';
import { carryOut } from './carry-out.ts';
import type { Decided } from './change.ts';
import { type ShowCheck, showingCheckOnce } from './classic/check.ts';
import { asUsage, type Context, EXIT, type ExitCode, withFleet } from './context.ts';
import type { ChangeOptions } from './options/change.ts';
import {
  addExplainOptions,
  addFixOptions,
  type FixFlags,
  type FixOptions,
  resolveFix,
} from './options/fix.ts';
import { USUAL_MOVING } from './options/move.ts';
import { concludeFix, lossesSince, type Round } from './telling/fix-end.ts';
import { Teller } from './telling/teller.ts';

export function fixCommand(context: Context, run = runFix): Command {
  const command = new Command('fix')
    .usage('[options] <address>')
    .description(
      'repair a cluster: open slots, slots without an owner or with two, misplaced keys, stale nodes',
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
    .usage('[options] <address>')
    .description('tell what is wrong, how it comes, and what fix would do; change nothing')
    .argument('[address...]', 'any node: host:port, host port, or a URI');
  return addExplainOptions(command).action(async (words: string[], flags: FixFlags) => {
    context.finish(await run({ ...(await resolveFix(words, flags, context)), explain: true }, context));
  });
}

/** What one round brings to light the next one mends; more than this means that something keeps breaking it. */
const MOST_ROUNDS = 6;

/** What a round stumbles over is often something that has changed since the look, and looks otherwise at the next one. */
const MOST_FAILURES = 2;
/** Unless that took so long that somebody had to wait for it in vain. */
const LONG_MS = 30_000;

/** Another round would lose more. */
const LOST = 'Not everything was repaired, and keys were lost.';

const NO_ROOM =
  'Not everything was repaired: no value is overwritten that cannot be kept. fix --rescue-file FILE goes on, with a file that can be written.';

export async function runFix(options: FixOptions, context: Context): Promise<ExitCode> {
  const { nowMs } = context;
  const { rescueFile, rescueFileFromPlan: isFromPlan = false } = options;
  const file =
    rescueFile === undefined
      ? RescueFile.unnamed(nowMs)
      : isFromPlan
        ? RescueFile.fresh(rescueFile, nowMs)
        : new RescueFile(rescueFile, nowMs);
  try {
    // Rather now than with a slot half mended. Nobody has chosen the usual place, and mostly nothing is kept there.
    if (options.rescueFile !== undefined && !options.explain) await asUsage(() => file.tryOut());
    return await mendInRounds(options, file, context);
  } finally {
    await file.close();
  }
}

async function mendInRounds(options: FixOptions, file: RescueFile, context: Context): Promise<ExitCode> {
  const teller = new Teller({ command: 'fix', json: options.json }, context);
  let isStopping = false;
  const onStopping = () => {
    isStopping = true;
  };
  const showCheck = showingCheckOnce(options, context, { keys: true });
  const look = () => withFleet(context, options, fleet => decideOnRound(fleet, options, showCheck));
  const lookAfter = (done: readonly Round[]) =>
    withFleet(context, options, async fleet => {
      const decided = await decideOnRound(fleet, options, showCheck);
      // Keys have been counted since it was seen.
      return { decided, late: decided.seen ? await lossesSince(done, decided.seen, fleet) : [] };
    });
  const isTrial = options.dryRun || options.planFile !== undefined;
  const done: Round[] = [];
  for (let round = 1, failures = 0; ; round++) {
    const { decided, late } = await lookAfter(done);
    if (late.length > 0) {
      for (const sentence of late) teller.complain('error', sentence);
      return teller.end(EXIT.problems, LOST);
    }
    if (decided.decision.kind === 'refused')
      return teller.end(teller.refused(decided.decision.refusals, decided.seen).code);
    const { plan } = decided.decision;
    if (plan.stages.length === 0 || options.explain || round > MOST_ROUNDS)
      return concludeFix(plan, round, options.explain, teller, context.terminal.paint);
    const beganAt = context.nowMs();
    const trouble: Trouble = { isThere: false, hasLost: false, told: new Set() };
    const code = await oneRound(decided, look, { ...options, onStopping }, { file, trouble }, context);
    done.push({ plan, told: trouble.told });
    if (trouble.isThere && code === EXIT.problems) {
      failures++;
      if (file.hasFailed) return teller.end(code, NO_ROOM);
      if (trouble.hasLost) return teller.end(code, LOST);
      if (failures <= MOST_FAILURES && context.nowMs() - beganAt < LONG_MS) continue;
      return teller.end(code, 'Not everything was repaired. Run the same command again to go on from here.');
    }
    // In words it has been told; for programs nothing comes after `end`.
    if (code === EXIT.problems && options.json) return teller.end(code, LOST);
    if (code !== EXIT.done || isTrial) return code;
    if (isStopping) return teller.end(EXIT.interrupted, 'Not everything was repaired.');
  }
}

/** Looks at whatever a round of mending is planned from, and plans it. */
export async function decideOnRound(
  fleet: Fleet,
  {
    wishes,
    prefer,
    approved,
    explain = false,
    joinTimeoutMs = 0,
  }: Pick<FixOptions, 'wishes' | 'approved'> &
    Partial<Pick<FixOptions, 'prefer' | 'explain' | 'joinTimeoutMs'>>,
  showCheck: ShowCheck = () => {},
): Promise<Decided<FixPlan>> {
  const examined = await lookAtCluster(fleet, { joinTimeoutMs: explain ? 0 : joinTimeoutMs });
  const { snapshot, findings } = examined;
  showCheck(examined);
  const { searchOwners } = wishes;
  const [census, migrations] = await Promise.all([
    lookForKeys(fleet, snapshot, { slots: slotsToCount(findings), searchOwners }),
    listMigrations(fleet, snapshot),
  ]);
  const placeOf = placesIn(snapshot, new Map());
  const decision = planFix({ ...examined, census, migrations, wishes, placeOf, ...(prefer && { prefer }) });
  const differences = approved && decision.kind === 'plan' ? beyondFile(decision.plan, approved) : [];
  if (differences.length === 0) return { seen: snapshot, decision };
  const refusals = [{ kind: 'plan-outdated', differences } as const];
  return { seen: snapshot, decision: { kind: 'refused', refusals } };
}

/** Whether a round has not come to its end. */
interface Trouble {
  isThere: boolean;
  /** Keys are gone. */
  hasLost: boolean;
  told: ReadonlySet<NodeId>;
}

function oneRound(
  first: Decided<FixPlan>,
  look: () => Promise<Decided<FixPlan>>,
  options: FixOptions,
  { file, trouble }: { readonly file: RescueFile; readonly trouble: Trouble },
  context: Context,
): Promise<ExitCode> {
  let known: Decided<FixPlan> | undefined = first;
  const decide = async () => {
    const decided = known ?? (await look());
    known = undefined;
    return decided;
  };
  const { allowBlocking, timeoutMs } = options;
  const limits = { ...USUAL_MOVING.limits, allowBlocking, ...(timeoutMs !== undefined && { timeoutMs }) };
  const how: ChangeOptions = {
    ...options,
    yes: options.yes || (context.isTheirTool === true && !givesSlotsAway(first)),
    // The servers refuse to move open slots by themselves.
    moving: { ...USUAL_MOVING, mover: 'migrate', limits },
    mending: {
      prefer: options.prefer,
      timeoutMs: limits.timeoutMs,
      allowBlocking,
      rescue: value => file.add([value]),
      keptIn: file.path,
    },
  };
  return carryOut(how, context, {
    command: 'fix',
    decide,
    preview: (plan, paint) => `${renderFix(plan, { explain: false }, paint)}${broughtLines(options)}`,
    question: 'Can I mend this?',
    already: 'Nothing is left to do.',
    isRound: true,
    tellsEachSlot: context.conventions === 'classic',
    done: 'That is done. Looking again:',
    // Where it is not asked for, running the same command again is the way to go on.
    ...(options.planFile !== undefined && { document: (plan: FixPlan) => documentOf(plan, options) }),
    onLosses: told => {
      trouble.told = told;
    },
    unfinished: (_plan, _names, hasLost) => {
      Object.assign(trouble, { isThere: true, hasLost });
      return 'Not all of that was done.';
    },
  });
}

/** What redis-cli asks about. It closes and finishes open slots without a question, and scripts have no answer ready. */
function givesSlotsAway({ decision }: Decided<FixPlan>): boolean {
  const kinds: readonly SituationKind[] = ['uncovered-empty', 'uncovered-with-keys', 'owner-dead'];
  return decision.kind === 'plan' && decision.plan.situations.some(({ kind }) => kinds.includes(kind));
}

function broughtLines({ brought = [] }: FixOptions): string {
  return brought.map(line => `${line}\n`).join('');
}

function documentOf(plan: FixPlan, options: FixOptions): string {
  const names = new NodeNames(plan.before);
  return fixDocument(plan, options, situation => commandLines(situation, plan, names));
}
