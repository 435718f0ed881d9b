/**
 * Atomic migration, Redis’s and Valkey’s: the servers move whole ranges among themselves, without open slots, and the
 * owner changes in one moment. What is left to us is to begin it, to watch, and to see to it that it does not go on
 * when we no longer watch.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { MoveProblem } from '../../../plan/slots/move-problem.ts';
import type { Migration } from '../../../resp/commands/atomic-migration.ts';
import { clusterNodes } from '../../../resp/commands/cluster.ts';
import { InterruptedError, NodeError } from '../../../resp/errors.ts';
import { SlotSet } from '../../../topology/slot-set.ts';
import { askPersistently } from '../ask-persistently.ts';
import { AlarmError, MoveError, NotAtomicallyError, nodeProblem } from '../move-error.ts';
import type { MoveRun, Passage } from '../mover.ts';
import { expectNoContradiction } from './ask-other-end.ts';
import { beginMigration, type Start } from './begin-migration.ts';
import { type Begun, type CallOffResult, callOff, stillRunning } from './call-off.ts';

/** The servers answer at once, and most moves take fractions of a second; a long one need not be asked about as often. */
const POLL_FIRST_MS = 10;
const POLL_MOST_MS = 250;
const POLLS_OF_TIME_TAKEN = 40;

/** What fails so often will not come to anything. */
const MOST_RETRIES = 5;
const LONGEST_MS = 60 * 60_000;

/**
 * After the first Ctrl-C. Most migrations are over by then, and what is done need not be done again. One that takes
 * longer is called off, other than open slots, which are always finished: the source still has everything, so nothing
 * is left half-way, and nobody who wants to stop has to wait for minutes.
 */
const MAY_FINISH_MS = 3000;
/** After the second one nobody wants to wait at all. */
const LAST_WORD_MS = 1000;

export async function moveAtomically(start: Start, passage: Passage, run: MoveRun): Promise<SlotSet> {
  const { way, underWay, keys } = start;
  if (run.isStopping()) return SlotSet.empty;
  run.trip.expectCalm();
  return run.own.during(passage, async () => {
    const beganAt = run.nowMs();
    const name = underWay?.name ?? (await beginMigration(start, passage, run));
    const begun = { way, passage, name };
    if (!(await watchToItsEnd(begun, beganAt, run))) return SlotSet.empty;
    await expectNoContradiction(begun, run);
    run.moved(passage.slots, keys);
    return passage.slots;
  });
}

/** False where it was called off because the person wants to stop. */
async function watchToItsEnd(begun: Begun, beganAt: number, run: MoveRun): Promise<boolean> {
  try {
    return await watch(begun, beganAt, run);
  } catch (error) {
    if (error instanceof StopWatching) return settle(error.problem, {});
    // The source still has everything, and so it stays: others that leave it may be sent later, too.
    if (error instanceof AlarmError) return settle(error.problem, { withOwn: true });
    if (error instanceof InterruptedError) return settle(undefined, { withinMs: LAST_WORD_MS });
    if (error instanceof NodeError) return settle(nodeProblem(error), {});
    throw error;
  }

  /** `reason`: why it cannot go on; without one, the person has stopped it for the second time. */
  async function settle(
    reason: MoveProblem | undefined,
    leave: { withinMs?: number; withOwn?: boolean },
  ): Promise<boolean> {
    let ending: CallOffResult;
    try {
      ending = await callOff(begun, run, { withOwn: reason === undefined, ...leave });
    } catch (error) {
      if (error instanceof InterruptedError) return settle(undefined, { withinMs: LAST_WORD_MS });
      if (!(error instanceof MoveError)) throw error;
      throw stopped(reason, error.problem);
    }
    if (ending.kind === 'done') return true;
    if (ending.kind === 'spared')
      throw stopped(reason, { kind: 'spared', others: ending.others, ...stillRunning(begun) });
    throw reason === undefined ? new InterruptedError() : stopped(reason, { kind: 'called-off' });
  }

  function stopped(why: MoveProblem | undefined, end: MoveProblem): Error {
    if (why) return new MoveError({ kind: 'given-up', why, end });
    run.note({ kind: 'stays', what: end });
    return new InterruptedError();
  }
}

/** Why it is not to go on, though the server would. */
class StopWatching extends MoveError {}

async function watch(begun: Begun, beganAt: number, run: MoveRun): Promise<boolean> {
  const { way, passage, name } = begun;
  const { fleet, nowMs, isStopping, note, trip } = run;
  const at = way.seat(passage).address;
  let stoppedAt: number | undefined;
  let spared = false;
  for (;;) {
    const now = await askPersistently(fleet, at, way.ask(name));
    if (!now) {
      // Started anew, or it keeps no list of what is over.
      if (await ownsAll(passage, fleet)) return true;
      throw new MoveError({ kind: 'migration-forgotten', at });
    }
    if (now.state === 'done') return true;
    if (now.state === 'cancelled' && isStopping()) return false;
    if (now.state !== 'under-way') throw failed(now);
    trip.expectCalm();
    const tookMs = nowMs() - beganAt;
    if (now.retries > MOST_RETRIES)
      throw new StopWatching({ kind: 'migration-failed-often', times: now.retries, message: now.message });
    if (tookMs > LONGEST_MS)
      throw new StopWatching({ kind: 'migration-too-long', minutes: LONGEST_MS / 60_000, phase: now.phase });
    if (isStopping() && !spared) {
      stoppedAt ??= nowMs();
      if (nowMs() - stoppedAt >= MAY_FINISH_MS) {
        const ending = await callOff(begun, run, { withOwn: true });
        if (ending.kind !== 'spared') return ending.kind === 'done';
        spared = true;
        note({ kind: 'goes-on-to-its-end', others: ending.others });
      }
    }
    await sleep(Math.min(POLL_MOST_MS, Math.max(POLL_FIRST_MS, tookMs / POLLS_OF_TIME_TAKEN)));
  }
}

async function ownsAll({ to, slots }: Passage, fleet: MoveRun['fleet']): Promise<boolean> {
  const { self } = await askPersistently(fleet, to.address, clusterNodes());
  return self.role === 'primary' && slots.without(self.slots).size === 0;
}

/** What a server cannot do by itself, and MIGRATE can: it logs in as we do, forks nothing, and knows every module. */
const NOT_SHARED_BY_MIGRATE = /\bAUTH\b|NOPERM|\bfork\b|module/i;

/** It has ended by itself: there is nothing to cancel. */
function failed({ state, message, phase }: Migration): MoveError {
  if (state === 'cancelled') return new MoveError({ kind: 'migration-cancelled', message: message || phase });
  const problem = { kind: 'migration-failed', message: message || phase } as const;
  return NOT_SHARED_BY_MIGRATE.test(message) ? new NotAtomicallyError(problem) : new MoveError(problem);
}
