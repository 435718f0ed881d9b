/** Tells of a change while it is decided on and carried out: in words, or as lines of JSON. */

import type { Refusal } from '../../plan/refusal.ts';
import { isHarmless } from '../../plan/slots/loss.ts';
import { leavesSomething, type Plan, type PlanEvent, type Problem, type Step } from '../../plan/step.ts';
import { classicRefusal } from '../../report/classic/refusal.ts';
import { eventLine } from '../../report/json/events.ts';
import { copyLines } from '../../report/text/full-syncs.ts';
import { describeLoss } from '../../report/text/loss.ts';
import { describeRemark } from '../../report/text/membership.ts';
import { movedSlotLines } from '../../report/text/moves.ts';
import { NodeNames, vocabularyOf } from '../../report/text/names.ts';
import { failureLines, stageLines, waitingText } from '../../report/text/progress.ts';
import { describeRefusal } from '../../report/text/refusal.ts';
import type { NodeId } from '../../topology/node.ts';
import type { ClusterSnapshot } from '../../topology/snapshot.ts';
import type { Change, Decided, Ending, Outcome } from '../change.ts';
import { type Context, EXIT, type ExitCode } from '../context.ts';
import { explainFailure } from './failures.ts';
import { MoveProgress } from './move-progress.ts';

/** Tells the person, or the program that reads --json. */
export class Teller<P extends Plan> {
  readonly #change: Change<P>;
  readonly #json: boolean;
  readonly #context: Context;
  readonly #progress: MoveProgress;
  /** Whether something has been begun. */
  #isUnderWay = false;
  #names = new NodeNames();
  /** Steps of one stage often fail for one reason. */
  readonly #complaints = new Set<string>();

  constructor(change: Change<P>, json: boolean, context: Context) {
    this.#change = change;
    this.#json = json;
    this.#context = context;
    this.#progress = new MoveProgress(context.nowMs);
  }

  refused(refusals: readonly Refusal[], { seen }: Decided<P>): Ending {
    this.#names = new NodeNames(seen);
    const { command } = this.#change;
    if (this.#json) this.#print(eventLine({ event: 'refused', command, refusals }, this.#names));
    else
      for (const refusal of refusals) {
        this.#complainAsClassic(refusal, seen);
        this.#complain(describeRefusal(refusal, this.#names));
      }
    return { code: EXIT.refused };
  }

  nothingToDo(plan: P): Ending {
    this.#names = new NodeNames(plan.before);
    for (const remark of plan.remarks) this.#remark(describeRemark(remark, this.#names));
    return leavesSomething(plan)
      ? { code: EXIT.problems, text: 'Nothing was changed.' }
      : { code: EXIT.done, text: this.#change.already };
  }

  planned(plan: P): void {
    this.#names = new NodeNames(plan.before);
    const { command } = this.#change;
    this.#print(
      this.#json ? eventLine({ event: 'plan', command, plan }, this.#names) : this.#change.preview(plan),
    );
  }

  async follow(plan: P, events: AsyncIterable<PlanEvent>): Promise<Outcome> {
    const { terminal } = this.#context;
    this.#isUnderWay = true;
    let code: ExitCode = EXIT.done;
    let hasChanged = false;
    let hasLost = false;
    const told = new Set<NodeId>();
    let undecided: string[] | undefined;
    let spinner = terminal.spin('beginning');
    for await (const event of events) {
      if (event.kind === 'waiting') {
        spinner.say(waitingText(event, this.#names));
        continue;
      }
      if (event.kind === 'moved') {
        this.#progress.moved(event.step, event.slots, event.keys);
        spinner.say(this.#progress.text(plan, this.#names));
        if (!this.#json && terminal.interactive) continue;
      }
      spinner.stop();
      const late = this.#leftToTheLastLook(event);
      if (late) {
        undecided = [...(undecided ?? []), ...failureLines(late, plan, this.#names)];
        continue;
      }
      this.#tell(event, plan);
      if (event.kind === 'step-failed') code = codeOf(event.problem, hasChanged);
      hasChanged ||= event.kind === 'step-done' && !ONLY_LOOKS.has(event.step.kind);
      if (event.kind === 'loss') {
        told.add(event.loss.node);
        hasLost ||= !isHarmless(event.loss);
      }
      spinner = terminal.spin('working');
    }
    spinner.stop();
    return { code, hasLost, told, ...(undecided && code === EXIT.done && { undecided }) };
  }

  /** By then all has moved; and who is silent for a moment may not be when everybody is asked. */
  #leftToTheLastLook(event: PlanEvent): Extract<PlanEvent, { kind: 'step-failed' }> | undefined {
    if (!this.#change.lastLookDecides || event.kind !== 'step-failed') return undefined;
    return event.step.kind === 'agree' && event.problem.kind !== 'interrupted' ? event : undefined;
  }

  /** Problems that a last look has found. */
  complain(sentences: readonly string[]): void {
    for (const sentence of sentences) this.#complain(sentence);
  }

  ended(code: ExitCode, text = ''): ExitCode {
    const { terminal } = this.#context;
    const { command, isFirstPart = false, isRound = false } = this.#change;
    if (this.#json) {
      if (isFirstPart && code === EXIT.done) return code;
      const event = isRound && this.#isUnderWay && code !== EXIT.interrupted ? 'round-done' : 'end';
      this.#print(eventLine({ event, command, code, text }, this.#names));
    } else if (text === '') return code;
    else if (code === EXIT.done) this.#print(`${terminal.paint.good(`[OK] ${text}`)}\n`);
    else terminal.warn(text);
    return code;
  }

  /** For programs there is a last line whatever happens; people are told by whoever catches the error. */
  broke(error: unknown): void {
    const { code, text = '' } = explainFailure(error);
    if (this.#json) this.ended(code, text.split('\n', 1)[0]);
  }

  note(text: string): void {
    if (!this.#json) this.#context.terminal.warn(text);
  }

  /** What a last look has found that is no business of the change. */
  mention(sentence: string): void {
    if (this.#json) this.#print(eventLine({ event: 'note', text: sentence }, this.#names));
    else this.note(`[WARNING] ${sentence}`);
  }

  #tell(event: Exclude<PlanEvent, { kind: 'waiting' }>, plan: P): void {
    const names = this.#names;
    if (event.kind === 'stage-began') this.#progress.beginStage();
    if (this.#json) this.#print(eventLine({ event: 'progress', of: event, plan }, names));
    else if (event.kind === 'stage-began') {
      const lines = stageLines(event.stage, names, this.#context.terminal.paint);
      this.#print(lines.map(line => `${line}\n`).join(''));
    } else if (event.kind === 'step-done' && event.step.kind === 'move-slots') {
      this.#print(`${this.#progress.finished(event.step, names)}\n`);
    } else if (event.kind === 'moved') {
      if (this.#change.tellsEachSlot) this.#print(movedSlotLines(event.step, event.slots, names));
    } else if (event.kind === 'noted') {
      this.#context.terminal.warn(`[WARNING] ${event.text}`);
    } else if (event.kind === 'loss') {
      const text = describeLoss(event.loss, names);
      if (isHarmless(event.loss)) this.#context.terminal.warn(`[WARNING] ${text}`);
      else this.#complain(text);
    } else if (event.kind === 'copying') {
      const lines = copyLines(event.copies, names.of(plan.before.entry), names);
      this.#print(lines.map(line => `${line}\n`).join(''));
    } else if (event.kind === 'step-failed') {
      for (const line of failureLines(event, plan, names)) this.#complain(line);
    }
  }

  #complain(text: string): void {
    if (this.#complaints.has(text)) return;
    this.#complaints.add(text);
    this.#context.terminal.warn(`[ERR] ${text}`);
  }

  #complainAsClassic(refusal: Refusal, seen: ClusterSnapshot | undefined): void {
    const { conventions, terminal } = this.#context;
    if (conventions !== 'classic') return;
    const primary = seen && vocabularyOf(seen).primaries === 'primaries' ? 'primary' : 'master';
    const line = classicRefusal(refusal, this.#change.command, primary);
    if (line !== undefined && !this.#complaints.has(line)) terminal.warn(line);
    if (line !== undefined) this.#complaints.add(line);
  }

  #remark(text: string): void {
    if (!this.#json) this.#print(`${this.#context.terminal.paint.warning(`[WARNING] ${text}`)}\n`);
  }

  #print(text: string): void {
    if (text !== '') this.#context.terminal.print(text);
  }
}

const ONLY_LOOKS: ReadonlySet<Step['kind']> = new Set(['be-ready', 'agree']);

/** What was refused before anything was changed is a refusal. */
function codeOf({ kind }: Problem, hasChanged: boolean): ExitCode {
  if (kind === 'interrupted') return EXIT.interrupted;
  return kind === 'no-right' && !hasChanged ? EXIT.refused : EXIT.problems;
}
