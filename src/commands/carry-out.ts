/** From a decision to its end: refuse, or show, ask, do, and say what came of it. The same for every change. */
import { type Command, Option } from 'commander';
import { execute } from '../live/execute.ts';
import type { Decision } from '../plan/refusal.ts';
import { leavesSomething, type Plan, type PlanEvent } from '../plan/step.ts';
import { eventLine } from '../report/events.ts';
import { NodeNames } from '../report/names.ts';
import { failureLines, stageLines, waitingText } from '../report/progress.ts';
import { describeRefusal } from '../report/refusal-text.ts';
import type { ClusterSnapshot } from '../topology/snapshot.ts';
import { seconds } from './connection-options.ts';
import { type Context, EXIT, type ExitCode, type FleetOptions, withFleet } from './context.ts';

const JOIN_TIMEOUT_SECONDS = 60;

export interface ChangeFlags {
  readonly yes?: boolean;
  readonly clusterYes?: boolean;
  readonly dryRun?: boolean;
  readonly json?: boolean;
  readonly joinTimeout: number;
}

export interface ChangeOptions extends FleetOptions {
  readonly yes: boolean;
  readonly dryRun: boolean;
  readonly json: boolean;
  readonly joinTimeoutMs: number;
}

export function addChangeOptions(command: Command): Command {
  return command
    .option('-y, --yes', 'do not ask')
    .addOption(new Option('--cluster-yes').hideHelp())
    .option('--dry-run', 'show what would be done, and do nothing')
    .option('--json', 'print one JSON object per line')
    .addOption(
      new Option('--join-timeout <seconds>', 'how long the nodes may take to agree')
        .default(JOIN_TIMEOUT_SECONDS)
        .argParser(seconds),
    );
}

export function changeOptions(flags: ChangeFlags): Omit<ChangeOptions, keyof FleetOptions> {
  return {
    yes: flags.yes === true || flags.clusterYes === true,
    dryRun: flags.dryRun === true,
    json: flags.json === true,
    joinTimeoutMs: flags.joinTimeout * 1000,
  };
}

export interface Change<P extends Plan> {
  readonly command: string;
  readonly decision: Decision<P>;
  /** What was looked at, for the names of those whom a refusal is about. */
  readonly seen: ClusterSnapshot | undefined;
  preview(plan: P): string;
  readonly question: string;
  /** Where there is nothing to do. */
  readonly already: string;
  readonly done: string;
  /** What to do about a plan that was begun and not finished. */
  readonly unfinished: string;
}

export async function carryOut<P extends Plan>(
  change: Change<P>,
  options: ChangeOptions,
  context: Context,
): Promise<ExitCode> {
  const teller = new Teller(change, options, context);
  const { decision } = change;
  if (decision.kind === 'refused') {
    teller.refused(decision.refusals);
    return EXIT.refused;
  }
  const { plan } = decision;
  const incomplete = leavesSomething(plan);
  if (plan.stages.length === 0 && !incomplete) {
    teller.ended(EXIT.done, change.already);
    return EXIT.done;
  }
  teller.planned(plan);
  if (plan.stages.length === 0) {
    teller.ended(EXIT.problems, 'Nothing was changed.');
    return EXIT.problems;
  }
  if (options.dryRun) return EXIT.done;
  const refusal = options.yes ? undefined : await askFirst(change.question, context);
  if (refusal) {
    teller.ended(refusal.code, refusal.text);
    return refusal.code;
  }
  return withFleet(context, options, async fleet => {
    const events = execute(fleet, plan, { joinTimeoutMs: options.joinTimeoutMs, nowMs: context.nowMs });
    const code = await teller.follow(plan, events);
    if (code === EXIT.done && incomplete) {
      teller.ended(EXIT.problems, 'Done, except for what the warnings name.');
      return EXIT.problems;
    }
    teller.ended(code, code === EXIT.done ? change.done : change.unfinished);
    return code;
  });
}

async function askFirst(
  question: string,
  { terminal }: Context,
): Promise<{ code: ExitCode; text: string } | undefined> {
  switch (await terminal.confirm(question)) {
    case 'yes':
      return undefined;
    case 'no':
      return { code: EXIT.problems, text: 'Nothing was changed.' };
    case 'nobody':
      return {
        code: EXIT.refused,
        text: 'Nothing was changed: there is nobody to ask; --yes does it without asking.',
      };
  }
}

/** Tells the person, or the program that reads --json. */
class Teller<P extends Plan> {
  readonly #change: Change<P>;
  readonly #json: boolean;
  readonly #names: NodeNames;
  /** Steps of one stage often fail for one reason. */
  readonly #complaints = new Set<string>();
  readonly #context: Context;

  constructor(change: Change<P>, { json }: ChangeOptions, context: Context) {
    this.#change = change;
    const { decision, seen } = change;
    this.#names = new NodeNames(decision.kind === 'plan' ? decision.plan.before : seen);
    this.#json = json;
    this.#context = context;
  }

  refused(refusals: Extract<Decision<P>, { kind: 'refused' }>['refusals']): void {
    const { command } = this.#change;
    const names = this.#names;
    if (this.#json) this.#print(eventLine({ event: 'refused', command, refusals }, names));
    else for (const refusal of refusals) this.#complain(describeRefusal(refusal, names));
  }

  planned(plan: P): void {
    const { command } = this.#change;
    const names = this.#names;
    this.#print(this.#json ? eventLine({ event: 'plan', command, plan }, names) : this.#change.preview(plan));
  }

  async follow(plan: P, events: AsyncIterable<PlanEvent>): Promise<ExitCode> {
    const { terminal } = this.#context;
    let code: ExitCode = EXIT.done;
    let spinner = terminal.spin('beginning');
    for await (const event of events) {
      if (event.kind === 'waiting') {
        spinner.say(waitingText(event));
        continue;
      }
      spinner.stop();
      this.#tell(event, plan);
      if (event.kind === 'step-failed')
        code = event.problem.kind === 'interrupted' ? EXIT.interrupted : EXIT.problems;
      spinner = terminal.spin('working');
    }
    spinner.stop();
    return code;
  }

  ended(code: ExitCode, text: string): void {
    const { terminal } = this.#context;
    if (this.#json)
      this.#print(eventLine({ event: 'end', command: this.#change.command, code, text }, this.#names));
    else if (code === EXIT.done) this.#print(`${terminal.paint.good(`[OK] ${text}`)}\n`);
    else terminal.warn(text);
  }

  #tell(event: Exclude<PlanEvent, { kind: 'waiting' }>, plan: P): void {
    const names = this.#names;
    if (this.#json) this.#print(eventLine({ event: 'progress', of: event, plan }, names));
    else if (event.kind === 'stage-began') {
      const lines = stageLines(event.stage, names, this.#context.terminal.paint);
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

  #print(text: string): void {
    if (text !== '') this.#context.terminal.print(text);
  }
}
