/** Tells how a plan is carried out, step by step. */
import { isHarmless } from '../../plan/slots/loss.ts';
import type { Plan, PlanEvent, Problem, Step } from '../../plan/step.ts';
import { eventLine } from '../../report/json/change-events.ts';
import { copyLines } from '../../report/text/full-syncs.ts';
import { describeLoss } from '../../report/text/loss.ts';
import { movedSlotLines } from '../../report/text/moves.ts';
import { NodeNames } from '../../report/text/names.ts';
import { describeNote } from '../../report/text/note.ts';
import { failureLines, stageLines, waitingText } from '../../report/text/progress.ts';
import type { NodeId } from '../../topology/node.ts';
import type { Change, PlanOutcome } from '../change.ts';
import { type Context, EXIT, type ExitCode } from '../context.ts';
import { MoveProgress } from './move-progress.ts';
import type { Teller } from './teller.ts';

interface Following<P extends Plan> {
  readonly change: Change<P>;
  readonly plan: P;
  readonly names: NodeNames;
  readonly progress: MoveProgress;
  readonly teller: Teller;
  readonly terminal: Context['terminal'];
}

export async function followPlan<P extends Plan>(
  change: Change<P>,
  plan: P,
  events: AsyncIterable<PlanEvent>,
  teller: Teller,
  { terminal, nowMs }: Context,
): Promise<PlanOutcome> {
  const names = new NodeNames(plan.before);
  const progress = new MoveProgress(nowMs);
  const following = { change, plan, names, progress, teller, terminal };
  let code: ExitCode = EXIT.done;
  let hasChanged = false;
  let hasLost = false;
  const told = new Set<NodeId>();
  let undecided: string[] | undefined;
  let spinner = terminal.spin('beginning');
  for await (const event of events) {
    if (event.kind === 'waiting') {
      spinner.say(waitingText(event, names));
      continue;
    }
    if (event.kind === 'moved') {
      progress.moved(event.step, event.slots, event.keys);
      spinner.say(progress.text(plan, names));
      if (!teller.json && terminal.interactive) continue;
    }
    spinner.stop();
    if (event.kind === 'step-failed' && isLeftToTheLastLook(event, change)) {
      undecided = [...(undecided ?? []), ...failureLines(event, plan, names)];
      continue;
    }
    tell(event, following);
    if (event.kind === 'step-failed') code = codeOf(event.problem, hasChanged);
    hasChanged ||= event.kind === 'step-done' && !ONLY_LOOKS.has(event.step.kind);
    if (event.kind === 'loss') {
      // One that evicts as it always does may be restarted after that.
      if (event.loss.kind === 'restarted' || !event.loss.isUsual) told.add(event.loss.node);
      hasLost ||= !isHarmless(event.loss);
    }
    spinner = terminal.spin('working');
  }
  spinner.stop();
  return { code, hasLost, told, ...(undecided && code === EXIT.done && { undecided }) };
}

/** By then all has moved; and who is silent for a moment may not be when everybody is asked. */
function isLeftToTheLastLook<P extends Plan>(
  { step, problem }: Extract<PlanEvent, { kind: 'step-failed' }>,
  { lastLookDecides = false }: Change<P>,
): boolean {
  return lastLookDecides && step.kind === 'agree' && problem.kind !== 'interrupted';
}

function tell<P extends Plan>(
  event: Exclude<PlanEvent, { kind: 'waiting' }>,
  { change, plan, names, progress, teller, terminal }: Following<P>,
): void {
  if (event.kind === 'stage-began') progress.beginStage();
  if (teller.json) {
    teller.print(eventLine({ event: 'progress', of: event, plan }, names));
    return;
  }
  const printAll = (lines: readonly string[]) => teller.print(lines.map(line => `${line}\n`).join(''));
  switch (event.kind) {
    case 'stage-began':
      printAll(stageLines(event.stage, names, terminal.paint));
      break;
    case 'step-done':
      if (event.step.kind === 'move-slots') printAll([progress.finished(event.step, names)]);
      break;
    case 'moved':
      if (change.tellsEachSlot) teller.print(movedSlotLines(event.step, event.slots, names));
      break;
    case 'noted':
      teller.warn(describeNote(event.note));
      break;
    case 'loss':
      if (isHarmless(event.loss)) teller.warn(describeLoss(event.loss, names));
      else teller.complain('error', describeLoss(event.loss, names));
      break;
    case 'copying':
      printAll(copyLines(event.copies, names.of(plan.before.entry), names));
      break;
    case 'step-failed':
      for (const line of failureLines(event, plan, names)) teller.complain('error', line);
      break;
  }
}

const ONLY_LOOKS: ReadonlySet<Step['kind']> = new Set(['be-ready', 'agree']);

/** What was refused before anything was changed is a refusal. */
function codeOf({ kind }: Problem, hasChanged: boolean): ExitCode {
  if (kind === 'interrupted') return EXIT.interrupted;
  return kind === 'no-right' && !hasChanged ? EXIT.refused : EXIT.problems;
}
