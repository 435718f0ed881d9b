/** `import`: brings the keys of a server, or of another cluster, into this one. */

import { Command } from 'commander';
import { type Importing, importKeys, lookForSharedKeys } from '../live/import/import-keys.ts';
import { lookAtSource } from '../live/import/look-at-source.ts';
import { countDatabases } from '../live/keys/databases.ts';
import { lookAtCluster } from '../live/look/look-at-cluster.ts';
import { sendsTls } from '../live/look/look-at-node.ts';
import type { Refusal } from '../plan/refusal.ts';
import { type ImportPlan, type ImportWays, planImport } from '../plan/transfer/import.ts';
import { importPlanLine } from '../report/json/import-events.ts';
import { type ImportHeading, renderImport } from '../report/text/import.ts';
import type { Fleet } from '../resp/fleet.ts';
import type { ClusterSnapshot } from '../topology/snapshot.ts';
import type { Ending } from './change.ts';
import { type ShowCheck, showingCheckOnce } from './classic/check.ts';
import { type Context, EXIT, type ExitCode, withFleet } from './context.ts';
import type { FirstInterrupt } from './interrupt.ts';
import { addImportOptions, type ImportFlags, type ImportOptions, resolveImport } from './options/import.ts';
import { afterAnswer } from './telling/after-answer.ts';
import { followImport } from './telling/follow-import.ts';
import { Teller } from './telling/teller.ts';

export function importCommand(context: Context, run = runImport): Command {
  const command = new Command('import')
    .usage('[options] <address>')
    .description('bring the keys of a server, or of another cluster, into this one')
    .argument('[address...]', 'any node of the cluster that gets them');
  return addImportOptions(command).action(async (words: string[], flags: ImportFlags) => {
    context.finish(await run(await resolveImport(words, flags, context.terminal), context));
  });
}

type ImportDecision =
  | { readonly kind: 'plan'; readonly plan: ImportPlan }
  | { readonly kind: 'refused'; readonly refusals: readonly Refusal[]; readonly seen: ClusterSnapshot };

export async function runImport(options: ImportOptions, context: Context): Promise<ExitCode> {
  const showCheck = showingCheckOnce(options, context);
  const teller = new Teller({ command: 'import', json: options.json }, context);
  return teller.toItsEnd(async () => {
    const agreed = await agree({ ...options, showCheck }, teller, context);
    const { code, text } = 'plan' in agreed ? await perform(agreed.plan, options, teller, context) : agreed;
    return teller.end(code, text);
  });
}

function headingOf({ source, wishes }: ImportOptions): ImportHeading {
  return { from: source.address, copy: wishes.copy };
}

/** And where the cluster is shown as the classic tools show it. */
interface Looking extends ImportOptions {
  readonly showCheck: ShowCheck;
}

async function agree(
  options: Looking,
  teller: Teller,
  context: Context,
): Promise<{ readonly plan: ImportPlan } | Ending> {
  const { terminal } = context;
  const decided = await decide(options, context);
  if (decided.kind === 'refused') return teller.refused(decided.refusals, decided.seen);
  const { plan } = decided;
  const heading = headingOf(options);
  teller.print(teller.json ? importPlanLine(plan, heading) : renderImport(plan, heading, terminal.paint));
  if (plan.keys === 0) return { code: EXIT.done, text: 'The source has no keys to import. Nothing to do.' };
  if (options.dryRun) return { code: EXIT.done };
  if (options.yes) return decided;
  const ending = afterAnswer(await terminal.confirm(questionAbout(plan, options)));
  if (ending) return ending;
  // While somebody thinks, keys come and nodes fail.
  const now = await decide(options, context);
  return now.kind === 'refused' ? teller.refused(now.refusals, now.seen) : now;
}

/** Whoever says yes also says who gets to know the password. */
function questionAbout({ sourceLogsIn }: ImportPlan, { wishes: { copy } }: ImportOptions): string {
  const parts = [
    'import these keys',
    ...(copy ? [] : ['remove them from the source']),
    ...(sourceLogsIn ? ['tell the source our password for the cluster'] : []),
  ];
  const [last, ...others] = parts.reverse();
  return `Can I ${[others.reverse().join(', '), last].filter(part => part !== '').join(', and ')}?`;
}

async function decide(options: Looking, context: Context): Promise<ImportDecision> {
  return withBoth(options, context, async (target, source) => {
    const seen = await lookAtCluster(target);
    const { snapshot: cluster } = seen;
    options.showCheck(seen);
    const found = await lookAtSource(source, options.source.address);
    const entry = cluster.views[0]?.address;
    const targetDatabases = entry ? await countDatabases(entry, target) : 1;
    const { wishes } = options;
    const ways = await waysOf(options, source);
    const decision = planImport({ source: found, target: seen, targetDatabases, wishes, ways });
    const both = found.cluster ? { ...cluster, views: [...cluster.views, ...found.cluster.views] } : cluster;
    if (decision.kind === 'refused') return { ...decision, seen: both };
    const { plan } = decision;
    const looksForClashes = plan.mayClash && options.wishes.clash === 'refuse';
    const clash = looksForClashes
      ? await lookForSharedKeys(
          plan,
          importingOf(options, context, { source, target }, new AbortController().signal),
        )
      : undefined;
    return clash ? { kind: 'refused', refusals: [clash], seen: both } : decision;
  });
}

async function waysOf(
  { fleet, source: { fleet: there } }: ImportOptions,
  source: Fleet,
): Promise<ImportWays> {
  const targetTls = fleet.tls !== undefined;
  const sourceSendsTls = targetTls ? await sendsTls(source, 'entry') : undefined;
  return {
    hasLogin: fleet.credentials !== undefined,
    sourceTls: there.tls !== undefined,
    targetTls,
    ...(sourceSendsTls !== undefined && { sourceSendsTls }),
  };
}

function perform(
  plan: ImportPlan,
  options: ImportOptions,
  teller: Teller,
  context: Context,
): Promise<Ending> {
  const stopping = new AbortController();
  const finishSoon = () => {
    stopping.abort();
    teller.note('Finishing what is under way; once more stops at once.');
  };
  return withBoth({ ...options, finishSoon }, context, (target, source) => {
    const importing = importingOf(options, context, { source, target }, stopping.signal);
    return followImport(plan, headingOf(options), importKeys(plan, importing), teller, context);
  });
}

function importingOf(
  { limits, paceLimits, wishes, rescues, verbose, json }: ImportOptions,
  { nowMs, conventions }: Context,
  fleets: Pick<Importing, 'source' | 'target'>,
  stopping: AbortSignal,
): Importing {
  const { copy, replace, despiteFindings } = wishes;
  const tellsKeys = verbose || (conventions === 'classic' && !json);
  // What would be gone at both ends is not sent to a node that evicts, whatever is insisted on.
  const mayEvict = copy && despiteFindings;
  return { ...fleets, limits, paceLimits, copy, replace, rescues, mayEvict, tellsKeys, nowMs, stopping };
}

function withBoth<T>(
  { source: { fleet }, ...options }: ImportOptions & FirstInterrupt,
  context: Context,
  work: (target: Fleet, source: Fleet) => Promise<T>,
): Promise<T> {
  // Both are told of an interruption; one of them says so.
  const source = { fleet, trace: options.trace, finishSoon: options.finishSoon && (() => {}) };
  return withFleet(context, options, target => withFleet(context, source, found => work(target, found)));
}
