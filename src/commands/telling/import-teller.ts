/** Tells how an import goes: to the person, or to the program that reads --json. */

import type { Refusal } from '../../plan/refusal.ts';
import type { ImportPlan } from '../../plan/transfer/import.ts';
import type { ImportEvent } from '../../plan/transfer/import-events.ts';
import { eventLine } from '../../report/json/events.ts';
import {
  clashText,
  type ImportHeading,
  importEventLine,
  importEventText,
  importingLine,
  importPlanLine,
  renderImport,
} from '../../report/text/import.ts';
import {
  alarmText,
  judgeImport,
  keptText,
  restlessText,
  sentAgainText,
} from '../../report/text/import-verdict.ts';
import { NodeNames } from '../../report/text/names.ts';
import { describeRefusal } from '../../report/text/refusal.ts';
import type { ClusterSnapshot } from '../../topology/snapshot.ts';
import { type Context, EXIT, type ExitCode } from '../context.ts';
import { explainFailure } from './failures.ts';

/** Lines of progress where nobody watches: so many, and none right after another. */
const MOST_LINES = 10;
const LINE_EVERY_MS = 1000;
/** More would push the rest off the screen; how many there are is told at the end. */
const MOST_CLASHES = 20;

export interface ImportEnding {
  readonly code: ExitCode;
  readonly text: string;
}

export class ImportTeller {
  readonly #heading: ImportHeading;
  readonly #json: boolean;
  readonly #context: Context;
  #keys = 0;
  #told = 0;
  #toldAtMs = 0;
  #clashes = 0;
  #problems: readonly string[] = [];

  constructor(heading: ImportHeading, json: boolean, context: Context) {
    this.#heading = heading;
    this.#json = json;
    this.#context = context;
  }

  refused(refusals: readonly Refusal[], seen: ClusterSnapshot): void {
    const names = new NodeNames(seen);
    if (this.#json) this.#print(eventLine({ event: 'refused', command: 'import', refusals }, names));
    else
      for (const refusal of refusals) this.#context.terminal.warn(`[ERR] ${describeRefusal(refusal, names)}`);
  }

  planned(plan: ImportPlan): void {
    const { paint } = this.#context.terminal;
    this.#print(this.#json ? importPlanLine(plan, this.#heading) : renderImport(plan, this.#heading, paint));
  }

  async follow(plan: ImportPlan, events: AsyncIterable<ImportEvent>): Promise<ImportEnding> {
    const { terminal, nowMs } = this.#context;
    const beganAt = nowMs();
    let ending: ImportEnding = { code: EXIT.done, text: '' };
    let spinner = terminal.spin('beginning');
    for await (const event of events) {
      if (event.kind === 'carried') {
        this.#keys += event.keys;
        spinner.say(importingLine({ keys: this.#keys, of: plan.keys, ms: nowMs() - beganAt }));
        if (!this.#json && terminal.interactive && !event.names) continue;
      }
      spinner.stop();
      if (this.#json) this.#print(importEventLine(event));
      else this.#tell(event, plan, nowMs() - beganAt);
      ending = this.#endingAfter(event, nowMs() - beganAt) ?? ending;
      spinner = terminal.spin('working');
    }
    spinner.stop();
    return ending;
  }

  ended({ code, text }: ImportEnding): ExitCode {
    const { terminal } = this.#context;
    if (this.#json) this.#print(eventLine({ event: 'end', command: 'import', code, text }, new NodeNames()));
    else if (text === '') return code;
    else if (code === EXIT.done) this.#print(`${terminal.paint.good(`[OK] ${text}`)}\n`);
    else terminal.warn(text);
    return code;
  }

  /** For programs there is a last line whatever happens; people are told by whoever catches the error. */
  broke(error: unknown): void {
    const { code, text = '' } = explainFailure(error);
    if (this.#json) this.ended({ code, text: text.split('\n', 1)[0] ?? '' });
  }

  note(text: string): void {
    if (!this.#json) this.#context.terminal.warn(text);
  }

  #tell(event: ImportEvent, plan: ImportPlan, ms: number): void {
    const { terminal } = this.#context;
    this.#print(importEventText(event, terminal.paint));
    switch (event.kind) {
      case 'carried':
        this.#tellProgress(plan, ms);
        break;
      case 'clash':
        if (this.#clashes++ < MOST_CLASHES) terminal.warn(`[ERR] ${clashText(event)}`);
        break;
      case 'noted':
        terminal.warn(`[WARNING] ${event.text}.`);
        break;
      case 'restless':
        terminal.warn(`[WARNING] ${restlessText(event)}.`);
        break;
      case 'sent-again':
        terminal.warn(`[WARNING] ${sentAgainText(event)}.`);
        break;
      case 'kept':
        terminal.warn(`[WARNING] ${keptText(event)}.`);
        break;
      case 'alarmed':
        terminal.warn(`[ERR] ${alarmText(event)}`);
        break;
      case 'failed':
        terminal.warn(`[ERR] ${event.text}.`);
        break;
      case 'counted':
        this.#tellResult(event);
    }
  }

  #tellProgress(plan: ImportPlan, ms: number): void {
    if (this.#context.terminal.interactive) return;
    const due = Math.floor((this.#keys * MOST_LINES) / Math.max(1, plan.keys));
    if (due <= this.#told || ms - this.#toldAtMs < LINE_EVERY_MS || this.#keys >= plan.keys) return;
    this.#told = due;
    this.#toldAtMs = ms;
    this.#print(`${importingLine({ keys: this.#keys, of: plan.keys, ms })}\n`);
  }

  #tellResult({ result }: Extract<ImportEvent, { kind: 'counted' }>): void {
    for (const line of judgeImport(result, this.#heading.copy).lines) this.#print(`${line}\n`);
  }

  #endingAfter(event: ImportEvent, ms: number): ImportEnding | undefined {
    const again = 'Run the same command again to go on from here: what has arrived is recognised.';
    switch (event.kind) {
      case 'failed':
      case 'alarmed':
        return { code: EXIT.problems, text: this.#cutShort(again) };
      case 'interrupted':
        return {
          code: EXIT.interrupted,
          text: [`Interrupted after ${this.#keys} keys.`, ...this.#problems, again].join(' '),
        };
      case 'counted': {
        const { isDone, problems } = judgeImport(event.result, this.#heading.copy);
        this.#problems = problems;
        if (!event.result.isWhole) return { code: EXIT.problems, text: this.#cutShort(again) };
        if (!isDone) return { code: EXIT.problems, text: problems.join(' ') };
        const keys = event.result.carried;
        return { code: EXIT.done, text: `${importingLine({ keys, of: keys, ms })}.` };
      }
      default:
        return undefined;
    }
  }

  #cutShort(again: string): string {
    return [`Not everything was imported (${this.#keys} keys were).`, ...this.#problems, again].join(' ');
  }

  #print(text: string): void {
    if (text !== '') this.#context.terminal.print(text);
  }
}
