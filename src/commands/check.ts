/** `check`: looks at a cluster through all of its nodes and says what is wrong. Changes nothing. */

import { Command, Option } from 'commander';
import { saveFile } from '../live/files/whole-file.ts';
import { takeCensus } from '../live/look/census.ts';
import { EntryNodeError, inspect } from '../live/look/inspect.ts';
import { lookUntilSettled } from '../live/look/look-until-settled.ts';
import { checkDocument, failureDocument } from '../report/json/check.ts';
import { plain } from '../report/paint.ts';
import { checkMetrics, failedCheckMetrics } from '../report/prometheus.ts';
import { type Examination, renderCheck, renderProblems } from '../report/text/check.ts';
import { tagged } from '../report/text/complaint.ts';
import type { Fleet } from '../resp/fleet.ts';
import type { Census } from '../topology/census.ts';
import { examine } from '../topology/diagnose.ts';
import type { Severity } from '../topology/finding.ts';
import { SlotSet } from '../topology/slot-set.ts';
import type { ClusterSnapshot } from '../topology/snapshot.ts';
import { mayPass } from '../topology/transient-findings.ts';
import { tellOfUnreached } from './classic/check.ts';
import { type Context, EXIT, type ExitCode, type FleetOptions, UsageError, withFleet } from './context.ts';
import { alsoCalled } from './options/also-called.ts';
import { addConnectionOptions, type ConnectionFlags, resolveConnection } from './options/connection.ts';
import { wholeNumber } from './options/numbers.ts';

export type CheckFormat = 'text' | 'json' | 'prometheus';

export interface CheckOptions extends FleetOptions {
  readonly format: CheckFormat;
  readonly quiet: boolean;
  readonly outputFile?: string;
  readonly failOn: Severity;
  readonly minReplicas: number;
  readonly maxReplicaLagBytes: number;
  readonly searchOwners: boolean;
}

interface CheckFlags extends ConnectionFlags {
  readonly format?: CheckFormat;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly output?: string;
  readonly failOn: Severity;
  readonly minReplicas: number;
  readonly maxReplicaLag: number;
  readonly searchMultipleOwners?: boolean;
}

const FAR_BEHIND_BYTES = 16 * 1024 * 1024;

export function checkCommand(context: Context, run = runCheck): Command {
  const command = new Command('check')
    .usage('[options] <address>')
    .description('look at a cluster through all of its nodes and say what is wrong')
    .argument('[address...]', 'any node: host:port, host port, or a URI')
    .addOption(new Option('--format <format>', 'how to print it').choices(['text', 'json', 'prometheus']))
    .addOption(new Option('--json', 'the same as --format json').conflicts('format'))
    .option('-q, --quiet', 'print nothing unless the exit code is 1, and then only what is wrong')
    .option('-o, --output <file>', 'write to a file, which is replaced in one step (- is standard output)')
    .addOption(
      new Option('--fail-on <severity>', 'from which severity on the exit code is 1')
        .choices(['error', 'warning'])
        .default('error'),
    )
    .option('--min-replicas <count>', 'healthy replicas that each primary must have', wholeNumber, 0)
    .option(
      '--max-replica-lag <bytes>',
      'from how many bytes on a replica counts as far behind',
      wholeNumber,
      FAR_BEHIND_BYTES,
    )
    .option('--search-multiple-owners', 'count the keys in all slots, to find some outside their owners')
    .addOption(alsoCalled('--cluster-search-multiple-owners', 'searchMultipleOwners'));
  return addConnectionOptions(command).action(async (words: string[], flags: CheckFlags) => {
    if (flags.output === '') throw new UsageError('--output takes the name of a file');
    const connection = await resolveConnection(words, flags, context.terminal);
    context.finish(await run({ ...connection, ...checkOptions(flags) }, context));
  });
}

function checkOptions(flags: CheckFlags): Omit<CheckOptions, keyof FleetOptions> {
  return {
    format: flags.format ?? (flags.json ? 'json' : 'text'),
    quiet: flags.quiet === true,
    ...(flags.output !== undefined && flags.output !== '-' && { outputFile: flags.output }),
    failOn: flags.failOn,
    minReplicas: flags.minReplicas,
    maxReplicaLagBytes: flags.maxReplicaLag,
    searchOwners: flags.searchMultipleOwners === true,
  };
}

export async function runCheck(options: CheckOptions, context: Context): Promise<ExitCode> {
  try {
    const examination = await lookAround(options, context);
    if (context.conventions === 'classic' && options.format === 'text' && !options.quiet)
      tellOfUnreached(examination.snapshot, context.terminal);
    await deliver(render(examination, options, context), options, context);
    return verdict(examination, options.failOn);
  } catch (error) {
    if (!(error instanceof EntryNodeError)) throw error;
    await deliver(renderFailure(error, options, context), options, context);
    throw error;
  }
}

async function lookAround(options: CheckOptions, context: Context): Promise<Examination> {
  const spinner = context.terminal.spin('asking the nodes');
  try {
    return await withFleet(context, options, async fleet => {
      const progress = (done: number, total: number) =>
        spinner.say(`${done} of ${total} nodes have answered`);
      // A failover or a move under way looks like disagreement for a moment.
      const { snapshot, findings } = await lookUntilSettled(
        async () => examine(await inspect(fleet, { progress }), options),
        seen => mayPass(seen.findings),
      );
      if (!options.searchOwners) return { snapshot, findings, searchedOwners: false };
      const census = await countForeignKeys(fleet, snapshot);
      return { ...examine(snapshot, { ...options, census }), searchedOwners: true };
    });
  } finally {
    spinner.stop();
  }
}

/** Every primary is asked about every slot that it does not own. */
function countForeignKeys(fleet: Fleet, { views }: ClusterSnapshot): Promise<Census> {
  const requests = views.flatMap(view =>
    view.self.role === 'primary' ? [{ view, slots: SlotSet.all.without(view.self.slots) }] : [],
  );
  return takeCensus(fleet, requests);
}

function render(examination: Examination, options: CheckOptions, context: Context): string {
  const paint = options.outputFile === undefined ? context.terminal.paint : plain;
  switch (options.format) {
    case 'json':
      return checkDocument(examination, verdict(examination, options.failOn) !== EXIT.done);
    case 'prometheus':
      return checkMetrics(examination, Math.round(context.nowMs() / 1000));
    case 'text':
      if (!options.quiet) return renderCheck(examination, paint);
      return verdict(examination, options.failOn) === EXIT.done ? '' : renderProblems(examination, paint);
  }
}

function renderFailure(
  { node, message }: EntryNodeError,
  { format, outputFile }: CheckOptions,
  context: Context,
): string {
  switch (format) {
    case 'json':
      return failureDocument('check', node, message);
    case 'prometheus':
      return failedCheckMetrics(Math.round(context.nowMs() / 1000));
    case 'text':
      // On the screen it is told once, as a failure; a file must not be left empty, as if nothing were wrong.
      return outputFile === undefined ? '' : `${tagged('error', message)}\n`;
  }
}

async function deliver(text: string, { outputFile }: CheckOptions, { terminal }: Context): Promise<void> {
  if (outputFile !== undefined) await saveFile(outputFile, text);
  else if (text !== '') terminal.print(text);
}

function verdict({ findings }: Examination, failOn: Severity): ExitCode {
  const grave = findings.some(f => f.severity === 'error' || failOn === 'warning');
  return grave ? EXIT.problems : EXIT.done;
}
