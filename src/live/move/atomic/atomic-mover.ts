/**
 * Atomic migration, Redis’s and Valkey’s: the servers move whole ranges among themselves, without open slots, and the
 * owner changes in one moment. What is left to us is to begin it, to watch, and to see to it that it does not go on
 * when we no longer watch.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Migration } from '../../../resp/commands/atomic-migration.ts';
import { clusterNodes } from '../../../resp/commands/cluster.ts';
import { InterruptedError, NodeError } from '../../../resp/errors.ts';
import { formatAddress } from '../../../topology/node.ts';
import { SlotSet } from '../../../topology/slot-set.ts';
import { askPersistently } from '../ask-persistently.ts';
import { AlarmError, MoveError, NotAtomicallyError } from '../move-error.ts';
import type { MoveRun, Passage } from '../mover.ts';
import { expectNoContradiction } from './ask-other-end.ts';
import { beginMigration, type Start } from './begin-migration.ts';
import { callOff, type Ending, howTo } from './call-off.ts';
import type { AtomicWay } from './way.ts';

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
    if (!(await watchToItsEnd({ way, name, beganAt }, passage, run))) return SlotSet.empty;
    await expectNoContradiction(way, name, passage, run);
    run.listener.moved(passage.slots, keys);
    return passage.slots;
  });
}

interface Watched {
  readonly way: AtomicWay;
  readonly name: string;
  readonly beganAt: number;
}

/** False where it was called off because the person wants to stop. */
async function watchToItsEnd(watched: Watched, passage: Passage, run: MoveRun): Promise<boolean> {
  const { way, name } = watched;
  try {
    return await watch(watched, passage, run);
  } catch (error) {
    if (error instanceof StopWatching) return settle(error.message, {});
    // The source still has everything, and so it stays: others that leave it may be sent later, too.
    if (error instanceof AlarmError) return settle(error.message, { withOwn: true });
    if (error instanceof InterruptedError) return settle(undefined, { withinMs: LAST_WORD_MS });
    if (error instanceof NodeError) return settle(`${error.node}: ${error.message}`, {});
    throw error;
  }

  /** `reason`: why it cannot go on; without one, the person has stopped it for the second time. */
  async function settle(
    reason: string | undefined,
    leave: { withinMs?: number; withOwn?: boolean },
  ): Promise<boolean> {
    const because = reason === undefined ? '' : `${reason}; `;
    let ending: Ending;
    try {
      ending = await callOff(way, passage, name, run, { withOwn: reason === undefined, ...leave });
    } catch (error) {
      if (error instanceof InterruptedError) return settle(undefined, { withinMs: LAST_WORD_MS });
      if (!(error instanceof MoveError)) throw error;
      if (reason !== undefined) throw new MoveError(`${because}${error.message}`);
      run.listener.remark(error.message);
      throw new InterruptedError();
    }
    if (ending.kind === 'done') return true;
    if (ending.kind === 'spared') {
      const text = `${because}it was not called off, since that would call off ${ending.others} too. ${howTo(way, passage, name)}`;
      if (reason !== undefined) throw new MoveError(text);
      run.listener.remark(text);
    }
    if (reason === undefined) throw new InterruptedError();
    throw new MoveError(`${because}it was called off, and the slots are where they were`);
  }
}

/** Why it is not to go on, though the server would. */
class StopWatching extends Error {}

async function watch({ way, name, beganAt }: Watched, passage: Passage, run: MoveRun): Promise<boolean> {
  const { fleet, nowMs, isStopping, listener, trip } = run;
  const at = way.seat(passage).address;
  let stoppedAt: number | undefined;
  let spared = false;
  for (;;) {
    const now = await askPersistently(fleet, at, way.ask(name));
    if (!now) {
      // Started anew, or it keeps no list of what is over.
      if (await ownsAll(passage, fleet)) return true;
      throw new MoveError(`${formatAddress(at)} no longer knows of the migration; was it restarted?`);
    }
    if (now.state === 'done') return true;
    if (now.state === 'cancelled' && isStopping()) return false;
    if (now.state !== 'under-way') throw failed(now);
    trip.expectCalm();
    const tookMs = nowMs() - beganAt;
    if (now.retries > MOST_RETRIES)
      throw new StopWatching(`the migration failed ${now.retries} times: ${now.message}`);
    if (tookMs > LONGEST_MS)
      throw new StopWatching(
        `the migration was not through after ${LONGEST_MS / 60_000} minutes (${now.phase})`,
      );
    if (isStopping() && !spared) {
      stoppedAt ??= nowMs();
      if (nowMs() - stoppedAt >= MAY_FINISH_MS) {
        const ending = await callOff(way, passage, name, run, { withOwn: true });
        if (ending.kind !== 'spared') return ending.kind === 'done';
        spared = true;
        listener.remark(
          `the migration goes on to its end: calling it off would call off ${ending.others} too`,
        );
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
  if (state === 'cancelled')
    return new MoveError(`the migration was called off by somebody (${message || phase})`);
  const text = `the migration failed: ${message || phase}`;
  return NOT_SHARED_BY_MIGRATE.test(message) ? new NotAtomicallyError(text) : new MoveError(text);
}
