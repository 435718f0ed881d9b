/** The whole import: all that there is to take, a look at whether the cluster has it, and a count at the end. */

import type { Refusal } from '../../plan/refusal.ts';
import type { ImportPlan, SourceNode } from '../../plan/transfer/import.ts';
import { type ImportEvent, type ImportResult, lostAtSource } from '../../plan/transfer/import-events.ts';
import { InterruptedError } from '../../resp/errors.ts';
import type { Address } from '../../topology/node.ts';
import { type ClusterSnapshot, isPrimary } from '../../topology/snapshot.ts';
import { asGenerator } from '../event-stream.ts';
import { migrateTimeoutMs, nodeTimeoutAt } from '../keys/migrate-timeout.ts';
import { Pace, type PaceLimits } from '../keys/pace.ts';
import { RescueFile } from '../keys/rescue-file.ts';
import { Routes } from '../keys/routes.ts';
import { CarriedKeys } from './carried-keys.ts';
import { findSharedKeys } from './database-clash.ts';
import { importInRounds, importProblemOf, type RoundsEnd } from './import-rounds.ts';
import { emptyTally, type ImportRun, type ImportSettings } from './import-run.ts';
import { askSourceNodes } from './look-at-source.ts';
import { interruptionsOf, waitUnlessStopping } from './waits.ts';
import { SourceWatch } from './watch-source.ts';

export interface Importing extends ImportSettings {
  readonly paceLimits: PaceLimits;
  /** Values that give way are written to a file first. */
  readonly rescues: boolean;
  /** Nodes that evict are sent keys all the same. */
  readonly mayEvict: boolean;
  /** For the names of keys that were carried. */
  readonly mostNameBytes?: number;
  /** Aborted once nothing new is to be begun. */
  readonly stopping: AbortSignal;
}

/** What can only be known by looking at all keys of some databases. */
export function lookForSharedKeys(plan: ImportPlan, importing: Importing): Promise<Refusal | undefined> {
  return findSharedKeys(
    plan,
    runOf(plan, importing, () => {}),
  );
}

export function importKeys(plan: ImportPlan, importing: Importing): AsyncGenerator<ImportEvent> {
  return asGenerator(async tell => {
    const run = runOf(plan, importing, tell);
    const watch = new SourceWatch(run.source, plan.source.cluster, run.nowMs);
    try {
      const end = await importInRounds(await withinNodeTimeouts(run), importing.mayEvict);
      tell({ kind: 'counted', result: await countAll(run, end, watch) });
      if (importing.stopping.aborted) tell({ kind: 'interrupted' });
    } catch (error) {
      const problem = importProblemOf(error);
      if (error instanceof InterruptedError) tell({ kind: 'interrupted' });
      else if (problem) tell({ kind: 'failed', problem });
      else throw error;
    } finally {
      watch.end();
      await run.rescue?.close();
    }
  });
}

function runOf(
  plan: ImportPlan,
  { rescues, paceLimits, stopping, mayEvict: _, mostNameBytes, ...rest }: Importing,
  tell: (event: ImportEvent) => void,
): ImportRun {
  const { replace, nowMs, source, target } = rest;
  const interruptions = interruptionsOf(source, target, stopping);
  return {
    ...rest,
    plan,
    tell,
    interruptions,
    routes: new Routes(target, plan.before),
    pace: new Pace(paceLimits, { nowMs, sleep: ms => waitUnlessStopping(ms, interruptions) }),
    tally: emptyTally(),
    carried: new CarriedKeys(mostNameBytes),
    left: new CarriedKeys(),
    // No file comes about before there is something to keep.
    ...(replace && rescues && { rescue: RescueFile.unnamed(nowMs) }),
  };
}

/** Of both clusters: either end may hang, and the other one waits for it. */
async function withinNodeTimeouts(run: ImportRun): Promise<ImportRun> {
  const { plan, source, target, limits } = run;
  if (plan.throughHere) return run;
  const [cluster] = plan.before.views;
  const from = plan.source.cluster?.views[0];
  const asked = await Promise.all([
    ...(cluster ? [nodeTimeoutAt(target, cluster.address)] : []),
    ...(from ? [nodeTimeoutAt(source, from.address)] : []),
  ]);
  const timeoutMs = migrateTimeoutMs(limits.timeoutMs, asked, note => run.tell({ kind: 'noted', note }));
  return { ...run, limits: { ...limits, timeoutMs } };
}

async function countAll(
  run: ImportRun,
  { isWhole, seen, evicted, restarted }: RoundsEnd,
  watch: SourceWatch,
): Promise<ImportResult> {
  const { plan, routes, tally, carried, replace, rescue, copy } = run;
  const { nodes } = plan.source;
  const [nodesNow, sourceMoved] = await Promise.all([
    askSourceNodes(run.source, plan.source),
    watch.hasMoved(),
  ]);
  const sumOf = (all: readonly SourceNode[], what: 'keys' | 'expires') =>
    all
      .flatMap(({ keyspace }) => keyspace)
      .filter(held => plan.databases.some(({ database }) => database === held.database))
      .reduce((sum, held) => sum + (held[what] ?? 0), 0);
  const { expiring, ...counts } = tally;
  const { oneOf } = carried;
  const cluster = { before: keysIn(plan.before), after: keysIn(routes.snapshot) };
  const isBlind = replace && !rescue;
  // Where only a sample was looked for, numbers tell of the others: those that expire are not expected, and what clients of the
  // cluster make or delete meanwhile counts too, so only what is missing in great numbers shows.
  const grown = counts.carried - counts.alreadyThere - counts.overwritten - expiring;
  const fewer = grown - (cluster.after - cluster.before) - mostOf(seen.deleted) * oneOf;
  const result: ImportResult = {
    ...counts,
    isWhole,
    source: { before: sumOf(nodes, 'keys'), after: sumOf(nodesNow, 'keys') },
    cluster,
    check: {
      oneOf,
      missing: seen.missing * oneOf,
      expired: seen.expired * oneOf,
      deleted: seen.deleted * oneOf,
      unseen: seen.unseen * oneOf,
      short: oneOf === 1 || isBlind ? 0 : Math.max(0, Math.ceil(fewer)),
    },
    evicted,
    evictedAtSource: evictedBetween(nodes, nodesNow),
    restarted,
    restartedSources: restartedOf(nodes, nodesNow),
    ...(sourceMoved && { sourceMoved }),
    ...(rescue && tally.overwritten > 0 && { rescueFile: rescue.path }),
  };
  const lost = lostAtSource(result, { copy, expires: sumOf(nodes, 'expires'), expiring });
  return { ...result, ...(lost !== undefined && { lostAtSource: lost }) };
}

/** Of what a sample has: with three times the deviation. */
function mostOf(found: number): number {
  return found + 3 * Math.sqrt(found);
}

/** Of those that were not started anew. */
function evictedBetween(before: readonly SourceNode[], now: readonly SourceNode[]): number {
  return now.reduce((sum, { runId, evicted }, at) => {
    const then = before[at];
    return then?.runId === runId ? sum + Math.max(0, evicted - then.evicted) : sum;
  }, 0);
}

function restartedOf(before: readonly SourceNode[], now: readonly SourceNode[]): Address[] {
  return now.flatMap(({ runId, address }, at) => (before[at]?.runId === runId ? [] : [address]));
}

function keysIn({ views }: ClusterSnapshot): number {
  return views.reduce((sum, { self, server }) => sum + (isPrimary(self) ? (server.keys ?? 0) : 0), 0);
}
