/**
 * The classic way, which every server knows: a slot is opened on both sides, its keys go by MIGRATE, and then all
 * primaries are told who owns it. Slots go in windows: while the keys of one window move, the next is opened and the one
 * before is handed over, each with its short commands in one packet.
 */
import { type Slot, SlotSet } from '../../topology/slot-set.ts';
import { BatchSize } from './batch-size.ts';
import { findBigKeys } from './big-keys.ts';
import { handOver, tellAgain, type Untold } from './hand-over.ts';
import { Lane } from './lane.ts';
import type { MoveRun, Mover, Passage } from './mover.ts';
import { openSlots } from './open-slots.ts';
import { windowsOf } from './windows.ts';

/**
 * One MIGRATE in flight on each keeps the source busy, and lets clients in between: a server runs all that waits in one
 * client's buffer before it turns to the next, so pipelined MIGRATEs would shut everybody out.
 */
const LANES = 2;

export const migrateMover: Mover = async (passage, run) => {
  const windows = windowsOf(passage, run.limits.window);
  const batch = new BatchSize(run.limits.firstBatch, run.limits.maxBlockMs);
  const big = await findBigKeys(passage, run);
  const lanes = Array.from({ length: LANES }, () => new Lane(passage, run, batch, big));
  const untold: Untold = new Map();
  let moved = SlotSet.empty;
  let opening = begin(windows, 0, passage, run);
  let closing: Promise<SlotSet> = Promise.resolve(SlotSet.empty);
  try {
    for (let i = 0; i < windows.length; i++) {
      const open = await opening;
      opening = begin(windows, i + 1, passage, run);
      if (!open) break;
      await drain(lanes, open, passage);
      moved = moved.union(await closing);
      closing = handOver(open, passage, run, untold);
    }
    moved = moved.union(await closing);
    await tellAgain(untold, passage, run);
    return moved;
  } finally {
    // Whatever was begun is seen to its end before anybody hears of a failure.
    await Promise.allSettled([opening, closing]);
    for (const lane of lanes) lane.close();
  }
};

async function begin(
  windows: readonly SlotSet[],
  position: number,
  passage: Passage,
  run: MoveRun,
): Promise<SlotSet | undefined> {
  const slots = windows[position];
  if (!slots || run.isStopping()) return undefined;
  await openSlots(slots, passage, run);
  return slots;
}

/** The lanes take slots from one list until it is empty. */
async function drain(lanes: readonly Lane[], slots: SlotSet, { keys }: Passage): Promise<void> {
  const full: Slot[] = [...slots].filter(slot => keys.has(slot));
  const next = () => full.shift();
  await Promise.all(lanes.map(lane => lane.empty(next)));
}
