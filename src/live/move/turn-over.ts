/**
 * One turn of a move by MIGRATE: slots whose keys have gone are handed over, and the next ones are opened. Both in the same
 * packets, since a server saves its nodes.conf after each: two packets would be two saves, on both ends.
 */
import { countKeysInSlot, select } from '../../resp/commands.ts';
import { assignSlot, importing, migrating, stable } from '../../resp/slot-commands.ts';
import { type Slot, SlotSet } from '../../topology/slot-set.ts';
import { awaitReplicas } from './await-replicas.ts';
import { expectMarked, expectOwned, lookAtEnds } from './expect-marks.ts';
import { KeysLeftError } from './move-error.ts';
import type { MoveRun, CountedPassage as Passage } from './mover.ts';
import { isReplicaNow } from './news.ts';
import { persist } from './persist.ts';

export interface Turn {
  readonly closing: SlotSet | undefined;
  readonly opening: SlotSet | undefined;
}

export async function turnOver(
  { closing = SlotSet.empty, opening = SlotSet.empty }: Turn,
  passage: Passage,
  run: MoveRun,
  drainAgain: (left: readonly Slot[]) => Promise<void>,
): Promise<void> {
  if (closing.size + opening.size === 0) return;
  const { from, to } = passage;
  const { fleet, listener } = run;
  await expectReady(closing, opening, passage, run, drainAgain);
  if (closing.size > 0) await awaitReplicas(passage, run);
  // The target first. Were the source told first of slots that it loses, and the target then lost, nobody would own
  // them; and a source that sends clients away before the target expects them sends them back and forth.
  const comes = [...claims(closing, passage), ...[...opening].map(slot => importing(slot, from.id))];
  await persist(() => fleet.sendAll(to.address, comes), run);
  const goes = [
    ...[...closing].map(slot => assignSlot(slot, to.id)),
    ...[...opening].map(slot => migrating(slot, to.id)),
  ];
  try {
    await persist(() => fleet.sendAll(from.address, goes), run);
  } catch (error) {
    // With its last slot gone it may have become a replica already: the target's word has reached it before ours.
    if (opening.size > 0 || !isReplicaNow(error)) throw error;
  }
  if (closing.size === 0) return;
  const keys = [...closing].reduce((sum, slot) => sum + (passage.keys.get(slot) ?? 0), 0);
  listener.moved(closing, keys);
}

/**
 * A target that is told to own a slot which it imports takes a new epoch if it needs one, and tells all nodes at once: a
 * message to everybody for every slot. Needed is that once, for the epoch, without which nobody would believe it, and
 * at the end, so that everybody hears of all of them. In between the mark of the import is taken away first.
 */
function claims(slots: SlotSet, { to }: Passage) {
  const all = [...slots];
  return all.flatMap((slot, i) => {
    const quietly = i > 0 && i < all.length - 1 ? [stable(slot)] : [];
    return [...quietly, assignSlot(slot, to.id)];
  });
}

/** Keys that expire just as they are to be moved are counted, and not moved. */
const MOST_ROUNDS = 10;

/**
 * The source deletes whatever is left in a slot that it loses, so the keys are counted at the last moment, and always;
 * and a count of 0 means that they are at our target only as long as nobody else moves them.
 */
async function expectReady(
  closing: SlotSet,
  opening: SlotSet,
  passage: Passage,
  run: MoveRun,
  drainAgain: (left: readonly Slot[]) => Promise<void>,
): Promise<void> {
  for (let round = 1; ; round++) {
    const [ends, left] = await Promise.all([
      lookAtEnds(passage, run),
      slotsWithKeys([...closing], passage, run),
    ]);
    expectOwned(opening, passage, ends);
    expectMarked(closing, passage, ends);
    if (left.length === 0) return;
    if (round === MOST_ROUNDS) throw new KeysLeftError(passage.from, left);
    await drainAgain(left);
  }
}

async function slotsWithKeys(
  slots: readonly Slot[],
  { from, databases }: Passage,
  { fleet }: MoveRun,
): Promise<Slot[]> {
  const left = new Set<Slot>();
  for (const database of databases) {
    // Counts are per database; the connection is left in database 0, where everybody expects it.
    const selected = database === 0 ? [] : [fleet.send(from.address, select(database))];
    const counting = fleet.sendAll(from.address, slots.map(countKeysInSlot));
    const restored = database === 0 ? [] : [fleet.send(from.address, select(0))];
    const [counts] = await Promise.all([counting, ...selected, ...restored]);
    slots.forEach((slot, i) => {
      if ((counts[i] ?? 0) > 0) left.add(slot);
    });
  }
  return [...left];
}
