/** Makes replicas primaries: waits until that may be done, has it done, and waits until it is. */
import { setTimeout as sleep } from 'node:timers/promises';
import { isAboutCopies, readiness } from '../plan/failover/rolling.ts';
import type { FailoverStep } from '../plan/failover/step.ts';
import type { Problem } from '../plan/step.ts';
import { replicationInfo } from '../resp/commands/cluster.ts';
import { failover } from '../resp/commands/failover.ts';
import { isRefused } from '../resp/errors.ts';
import type { Fleet } from '../resp/fleet.ts';
import { CopyWatch } from '../topology/full-sync.ts';
import type { Address } from '../topology/node.ts';
import type { StepRun } from './await/agreement.ts';
import { copiesUnderWay } from './look/full-syncs.ts';
import { EntryNodeError, inspect } from './look/inspect.ts';
import { listMigrations } from './look/list-migrations.ts';
import { ifAnswered } from './look/look-at-node.ts';

/** A failover takes a fraction of a second, and the next shard waits for it. */
const POLL_EVERY_MS = 20;
/** For what takes seconds: that a replica hears its primary, or that all is well for the next one. */
const LOOK_EVERY_MS = 300;
/** A server gives up a manual failover after five seconds, and says so in its log only. */
const TELL_AGAIN_AFTER_MS = 6000;

export function takeStep(step: FailoverStep, run: StepRun): Promise<Problem | undefined> {
  return step.kind === 'be-ready' ? awaitReady(step, run) : failOver(step, run);
}

type FailOver = Extract<FailoverStep, { kind: 'fail-over' }>;

async function failOver(step: FailOver, run: StepRun): Promise<Problem | undefined> {
  const { node, way } = step;
  const { fleet, timeoutMs, nowMs, note } = run;
  const replica = run.at(node);
  const deadline = nowMs() + timeoutMs;
  let told = 0;
  let isDeaf = false;
  for (let askAgainAt = nowMs(); ; ) {
    const { role } = await fleet.send(replica, replicationInfo());
    if (role === 'primary' && (await hasYielded(step, run))) return undefined;
    const now = nowMs();
    if (now >= deadline) return { kind: 'not-promoted', node, way, told, isDeaf, waitedMs: timeoutMs };
    // The primary stops its clients until the replica is in step, and for seconds in vain where that is out of reach.
    if (now >= askAgainAt && (way !== 'graceful' || (await isInStep(step, run)))) {
      const wasDeaf = isDeaf;
      const answer = await begin(fleet, replica, way);
      if (answer === 'no-right') return { kind: 'no-right', node, rights: ['cluster|failover'] };
      isDeaf = answer === 'deaf';
      if (isDeaf && !wasDeaf) note({ kind: 'deaf-replica' });
      if (!isDeaf && told++ > 0) note({ kind: 'failover-again' });
      askAgainAt = now + (isDeaf ? LOOK_EVERY_MS : TELL_AGAIN_AFTER_MS);
    }
    run.progress(1);
    await sleep(POLL_EVERY_MS);
  }
}

/**
 * Redis keeps the votes of a replica's last election for twice the node timeout. Told to take over again within that, it counts them,
 * believes that it has won, and is put right by its primary a moment later; so what counts is that this one has become a replica.
 */
async function hasYielded({ way, primary }: FailOver, { fleet, at }: StepRun): Promise<boolean> {
  if (way !== 'graceful') return true;
  // Where it is gone in this moment, who owns its slots is asked of all others afterwards.
  return (await ifAnswered(fleet.send(at(primary), replicationInfo())))?.role !== 'primary';
}

/** `deaf` where the replica has no link to its primary just now: to the server that is as good as dead. */
async function begin(
  fleet: Fleet,
  replica: Address,
  way: FailOver['way'],
): Promise<'begun' | 'deaf' | 'no-right'> {
  try {
    await fleet.send(replica, failover(way));
    return 'begun';
  } catch (error) {
    if (isRefused(error, 'no-permission')) return 'no-right';
    if (isRefused(error, 'primary-failed')) return 'deaf';
    throw error;
  }
}

async function isInStep({ node, primary, maxLagBytes }: FailOver, run: StepRun): Promise<boolean> {
  const [own, old] = await Promise.all(
    [node, primary].map(id => run.fleet.send(run.at(id), replicationInfo())),
  );
  if (own?.role !== 'replica' || own.link !== 'up' || old?.role !== 'primary') return false;
  return old.offset - own.offset <= maxLagBytes;
}

async function awaitReady(
  step: Extract<FailoverStep, { kind: 'be-ready' }>,
  run: StepRun,
): Promise<Problem | undefined> {
  const { fleet, timeoutMs, nowMs, progress } = run;
  const copying = new CopyWatch();
  let deadline = nowMs() + timeoutMs;
  for (;;) {
    try {
      // Whoever was given up before the last shard may be back, and whoever is not is a reason to stop.
      const snapshot = await inspect(fleet, undefined, run.at(step.node));
      const doubts = readiness(snapshot, step, await listMigrations(fleet, snapshot));
      if (doubts.length === 0) return undefined;
      // Restarted with the new version, a replica may copy everything: for hours, where there is much.
      const copies = await copiesUnderWay(fleet, snapshot);
      if (copying.gets(copies) && doubts.every(isAboutCopies)) deadline = nowMs() + timeoutMs;
      if (nowMs() >= deadline) return { kind: 'not-ready', doubts, waitedMs: timeoutMs };
      for (const { address } of snapshot.unreachable) if (address) fleet.renew(address);
      progress(doubts.length, copies);
    } catch (error) {
      if (!(error instanceof EntryNodeError)) throw error;
      return { kind: 'node', node: error.node, message: error.message };
    }
    await sleep(LOOK_EVERY_MS);
  }
}
