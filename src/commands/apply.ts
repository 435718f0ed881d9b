/** `apply`: carries out a plan that was written to a file, or what is left of it. */
import { Command } from 'commander';
import { readBytes } from '../live/files.ts';
import { isFixDocument, readFixDocument } from '../plan/fix-file.ts';
import { readPlanDocument, type SavedPlan } from '../plan/plan-file.ts';
import { resumePlan } from '../plan/resume.ts';
import { agreeOnEntry, entryWords } from './agree-on-entry.ts';
import { asUsage } from './connection-options.ts';
import { type Context, type ExitCode, UsageError } from './context.ts';
import { runFix } from './fix.ts';
import { moveAsPlanned, planOnSight } from './move-as-planned.ts';
import { addMoveOptions, type MoveFlags, type MoveOptions, resolveMove } from './move-options.ts';

export interface ApplyOptions extends MoveOptions {
  readonly saved: SavedPlan;
}

export function applyCommand(context: Context, run = runApply): Command {
  const command = new Command('apply')
    .usage('[options] <file> [address]')
    .description('carry out a plan from --plan-out, or what is left of it')
    .argument('[words...]', 'the file, and a node of the cluster if it is not the one in the file');
  return addMoveOptions(command).action(async (words: string[], flags: MoveFlags) => {
    const [file, ...address] = words;
    if (file === undefined) throw new UsageError('name the file of the plan');
    const text = await asUsage(async () => (await readBytes(file)).toString('utf8'));
    if (isFixDocument(text)) return context.finish(await applyFix(text, address, flags, context));
    const saved = await asUsage(() => readPlanDocument(text));
    const options = await resolveMove(entryWords(saved, address, flags), flags, context);
    const ending = await agreeOnEntry(saved, address, { ...options, flags }, context);
    context.finish(ending ?? (await run({ ...options, saved }, context)));
  });
}

/** What is written down of a mending is what may be done; what is to be done is looked at anew. */
async function applyFix(
  text: string,
  address: readonly string[],
  flags: MoveFlags,
  context: Context,
): Promise<ExitCode> {
  const approved = await asUsage(() => readFixDocument(text));
  const words = entryWords(approved, address, flags);
  const { moving, despiteFindings: _, ...options } = await resolveMove(words, flags, context);
  const ending = await agreeOnEntry(approved, address, { ...options, flags }, context);
  if (ending !== undefined) return ending;
  const { allowBlocking } = moving.limits;
  const { wishes, prefer } = approved;
  return runFix({ ...options, wishes, prefer, approved, allowBlocking, explain: false }, context);
}

export function runApply(options: ApplyOptions, context: Context): Promise<ExitCode> {
  const { saved, despiteFindings } = options;
  return moveAsPlanned(options, context, {
    command: 'apply',
    decide: planOnSight(snapshot => resumePlan(saved, snapshot, despiteFindings)),
    question: 'Do you want to carry out what is left of this plan?',
    already: 'Everything in this plan is done already. Nothing to do.',
  });
}
