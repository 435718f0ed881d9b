/**
 * Atomic migration, Redis’s and Valkey’s: the servers move whole ranges among themselves, without open slots, and the
 * owner changes in one moment. What is left to us is to begin it, to watch, and to call it off.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  cancelExports,
  cancelImport,
  exportJobs,
  exportSlots,
  importSlots,
  importStatus,
  type MigrationStatus,
} from '../../resp/atomic-commands.ts';
import { ServerRefusalError } from '../../resp/errors.ts';
import { type Slot, SlotSet } from '../../topology/slot-set.ts';
import { MoveError } from './move-error.ts';
import type { MoveRun, Mover, Passage } from './mover.ts';

/** The servers answer at once; at first often, since most moves take fractions of a second. */
const POLL_FIRST_MS = 10;
const POLL_MOST_MS = 25;

/** What fails so often will not come to anything. */
const MOST_RETRIES = 5;
const LONGEST_MS = 60 * 60_000;

/** What the two products do differently. */
interface Dialect {
  /** Returns how to ask for the state. */
  begin(passage: Passage, run: MoveRun): Promise<() => Promise<MigrationStatus | undefined>>;
  cancel(passage: Passage, run: MoveRun): Promise<void>;
  /** A Redis target begins anew by itself, every second and without end; a Valkey source does not. */
  readonly failureIsFinal: boolean;
}

export const redisAtomicMover: Mover = (passage, run) => moveBy(redis(), passage, run);

export const valkeyAtomicMover: Mover = (passage, run) => moveBy(valkey, passage, run);

async function moveBy(dialect: Dialect, passage: Passage, run: MoveRun): Promise<SlotSet> {
  if (run.isStopping()) return SlotSet.empty;
  const beganAt = run.nowMs();
  const ask = await dialect.begin(passage, run);
  // Beside the migration, which would wait for it; only told, and no reason to fail.
  const counting = passage.count().catch(() => new Map<Slot, number>());
  for (let wait = POLL_FIRST_MS; ; wait = Math.min(POLL_MOST_MS, wait * 1.3)) {
    const status = await ask();
    if (!status) throw new MoveError('the server no longer knows of the migration');
    if (status.state === 'done') break;
    const failure = failureOf(status, dialect.failureIsFinal, run.nowMs() - beganAt);
    if (failure === undefined && !run.isStopping()) {
      await sleep(wait);
      continue;
    }
    // Whatever the server makes of it by itself, it must not go on while somebody thinks that it has stopped.
    await unlessOver(dialect.cancel(passage, run));
    if (failure === undefined) return SlotSet.empty;
    throw new MoveError(failure);
  }
  const keys = [...(await counting).values()].reduce((sum, count) => sum + count, 0);
  run.listener.moved(passage.slots, keys);
  return passage.slots;
}

function failureOf(
  { state, retries, message, phase }: MigrationStatus,
  isFinal: boolean,
  tookMs: number,
): string | undefined {
  if (state === 'cancelled') return `the migration was called off by somebody (${message || phase})`;
  if (state === 'failed' && isFinal) return `the migration failed: ${message || phase}`;
  if (retries > MOST_RETRIES) return `the migration failed ${retries} times: ${message}`;
  if (tookMs > LONGEST_MS)
    return `the migration was not through after ${LONGEST_MS / 60_000} minutes (${phase})`;
  return undefined;
}

/** What has ended by itself cannot be called off. */
async function unlessOver(cancelling: Promise<void>): Promise<void> {
  try {
    await cancelling;
  } catch (error) {
    if (!(error instanceof ServerRefusalError)) throw error;
  }
}

function redis(): Dialect {
  let task = '';
  return {
    failureIsFinal: false,
    async begin({ to, slots }, { fleet }) {
      // In merged ranges: adjacent ones have made servers trim the source while it was blocked.
      task = await fleet.send(to.address, importSlots(slots));
      return () => fleet.send(to.address, importStatus(task));
    },
    async cancel({ to }, { fleet }) {
      await fleet.send(to.address, cancelImport(task));
    },
  };
}

const valkey: Dialect = {
  failureIsFinal: true,
  async begin({ from, to, slots }, { fleet }) {
    const before = new Set((await fleet.send(from.address, exportJobs())).map(({ name }) => name));
    await fleet.send(from.address, exportSlots(slots, to.id));
    return async () => {
      const jobs = await fleet.send(from.address, exportJobs());
      return jobs.find(({ name, target }) => target === to.id && !before.has(name));
    };
  },
  async cancel({ from }, { fleet }) {
    await fleet.send(from.address, cancelExports());
  },
};
