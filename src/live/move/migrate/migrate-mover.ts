/**
 * The classic way, which every server knows: a slot is opened on both sides, its keys go by MIGRATE, and then all
 * primaries are told who owns it. Slots go in windows: while the keys of one window move, the next is opened and the one
 * before is handed over, in one turn; the lanes never stand still in between.
 */

import { ping } from '../../../resp/commands/cluster.ts';
import { NodeError } from '../../../resp/errors.ts';
import { type Slot, SlotSet } from '../../../topology/slot-set.ts';
import { BatchSize } from '../../keys/batch-size.ts';
import { findBigKeys } from '../../keys/big-keys.ts';
import { databasesOf } from '../../keys/databases.ts';
import { migrateTimeoutMs, nodeTimeoutAt } from '../../keys/migrate-timeout.ts';
import { ifTold } from '../../look/look-at-node.ts';
import type { CountedPassage, MoveRun, Passage } from '../mover.ts';
import { tidyUp } from './close-again.ts';
import { areAllGiven } from './finish-hand-over.ts';
import { type TurnListener, turnOver } from './hand-over.ts';
import { MigrateLane } from './migrate-lane.ts';
import { windowsOf } from './open-slot-windows.ts';
import { SetSlotConnections } from './setslot-connections.ts';
import { SlotQueue } from './slot-queue.ts';
import { NewOwnerNews } from './tell-new-owner.ts';
import { expectRights } from './try-rights.ts';

/**
 * One MIGRATE in flight on each keeps the source busy, and lets clients in between: a server runs all that waits in one
 * client's buffer before it turns to the next, so pipelined MIGRATEs would shut everybody out.
 */
const LANES = 2;

/** Returns the slots that have changed their owner: all, unless it was stopped. */
export async function migrateMover(uncounted: Passage, given: MoveRun): Promise<SlotSet> {
  const [, keys, databases, run] = await Promise.all([
    expectRights(uncounted, given.fleet),
    uncounted.count(),
    databasesOf(uncounted, given),
    withinNodeTimeout(uncounted, given),
    given.trip.ready,
  ]);
  const passage = { ...uncounted, keys, databases };
  const batch = new BatchSize(run.limits.firstBatch, run.limits.maxBlockMs, await roundTripMs(passage, run));
  const big = await findBigKeys(passage, run);
  const lanes = Array.from({ length: LANES }, () => new MigrateLane(passage, run, batch, big));
  // Apart from the others, which are busy with the next window by then.
  const mop = new MigrateLane(passage, run, batch, big);
  const connections = new SetSlotConnections(run.fleet, passage);
  try {
    return await convey(passage, run, lanes, mop, connections);
  } finally {
    for (const line of [...lanes, mop, connections]) line.close();
  }
}

async function withinNodeTimeout({ from }: Passage, run: MoveRun): Promise<MoveRun> {
  const nodeTimeout = await nodeTimeoutAt(run.fleet, from.address);
  const timeoutMs = migrateTimeoutMs(run.limits.timeoutMs, [nodeTimeout], run.note);
  return { ...run, limits: { ...run.limits, timeoutMs } };
}

/** Several, since a server may be busy just then; the connection is there already. A refusal is an answer, too. */
const KNOCKS = 3;

async function roundTripMs({ from }: CountedPassage, { fleet, nowMs }: MoveRun): Promise<number> {
  let shortest = Number.POSITIVE_INFINITY;
  for (let knock = 0; knock < KNOCKS; knock++) {
    const knockedAt = nowMs();
    await ifTold(fleet.send(from.address, ping()));
    shortest = Math.min(shortest, nowMs() - knockedAt);
  }
  return shortest;
}

/** Slots that are open, and when their keys have gone. */
interface Open {
  readonly slots: SlotSet;
  readonly drained: Promise<void>;
}

/**
 * A window lives for three turns: it is opened in one, drained by the lanes in the next, and handed over in the one after, so
 * that up to three of them are open at a time. Once nobody wants more to be opened, those that are open come to their end.
 */
async function convey(
  passage: CountedPassage,
  run: MoveRun,
  lanes: readonly MigrateLane[],
  mop: MigrateLane,
  connections: SetSlotConnections,
): Promise<SlotSet> {
  const windows = windowsOf(passage, run.limits.window);
  const [queue, news] = [new SlotQueue(), new NewOwnerNews(passage, run, connections)];
  const working = lanes.map(lane => lane.empty(queue));
  const draining = Promise.all(working);
  // Heard of when a window is waited for; until then it is not a rejection that nobody handles.
  draining.catch(() => {});
  let [opened, moved] = [SlotSet.empty, SlotSet.empty];
  const listener: TurnListener = {
    connections,
    opened: slots => {
      opened = opened.union(slots);
    },
    handedOver: slots => {
      run.moved(slots, keysIn(slots, passage));
      moved = moved.union(slots);
      news.spread(slots);
    },
    drainAgain: left => mopUp(mop, left),
  };
  let closing = SlotSet.empty;
  let open: Open | undefined;
  try {
    for (let turn = 0; ; turn++) {
      const opening = (run.isStopping() ? undefined : windows[turn]) ?? SlotSet.empty;
      if (closing.size === 0 && !open && opening.size === 0) break;
      await turnOver({ closing, opening }, passage, run, listener);
      const drained = queue.add(slotsToDrain(opening, passage));
      // The slot of a lane that has failed is never done: its window would be waited for without end. The lanes cannot end before
      // the queue is closed but by failing.
      if (open) await Promise.race([open.drained, draining]);
      closing = open?.slots ?? SlotSet.empty;
      open = opening.size > 0 ? { slots: opening, drained } : undefined;
    }
    queue.close();
    await news.arrived();
    return moved;
  } catch (error) {
    queue.drop();
    // Whatever was begun is seen to its end before anybody hears of a failure: until then keys are on their way.
    await Promise.allSettled(working);
    await news.arrived().catch(() => {});
    if (error instanceof NodeError && (await areAllGiven(passage, run))) {
      const last = passage.slots.without(moved);
      run.moved(last, keysIn(last, passage));
      run.note({ kind: 'moved-by-then', node: error.node, message: error.message });
      return passage.slots;
    }
    throw await tidyUp(error, opened.without(moved), passage, run);
  }
}

/**
 * By the count before they were opened; keys that came since are found before the slot is handed over. Counted is in
 * database 0 only: where there are others, no slot may be taken for empty.
 */
function slotsToDrain(slots: SlotSet, { keys, databases }: CountedPassage): Slot[] {
  return [...slots].filter(slot => databases.length > 1 || keys.has(slot));
}

function keysIn(slots: SlotSet, { keys }: CountedPassage): number {
  return [...slots].reduce((sum, slot) => sum + (keys.get(slot) ?? 0), 0);
}

async function mopUp(mop: MigrateLane, left: readonly Slot[]): Promise<void> {
  const queue = new SlotQueue();
  queue.add(left);
  queue.close();
  await mop.empty(queue);
}
