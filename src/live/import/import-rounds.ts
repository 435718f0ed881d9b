/**
 * All keys are gone through, and what the cluster was given is looked for in it. Where a node was started again, or another one
 * took its place, and keys are gone with that, they are sent again if the source still has them, and no others.
 */
import type { ImportProblem } from '../../plan/transfer/import-events.ts';
import { NodeError } from '../../resp/errors.ts';
import { type Address, formatAddress, type NodeId } from '../../topology/node.ts';
import { doubtsBetween } from '../../topology/server-changes.ts';
import { type ClusterSnapshot, isPrimary, ownClaims, ownersDiffer } from '../../topology/snapshot.ts';
import { RescueError } from '../keys/rescue-file.ts';
import { EntryNodeError } from '../look/inspect.ts';
import { NodeWatch } from '../watch/nodes.ts';
import { importDatabase } from './import-database.ts';
import { ImportError, TargetAlarmError } from './import-error.ts';
import { type ImportRun, isStopping } from './import-run.ts';
import { lookForCarriedKeys, type Seen } from './look-for-carried-keys.ts';

/** A node that loses what it has once may do so again, and again. */
const MOST_ROUNDS = 4;

export interface RoundsEnd {
  readonly isWhole: boolean;
  readonly seen: Seen;
  readonly evicted: number;
  readonly restarted: readonly Address[];
}

/** `mayEvict`: keys are sent on to nodes that evict. */
export async function importInRounds(run: ImportRun, mayEvict: boolean): Promise<RoundsEnd> {
  const restarted = new Map<string, Address>();
  let evicted = 0;
  let before = run.plan.before;
  let earlier: ImportRun['earlier'];
  for (let round = 1; ; round++) {
    const stop = await oneRound(earlier ? { ...run, earlier } : run, before, mayEvict);
    if (earlier !== 'whole') earlier = stop === undefined ? 'whole' : 'in-part';
    const { seen, now } = await lookThrough(run);
    const changes = changesBetween(before, now);
    evicted += changes.evicted;
    for (const address of changes.restarted) restarted.set(formatAddress(address), address);
    const isInDoubt = changes.restarted.length > 0 || ownersDiffer(before, now);
    const end = (isWhole: boolean) => ({ isWhole, seen, evicted, restarted: [...restarted.values()] });
    if (stop === 'stopped' || isStopping(run)) return end(false);
    const isGone = seen.missing > 0;
    // What is gone can come once more only from a source that has kept it, and is sent once more only where a node may have lost it:
    // what clients have deleted would be back otherwise.
    if (round === MOST_ROUNDS || (isGone && !(run.copy && isInDoubt)) || (!isGone && stop === undefined))
      return end(stop === undefined);
    run.tell(
      isGone
        ? { kind: 'sent-again', nodes: changes.restarted, keys: seen.missing * run.carried.oneOf }
        : { kind: 'kept', nodes: changes.restarted },
    );
    before = now;
  }
}

/** Why it ended before its end, if it did. `restarted`: a node of the cluster; the rest can come when it is known what that has. */
async function oneRound(
  run: ImportRun,
  before: ClusterSnapshot,
  mayEvict: boolean,
): Promise<'restarted' | 'stopped' | undefined> {
  const watch = new NodeWatch(run.target, before, { mayEvict });
  const targets = before.views.filter(({ self }) => isPrimary(self)).map(({ id }) => id);
  const guard = await watch.over({ sources: [], targets });
  try {
    await importAll({ ...run, guard });
    return undefined;
  } catch (error) {
    if (error instanceof TargetAlarmError) {
      const alarm = error.problem;
      if (alarm.kind === 'restarted') return 'restarted';
      run.tell({ kind: 'alarmed', alarm, node: addressIn(before, alarm.node) });
      return 'stopped';
    }
    const problem = importProblemOf(error);
    if (!problem) throw error;
    run.tell({ kind: 'failed', problem });
    return 'stopped';
  } finally {
    guard.end();
  }
}

function addressIn({ views }: ClusterSnapshot, node: NodeId): Address {
  return views.find(({ id }) => id === node)?.address ?? { host: node, port: 0 };
}

/** Undefined for what is no failure of the work. */
export function importProblemOf(error: unknown): ImportProblem | undefined {
  if (error instanceof ImportError || error instanceof RescueError) return error.problem;
  if (error instanceof EntryNodeError) return { kind: 'entry-node', message: error.message };
  if (error instanceof NodeError) return { kind: 'node', node: error.node, message: error.message };
  return undefined;
}

async function importAll(run: ImportRun): Promise<void> {
  const { plan, tell } = run;
  for (const database of plan.databases) {
    if (isStopping(run)) return;
    if (!run.earlier) tell({ kind: 'database-began', database });
    const nodes = plan.source.nodes.filter(({ keyspace }) =>
      keyspace.some(held => held.database === database.database),
    );
    const others = plan.mayClash ? plan.databases.map(other => other.database) : [];
    const later = others.filter(other => other > database.database);
    const working = nodes.map(node => importDatabase(node, database, later, run));
    const ends = await Promise.allSettled(working);
    for (const end of ends) if (end.status === 'rejected') throw end.reason;
  }
}

/**
 * A node that is started again, dies or is replaced after its keys were looked for, and before that is known, would have them
 * taken for seen.
 */
async function lookThrough(run: ImportRun): Promise<{ seen: Seen; now: ClusterSnapshot }> {
  const { routes } = run;
  for (let looks = 1; ; looks++) {
    await routes.lookAgain();
    const before = routes.snapshot;
    const seen = await lookForCarriedKeys(run);
    await routes.lookAgain();
    const now = routes.snapshot;
    const mayHaveLost = haveLostKeys(before, now);
    if (!mayHaveLost && !ownersDiffer(before, now)) return { seen, now };
    // Where slots only move on, their keys go with them.
    if (looks >= MOST_ROUNDS)
      return { seen: mayHaveLost ? { ...seen, unseen: run.carried.size } : seen, now };
  }
}

/** Of the primaries that were there one was started again, is none any more, was none in between, or does not answer. */
function haveLostKeys(before: ClusterSnapshot, now: ClusterSnapshot): boolean {
  // It is the look of before where nobody has answered.
  if (before === now || changesBetween(before, now).restarted.length > 0) return true;
  const views = new Map(now.views.map(view => [view.id, view.self]));
  return [...ownClaims(before)].some(([id, slots]) => {
    const then = before.views.find(view => view.id === id)?.self;
    const self = views.get(id);
    if (!self || !isPrimary(self)) return true;
    // One that gets slots has a new epoch, too.
    return self.configEpoch !== then?.configEpoch && self.slots.equals(slots);
  });
}

interface Changes {
  readonly evicted: number;
  readonly restarted: readonly Address[];
}

/** Of those, too, that have become primaries: they may have got keys in another's place. */
function changesBetween(before: ClusterSnapshot, now: ClusterSnapshot): Changes {
  const primaries = [before, now].flatMap(({ views }) => views.filter(({ self }) => isPrimary(self)));
  const doubts = doubtsBetween(before, now, new Set(primaries.map(({ id }) => id)));
  return {
    evicted: doubts.reduce((sum, doubt) => sum + (doubt.kind === 'evicted' ? doubt.keys : 0), 0),
    restarted: doubts.flatMap(({ kind, node }) => (kind === 'restarted' ? [addressIn(now, node)] : [])),
  };
}
