/** From a decision to its end: refuse, or show, ask, do, and say what came of it. The same for every change. */
import { execute } from '../live/execute.ts';
import { freshName } from '../live/files/fresh-file.ts';
import { FileError, saveFile, saveFreshFile } from '../live/files/whole-file.ts';
import { sameStages } from '../plan/stages.ts';
import { leavesSomething, type Plan } from '../plan/step.ts';
import { eventLine } from '../report/json/change-events.ts';
import type { Paint } from '../report/paint.ts';
import { remarkLines } from '../report/text/membership.ts';
import { NodeNames } from '../report/text/names.ts';
import type { FleetSettings } from '../resp/fleet.ts';
import { formatAddress } from '../topology/node.ts';
import type { Change, Ending } from './change.ts';
import { type Context, EXIT, type ExitCode, type FleetOptions, withFleet } from './context.ts';
import type { ChangeOptions } from './options/change.ts';
import { afterAnswer } from './telling/after-answer.ts';
import { followPlan } from './telling/follow-plan.ts';
import { Teller } from './telling/teller.ts';

/** A cluster that changes while the person is asked is shown again, but not for ever. */
const MOST_QUESTIONS = 3;

export async function carryOut<P extends Plan>(
  options: ChangeOptions,
  context: Context,
  change: Change<P>,
): Promise<ExitCode> {
  const teller = new Teller({ command: change.command, json: options.json }, context);
  return teller.toItsEnd(async () => {
    const agreed = await agreeOnPlan(change, teller, options, context);
    const { isFirstPart = false, isRound = false } = change;
    const isTried = 'plan' in agreed;
    const { code, text = '' } = isTried
      ? await perform(change, agreed.plan, teller, options, context)
      : agreed;
    if (!options.json) return teller.end(code, text);
    // More is to come, and the end is the last that a program reads.
    if (isFirstPart && code === EXIT.done) return code;
    teller.ended(isRound && isTried && code !== EXIT.interrupted ? 'round-done' : 'end', code, text);
    return code;
  });
}

async function perform<P extends Plan>(
  change: Change<P>,
  plan: P,
  teller: Teller,
  { joinTimeoutMs, waitsForCopies = false, moving, mending, ...options }: ChangeOptions,
  context: Context,
): Promise<Ending> {
  const { nowMs } = context;
  let isStopping = false;
  const finishSoon = () => {
    isStopping = true;
    options.onStopping?.();
    teller.note('Finishing what is under way; once more stops at once, and leaves slots open.');
  };
  return withFleet(context, { ...options, finishSoon: moving && finishSoon }, async fleet => {
    const movingNow = moving && { moving: { ...moving, isStopping: () => isStopping } };
    const how = { joinTimeoutMs, waitsForCopies, nowMs, ...movingNow, ...(mending && { mending }) };
    const events = execute(fleet, plan, how);
    const { code, hasLost, told, undecided = [] } = await followPlan(change, plan, events, teller, context);
    change.onLosses?.(told);
    if (code === EXIT.refused) return { code, text: 'Nothing was changed.' };
    if (code !== EXIT.done)
      return { code, text: await leaveUnfinished(change, plan, hasLost, options, context) };
    const problems = (await change.verify?.(fleet, plan, { told, note: text => teller.warn(text) })) ?? [];
    if (problems.length > 0) {
      for (const line of [...undecided, ...problems]) teller.complain('error', line);
      return { code: EXIT.problems, text: 'Done, and this is wrong now.' };
    }
    for (const line of undecided) teller.warn(line);
    if (hasLost) return { code: EXIT.problems, text: 'Done, but keys were lost.' };
    if (leavesSomething(plan))
      return { code: EXIT.problems, text: 'Done, except for what the warnings name.' };
    return { code: EXIT.done, text: change.done };
  });
}

const AGAIN = 'Not everything was done. Run the same command again to go on from here.';

/** What was not done can be done later, where the plan can be written down. */
async function leaveUnfinished<P extends Plan>(
  change: Change<P>,
  plan: P,
  hasLost: boolean,
  { fleet }: FleetOptions,
  { nowMs }: Context,
): Promise<string> {
  const text = change.unfinished?.(plan, new NodeNames(plan.before), hasLost) ?? AGAIN;
  const document = change.document?.(plan);
  if (document === undefined) return text;
  const file = freshName('plan', 'json', nowMs());
  try {
    await saveFreshFile(file, document);
  } catch (error) {
    // How the work itself has ended is the news, and the exit code.
    if (!(error instanceof FileError)) throw error;
    return `${text} What is left could not be written down: ${error.message}.`;
  }
  return `${text} To go on from here: ${applyCommandLine(file, change, fleet)}`;
}

/** Where there is a login, `apply` asks about a place that only the file names. */
function applyCommandLine<P extends Plan>(
  file: string,
  { applyWith = '' }: Change<P>,
  { credentials, entry }: FleetSettings,
): string {
  const place = entry.kind === 'unix' ? `-s ${entry.path}` : formatAddress(entry);
  return `slotctl apply ${file}${credentials ? ` ${place}` : ''}${applyWith}`;
}

/** A plan that is shown and wanted, or why there is none. */
async function agreeOnPlan<P extends Plan>(
  change: Change<P>,
  teller: Teller,
  options: ChangeOptions,
  { terminal }: Context,
): Promise<{ readonly plan: P } | Ending> {
  let decided = await change.decide();
  for (let questions = 1; ; questions++) {
    const { decision } = decided;
    if (decision.kind === 'refused') return teller.refused(decision.refusals, decided.seen);
    const { plan } = decision;
    if (plan.stages.length === 0) return nothingToDo(change, plan, teller, terminal.paint);
    const { command } = change;
    teller.print(
      teller.json
        ? eventLine({ event: 'plan', command, plan }, new NodeNames(plan.before))
        : change.preview(plan, terminal.paint),
    );
    if (options.planFile !== undefined && change.document) {
      await saveFile(options.planFile, change.document(plan));
      return {
        code: EXIT.done,
        text: `Nothing was changed. To carry it out: ${applyCommandLine(options.planFile, change, options.fleet)}`,
      };
    }
    if (options.dryRun) return { code: EXIT.done };
    if (options.yes) return { plan };
    const ending = afterAnswer(await terminal.confirm(change.question));
    if (ending) return ending;
    // While somebody thinks, nodes fail and others take over.
    decided = await change.decide();
    if (decided.decision.kind === 'plan' && sameStages(plan, decided.decision.plan)) return decided.decision;
    if (questions === MOST_QUESTIONS)
      return { code: EXIT.refused, text: 'Nothing was changed: the cluster keeps changing.' };
    teller.note('The cluster has changed since you were asked. This is how things are now:');
  }
}

function nothingToDo<P extends Plan>({ already }: Change<P>, plan: P, teller: Teller, paint: Paint): Ending {
  for (const line of remarkLines(plan, paint)) teller.say(`${line}\n`);
  return leavesSomething(plan)
    ? { code: EXIT.problems, text: 'Nothing was changed.' }
    : { code: EXIT.done, text: already };
}
