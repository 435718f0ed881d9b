/** Tells how an import goes. */

import type { ImportPlan } from '../../plan/transfer/import.ts';
import type { ImportEvent } from '../../plan/transfer/import-events.ts';
import { importEventLine } from '../../report/json/import-events.ts';
import { clashText, type ImportHeading, importEventText, importingLine } from '../../report/text/import.ts';
import { describeImportNote, describeImportProblem } from '../../report/text/import-problem.ts';
import {
  alarmText,
  judgeImport,
  keptText,
  restlessText,
  sentAgainText,
} from '../../report/text/import-verdict.ts';
import type { Ending } from '../change.ts';
import { type Context, EXIT } from '../context.ts';
import type { Teller } from './teller.ts';

/** Lines of progress where nobody watches: so many, and none right after another. */
const MOST_LINES = 10;
const LINE_EVERY_MS = 1000;
/** More would push the rest off the screen; how many there are is told at the end. */
const MOST_CLASHES = 20;

const AGAIN = 'Run the same command again to go on from here: what has arrived is recognised.';

export async function followImport(
  plan: ImportPlan,
  heading: ImportHeading,
  events: AsyncIterable<ImportEvent>,
  teller: Teller,
  { terminal, nowMs }: Context,
): Promise<Ending> {
  const beganAt = nowMs();
  const following = new Following(plan, heading, teller, terminal);
  let ending: Ending = { code: EXIT.done };
  let spinner = terminal.spin('beginning');
  for await (const event of events) {
    const ms = nowMs() - beganAt;
    if (event.kind === 'carried') {
      spinner.say(importingLine(following.carried(event.keys, ms)));
      if (!teller.json && terminal.interactive && !event.names) continue;
    }
    spinner.stop();
    if (teller.json) teller.print(importEventLine(event));
    else following.tell(event, ms);
    ending = following.endingAfter(event, ms) ?? ending;
    spinner = terminal.spin('working');
  }
  spinner.stop();
  return ending;
}

class Following {
  readonly #plan: ImportPlan;
  readonly #heading: ImportHeading;
  readonly #teller: Teller;
  readonly #terminal: Context['terminal'];
  #keys = 0;
  #told = 0;
  #toldAtMs = 0;
  #clashes = 0;
  #problems: readonly string[] = [];

  constructor(plan: ImportPlan, heading: ImportHeading, teller: Teller, terminal: Context['terminal']) {
    this.#plan = plan;
    this.#heading = heading;
    this.#teller = teller;
    this.#terminal = terminal;
  }

  carried(keys: number, ms: number): Parameters<typeof importingLine>[0] {
    this.#keys += keys;
    return { keys: this.#keys, of: this.#plan.keys, ms };
  }

  tell(event: ImportEvent, ms: number): void {
    const teller = this.#teller;
    teller.print(importEventText(event, this.#terminal.paint));
    switch (event.kind) {
      case 'carried':
        this.#tellProgress(ms);
        break;
      case 'clash':
        if (this.#clashes++ < MOST_CLASHES) teller.complain('error', clashText(event));
        break;
      case 'noted':
        teller.warn(`${describeImportNote(event.note)}.`);
        break;
      case 'restless':
        teller.warn(`${restlessText(event)}.`);
        break;
      case 'sent-again':
        teller.warn(`${sentAgainText(event)}.`);
        break;
      case 'kept':
        teller.warn(`${keptText(event)}.`);
        break;
      case 'alarmed':
        teller.complain('error', alarmText(event));
        break;
      case 'failed':
        teller.complain('error', `${describeImportProblem(event.problem)}.`);
        break;
      case 'counted':
        for (const line of judgeImport(event.result, this.#heading.copy).lines) teller.print(`${line}\n`);
    }
  }

  #tellProgress(ms: number): void {
    const of = this.#plan.keys;
    if (this.#terminal.interactive) return;
    const due = Math.floor((this.#keys * MOST_LINES) / Math.max(1, of));
    if (due <= this.#told || ms - this.#toldAtMs < LINE_EVERY_MS || this.#keys >= of) return;
    this.#told = due;
    this.#toldAtMs = ms;
    this.#teller.print(`${importingLine({ keys: this.#keys, of, ms })}\n`);
  }

  endingAfter(event: ImportEvent, ms: number): Ending | undefined {
    switch (event.kind) {
      case 'failed':
      case 'alarmed':
        return { code: EXIT.problems, text: this.#cutShort() };
      case 'interrupted':
        return {
          code: EXIT.interrupted,
          text: [`Interrupted after ${this.#keys} keys.`, ...this.#problems, AGAIN].join(' '),
        };
      case 'counted': {
        const { isDone, problems } = judgeImport(event.result, this.#heading.copy);
        this.#problems = problems;
        if (!event.result.isWhole) return { code: EXIT.problems, text: this.#cutShort() };
        if (!isDone) return { code: EXIT.problems, text: problems.join(' ') };
        const keys = event.result.carried;
        return { code: EXIT.done, text: `${importingLine({ keys, of: keys, ms })}.` };
      }
      default:
        return undefined;
    }
  }

  #cutShort(): string {
    return [`Not everything was imported (${this.#keys} keys were).`, ...this.#problems, AGAIN].join(' ');
  }
}
