/** The whole import: database after database, all nodes of the source at the same time, and a count at the end. */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type ImportEvent,
  type ImportPlan,
  type ImportResult,
  missingKeys,
  type SourceNode,
} from '../../plan/import.ts';
import type { Refusal } from '../../plan/refusal.ts';
import { InterruptedError, NodeError } from '../../resp/errors.ts';
import type { Fleet } from '../../resp/fleet.ts';
import { sourceInfo } from '../../resp/import-commands.ts';
import { type ClusterSnapshot, isPrimary, ownClaims } from '../../topology/snapshot.ts';
import { asGenerator } from '../event-stream.ts';
import { EntryNodeError, inspect } from '../inspect.ts';
import { Pace, type PaceLimits } from '../move/pace.ts';
import { RescueFile } from '../rescue-file.ts';
import { lookUntilSettled } from '../second-look.ts';
import { findSharedKeys } from './database-clash.ts';
import { importDatabase } from './import-database.ts';
import { emptyTally, ImportError, type ImportLimits, type ImportRun } from './import-run.ts';
import { askSourceNodes } from './look-at-source.ts';
import { Routes } from './routes.ts';

export interface Importing {
  readonly source: Fleet;
  readonly target: Fleet;
  readonly limits: ImportLimits;
  readonly paceLimits: PaceLimits;
  readonly copy: boolean;
  readonly replace: boolean;
  /** Values that give way are written to a file first. */
  readonly rescues: boolean;
  readonly tellsKeys: boolean;
  readonly nowMs: () => number;
  readonly isStopping: () => boolean;
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
    try {
      const before = await countersOf(run.target, plan.before);
      await importAll(run);
      const isWhole = !run.isStopping();
      // A key that is on its way from one node of the cluster to another may be counted at neither.
      const result = await lookUntilSettled(
        () => countAll(run, before),
        counted => missingKeys(counted).unexplained > 0,
      );
      tell({ kind: 'counted', result });
      if (!isWhole) tell({ kind: 'interrupted' });
    } catch (error) {
      if (error instanceof InterruptedError) tell({ kind: 'interrupted' });
      else if (error instanceof ImportError) tell({ kind: 'failed', text: error.message });
      else if (error instanceof NodeError) tell({ kind: 'failed', text: `${error.node}: ${error.message}` });
      else if (error instanceof EntryNodeError) tell({ kind: 'failed', text: error.message });
      else throw error;
    } finally {
      await run.rescue?.close();
    }
  });
}

function runOf(
  plan: ImportPlan,
  { rescues, paceLimits, ...rest }: Importing,
  tell: (event: ImportEvent) => void,
): ImportRun {
  const { replace, nowMs, target } = rest;
  return {
    ...rest,
    plan,
    tell,
    routes: new Routes(target, plan.before),
    pace: new Pace(paceLimits, { nowMs, sleep: ms => sleep(ms) }),
    tally: emptyTally(),
    // No file comes about before there is something to keep.
    ...(replace && rescues && { rescue: RescueFile.unnamed(nowMs) }),
  };
}

async function importAll(run: ImportRun): Promise<void> {
  const { plan, tell } = run;
  for (const database of plan.databases) {
    if (run.isStopping()) return;
    tell({ kind: 'database-began', database });
    const later = plan.mayClash
      ? plan.databases.filter(other => other.database > database.database).map(other => other.database)
      : [];
    const nodes = plan.source.nodes.filter(({ keyspace }) => holds(keyspace, database.database));
    const working = nodes.map(node => importDatabase(node, database, later, run));
    const ends = await Promise.allSettled(working);
    for (const end of ends) if (end.status === 'rejected') throw end.reason;
  }
}

function holds(keyspace: SourceNode['keyspace'], database: number): boolean {
  return keyspace.some(held => held.database === database);
}

interface Counters {
  readonly expired: number;
  readonly evicted: number;
}

async function countAll(
  { plan, source, target, routes, tally, replace, rescue }: ImportRun,
  before: Counters,
): Promise<ImportResult> {
  const { nodes } = plan.source;
  const [nodesNow] = await Promise.all([askSourceNodes(source, plan.source), routes.lookAgain()]);
  const now = await countersOf(target, routes.snapshot);
  const wanted = new Set(plan.databases.map(({ database }) => database));
  const keysOf = (all: readonly SourceNode[]) =>
    all
      .flatMap(({ keyspace }) => keyspace)
      .filter(({ database }) => wanted.has(database))
      .reduce((sum, { keys }) => sum + keys, 0);
  const expiredOf = (all: readonly SourceNode[]) => all.reduce((sum, { expired }) => sum + expired, 0);
  return {
    ...tally,
    source: { before: keysOf(nodes), after: keysOf(nodesNow) },
    cluster: { before: keysIn(plan.before), after: keysIn(routes.snapshot) },
    expired: expiredOf(nodesNow) - expiredOf(nodes) + now.expired - before.expired,
    evicted: now.evicted - before.evicted,
    ...((await hasMoved(source, plan.source.cluster)) && { sourceMoved: true }),
    ...(replace && !rescue && { isBlind: true }),
    ...(rescue && tally.overwritten > 0 && { rescueFile: rescue.path }),
  };
}

/** Each node of a source was gone through by the slots that it had at first. */
async function hasMoved(fleet: Fleet, before: ClusterSnapshot | undefined): Promise<boolean> {
  if (!before) return false;
  const now = ownClaims(await inspect(fleet));
  return [...ownClaims(before)].some(([id, slots]) => !now.get(id)?.equals(slots));
}

function keysIn({ views }: ClusterSnapshot): number {
  return views.reduce((sum, { self, server }) => sum + (isPrimary(self) ? (server.keys ?? 0) : 0), 0);
}

async function countersOf(fleet: Fleet, { views }: ClusterSnapshot): Promise<Counters> {
  const all = await Promise.all(
    views
      .filter(({ self }) => isPrimary(self))
      .map(({ address }) => fleet.send(address, sourceInfo()).catch(() => undefined)),
  );
  return {
    expired: all.reduce((sum, info) => sum + (info?.expired ?? 0), 0),
    evicted: all.reduce((sum, info) => sum + (info?.evicted ?? 0), 0),
  };
}
