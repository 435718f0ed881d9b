/**
 * The classic way, which every server knows: a slot is opened on both sides, its keys go by MIGRATE, and then all
 * primaries are told who owns it. Slots go in windows: while the keys of one window move, the next is opened and the one
 * before is handed over, each with its short commands in one packet.
 */

import { countKeysInSlot } from '../../resp/commands.ts';
import { type Slot, SlotSet } from '../../topology/slot-set.ts';
import { BatchSize } from './batch-size.ts';
import { findBigKeys } from './big-keys.ts';
import { tidyUp } from './close-again.ts';
import { databasesOf } from './databases.ts';
import { expectOwned } from './expect-marks.ts';
import { handOver, tellAgain, type Untold } from './hand-over.ts';
import { Lane } from './lane.ts';
import type { MoveRun, Mover, CountedPassage as Passage } from './mover.ts';
import { openSlots } from './open-slots.ts';
import { windowsOf } from './windows.ts';

/**
 * One MIGRATE in flight on each keeps the source busy, and lets clients in between: a server runs all that waits in one
 * client's buffer before it turns to the next, so pipelined MIGRATEs would shut everybody out.
 */
const LANES = 2;

export const migrateMover: Mover = async (uncounted, run) => {
  const [keys, databases] = await Promise.all([uncounted.counting, databasesOf(uncounted, run)]);
  const passage = { ...uncounted, keys, databases };
  const windows = windowsOf(passage, run.limits.window);
  const batch = new BatchSize(run.limits.firstBatch, run.limits.maxBlockMs);
  const big = await findBigKeys(passage, run);
  const lanes = Array.from({ length: LANES }, () => new Lane(passage, run, batch, big));
  // Apart from the others, which are busy with the next window by then.
  const mop = new Lane(passage, run, batch, big);
  const untold: Untold = new Map();
  let moved = SlotSet.empty;
  const opened: Slot[] = [];
  let opening = begin(windows, 0, passage, run, opened);
  let closing: Promise<SlotSet> = Promise.resolve(SlotSet.empty);
  try {
    for (let i = 0; i < windows.length; i++) {
      const open = await opening;
      opening = minded(begin(windows, i + 1, passage, run, opened));
      if (!open) break;
      await drain(lanes, open, passage, run);
      moved = moved.union(await closing);
      closing = minded(handOver(open, passage, run, untold, left => empty([mop], left)));
    }
    moved = moved.union(await closing);
    await tellAgain(untold, passage, run);
    return moved;
  } catch (error) {
    // Whatever was begun is seen to its end before anybody hears of a failure.
    const [, last] = await Promise.allSettled([opening, closing]);
    if (last.status === 'fulfilled') moved = moved.union(last.value);
    throw await tidyUp(error, SlotSet.of(...opened).without(moved), passage, run);
  } finally {
    for (const lane of [...lanes, mop]) lane.close();
  }
};

/** Awaited later: a failure is not to be taken for one that nobody minds. */
function minded<T>(work: Promise<T>): Promise<T> {
  work.catch(() => {});
  return work;
}

async function begin(
  windows: readonly SlotSet[],
  position: number,
  passage: Passage,
  run: MoveRun,
  opened: Slot[],
): Promise<SlotSet | undefined> {
  const slots = windows[position];
  if (!slots || run.isStopping()) return undefined;
  await expectOwned(slots, passage, run);
  opened.push(...slots);
  await openSlots(slots, passage, run);
  return slots;
}

/** Counted anew, now that no new keys come: clients have made some since the first count. */
async function drain(
  lanes: readonly Lane[],
  slots: SlotSet,
  { from, databases }: Passage,
  { fleet }: MoveRun,
): Promise<void> {
  const all = [...slots];
  if (databases.length > 1) return empty(lanes, all);
  const counts = await Promise.all(all.map(slot => fleet.send(from.address, countKeysInSlot(slot))));
  return empty(
    lanes,
    all.filter((_, i) => (counts[i] ?? 0) > 0),
  );
}

/** The lanes take slots from one list until it is empty. */
async function empty(lanes: readonly Lane[], slots: readonly Slot[]): Promise<void> {
  const left = [...slots];
  const next = () => left.shift();
  const ends = await Promise.allSettled(
    lanes.map(async lane => {
      try {
        await lane.empty(next);
      } catch (error) {
        left.length = 0;
        throw error;
      }
    }),
  );
  // Only when all are at rest: until then keys are on their way.
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
}
