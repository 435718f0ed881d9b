/** `apply`: carries out a plan that was written to a file, or what is left of it. */
import { Command } from 'commander';
import { readBytes } from '../live/files/whole-file.ts';
import { type FixManner, isFixDocument, readFixDocument } from '../plan/files/fix-file.ts';
import { readPlanDocument, type SavedPlan } from '../plan/files/plan-file.ts';
import { resumePlan } from '../plan/slots/resume.ts';
import { fixMannerLines, mannerLines } from '../report/text/move-settings.ts';
import { renderReshard } from '../report/text/moves.ts';
import { carryOutMoves, planOnSight } from './carry-out-moves.ts';
import { asUsage, type Context, type ExitCode, UsageError } from './context.ts';
import { runFix } from './fix.ts';
import type { ChangeOptions } from './options/change.ts';
import type { ConnectionFlags } from './options/connection.ts';
import { addMoveOptions, flagsOf, type MoveFlags, type MoveOptions, resolveMove } from './options/move.ts';
import { afterAnswer } from './telling/after-answer.ts';
import { Teller } from './telling/teller.ts';

export interface ApplyOptions extends MoveOptions {
  readonly saved: SavedPlan;
  /** Lines about the manner that the plan brings. */
  readonly brought: readonly string[];
}

export function applyCommand(context: Context, run = runApply): Command {
  const command = new Command('apply')
    .usage('[options] <file> [address]')
    .description('carry out a plan from --plan-out, or what is left of it')
    .argument('[words...]', 'the file, and a node of the cluster if it is not the one in the file');
  // After those that they take back: standing alone, they would be the default.
  addMoveOptions(command)
    .option('--no-cluster-replace', 'not even if the plan says so')
    .option('--no-allow-blocking', 'not even if the plan says so')
    .option('--no-wait-copies', 'not even if the plan says so')
    .option('--rescue-file <file>', 'for a plan of fix: where overwritten values are kept');
  return command.action(async (words: string[], flags: ApplyFlags) => {
    const [file, ...address] = words;
    if (file === undefined) throw new UsageError('name the file of the plan');
    const isGiven: IsGiven = name => command.getOptionValueSource(name) === 'cli';
    const text = await asUsage(async () => (await readBytes(file)).toString('utf8'));
    if (isFixDocument(text)) return context.finish(await applyFix(text, address, flags, isGiven, context));
    const saved = await asUsage(() => readPlanDocument(text));
    if (flags.rescueFile !== undefined) throw new UsageError('--rescue-file goes with a plan of fix');
    const { manner } = saved;
    const merged = manner ? { ...flags, ...notGiven(flagsOf(manner), isGiven) } : flags;
    const options = await resolveMove(entryWords(saved, address, flags), merged, context);
    const ending = await agreeOnEntry(saved, address, { ...options, flags }, context);
    if (ending !== undefined) return context.finish(ending);
    const brought = manner ? mannerLines(manner, options.moving) : [];
    context.finish(await run({ ...options, saved, brought }, context));
  });
}

interface ApplyFlags extends MoveFlags {
  readonly rescueFile?: string;
}

type IsGiven = (name: string) => boolean;

/** What the command line says counts. */
function notGiven<T extends object>(fromFile: T, isGiven: IsGiven): Partial<T> {
  return Object.fromEntries(Object.entries(fromFile).filter(([name]) => !isGiven(name))) as Partial<T>;
}

/** What is written down of a mending is what may be done; what is to be done is looked at anew. */
async function applyFix(
  text: string,
  address: readonly string[],
  flags: ApplyFlags,
  isGiven: IsGiven,
  context: Context,
): Promise<ExitCode> {
  const approved = await asUsage(() => readFixDocument(text));
  if (flags.rescueFile === '') throw new UsageError('--rescue-file takes the name of a file');
  const words = entryWords(approved, address, flags);
  const { moving, despiteFindings: _, ...options } = await resolveMove(words, flags, context);
  const ending = await agreeOnEntry(approved, address, { ...options, flags }, context);
  if (ending !== undefined) return ending;
  const { wishes, manner } = approved;
  const given: Partial<FixManner> = {
    ...(isGiven('allowBlocking') && { allowBlocking: moving.limits.allowBlocking }),
    ...(isGiven('clusterTimeout') && { timeoutMs: moving.limits.timeoutMs }),
    ...(flags.rescueFile !== undefined && { rescueFile: flags.rescueFile }),
  };
  const now = { ...manner, ...given };
  const brought = fixMannerLines(manner, now);
  const rescueFileFromPlan = flags.rescueFile === undefined;
  const how = { ...options, ...now, wishes, approved, brought, rescueFileFromPlan, explain: false };
  return runFix(how, context);
}

export function runApply(options: ApplyOptions, context: Context): Promise<ExitCode> {
  const { saved, despiteFindings, brought } = options;
  return carryOutMoves(options, context, {
    command: 'apply',
    decide: planOnSight(seen => resumePlan(saved, seen, despiteFindings)),
    preview: (plan, paint) => `${renderReshard(plan, paint)}${brought.map(line => `${line}\n`).join('')}`,
    question: 'Do you want to carry out what is left of this plan?',
    already: 'Everything in this plan is done already. Nothing to do.',
  });
}

interface Located {
  readonly entry?: string;
}

/** What the command line names counts, and only without that what the file does. */
function entryWords(
  { entry }: Located,
  address: readonly string[],
  flags: ConnectionFlags,
): readonly string[] {
  if (isNamed(address, flags)) return address;
  if (entry === undefined)
    throw new UsageError(
      'the file does not say where the cluster is; name a node: slotctl apply FILE ADDRESS',
    );
  return [entry];
}

function isNamed(address: readonly string[], { uri, socket }: ConnectionFlags): boolean {
  return address.length > 0 || uri !== undefined || socket !== undefined;
}

/** A file may come from anywhere, and name a place that only waits for a password. Undefined: go on. */
async function agreeOnEntry(
  { entry }: Located,
  address: readonly string[],
  { fleet, yes, json, flags }: ChangeOptions & { readonly flags: ConnectionFlags },
  context: Context,
): Promise<ExitCode | undefined> {
  if (yes || fleet.credentials === undefined || isNamed(address, flags)) return undefined;
  const { terminal } = context;
  const { user } = fleet.credentials;
  const login = user === undefined ? 'the password' : `the password of ${user}`;
  terminal.warn(`The plan says that the cluster is at ${entry}, which would get ${login}.`);
  const ending = afterAnswer(await terminal.confirm(`Can I log in at ${entry}?`), {
    nobody: `nobody answered. Name the node on the command line (slotctl apply FILE ${entry}), or give --yes.`,
  });
  return ending && new Teller({ command: 'apply', json }, context).end(ending.code, ending.text);
}
