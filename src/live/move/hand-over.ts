/** Gives emptied slots to their new owner, and tells everybody. */
import { countKeysInSlot, select } from '../../resp/commands.ts';
import { NodeError, ServerRefusalError } from '../../resp/errors.ts';
import { assignSlot, stable } from '../../resp/slot-commands.ts';
import type { Member } from '../../topology/agreement.ts';
import { type Slot, SlotSet } from '../../topology/slot-set.ts';
import { awaitReplicas } from './await-replicas.ts';
import { expectMarked } from './expect-marks.ts';
import { KeysLeftError } from './move-error.ts';
import type { MoveRun, CountedPassage as Passage } from './mover.ts';
import { persist } from './persist.ts';

/** Who could not be told of which slots. */
export type Untold = Map<Member, SlotSet>;

export async function handOver(
  slots: SlotSet,
  passage: Passage,
  run: MoveRun,
  untold: Untold,
  drainAgain: (left: readonly Slot[]) => Promise<void>,
): Promise<SlotSet> {
  const { from, others } = passage;
  const { listener } = run;
  await expectEmpty(slots, passage, run, drainAgain);
  await awaitReplicas(passage, run);
  // Last: as long as the marks are ours, no key comes to an emptied slot, and none has gone elsewhere.
  await expectMarked(slots, passage, run);
  // The target first: were the source told first and the target then lost, nobody would own the slots.
  await persist(() => claim(slots, passage, run), run);
  // Then the source, which must not keep them as its own when clients ask it. With its last slot gone it may have
  // become a replica already: the target's word has reached it before ours.
  await unlessReplica(assign(slots, from, passage, run));
  // The others would hear of it by gossip; being told spares their clients a redirection. They are not needed for it.
  await Promise.all(
    // Whoever did not answer once is not asked at every window.
    others.map(async other => {
      if (untold.has(other)) {
        untold.set(other, slots.union(untold.get(other) ?? SlotSet.empty));
        return;
      }
      try {
        await unlessReplica(assign(slots, other, passage, run));
      } catch (error) {
        if (!(error instanceof NodeError)) throw error;
        untold.set(other, slots.union(untold.get(other) ?? SlotSet.empty));
      }
    }),
  );
  const keys = [...slots].reduce((sum, slot) => sum + (passage.keys.get(slot) ?? 0), 0);
  listener.moved(slots.size, keys);
  return slots;
}

/** A node that did not answer for a moment is told once more, on a connection of its own; gossip tells it otherwise. */
export async function tellAgain(
  untold: Untold,
  { to }: Passage,
  { fleet, listener }: MoveRun,
): Promise<void> {
  await Promise.all(
    [...untold].map(async ([node, slots]) => {
      const line = fleet.lane(node.address);
      try {
        await Promise.all([...slots].map(slot => line.send(assignSlot(slot, to.id))));
      } catch (error) {
        if (!(error instanceof NodeError)) throw error;
        listener.remark(`${error.node} could not be told who owns the moved slots: ${error.message}`);
      } finally {
        line.close();
      }
    }),
  );
}

/** Keys that expire just as they are to be moved are counted, and not moved. */
const MOST_ROUNDS = 10;

/** The source deletes whatever is left in a slot that it loses, so this is asked at the last moment, and always. */
async function expectEmpty(
  slots: SlotSet,
  passage: Passage,
  run: MoveRun,
  drainAgain: (left: readonly Slot[]) => Promise<void>,
): Promise<void> {
  for (let round = 1; ; round++) {
    const left = await slotsWithKeys([...slots], passage, run);
    if (left.length === 0) return;
    if (round === MOST_ROUNDS) throw new KeysLeftError(passage.from, left);
    await drainAgain(left);
  }
}

export async function slotsWithKeys(
  slots: readonly Slot[],
  { from, databases }: Pick<Passage, 'from' | 'databases'>,
  { fleet }: MoveRun,
): Promise<Slot[]> {
  const left = new Set<Slot>();
  for (const database of databases) {
    // Counts are per database; the connection is left in database 0, where everybody expects it.
    const selected = database === 0 ? [] : [fleet.send(from.address, select(database))];
    const counting = slots.map(slot => fleet.send(from.address, countKeysInSlot(slot)));
    const restored = database === 0 ? [] : [fleet.send(from.address, select(0))];
    const [counts] = await Promise.all([Promise.all(counting), ...selected, ...restored]);
    slots.forEach((slot, i) => {
      if ((counts[i] ?? 0) > 0) left.add(slot);
    });
  }
  return [...left];
}

async function unlessReplica(telling: Promise<void>): Promise<void> {
  try {
    await telling;
  } catch (error) {
    if (!(error instanceof ServerRefusalError && error.reason === 'not-a-primary')) throw error;
  }
}

/**
 * A target that is told to own a slot which it imports takes a new epoch if it needs one, and tells all nodes at once: a
 * message to everybody for every slot. Needed is that once, for the epoch, without which nobody would believe it, and
 * at the end, so that everybody hears of all of them. In between the mark of the import is taken away first.
 */
async function claim(slots: SlotSet, { to }: Passage, { fleet }: MoveRun): Promise<void> {
  const all = [...slots];
  await Promise.all(
    all.flatMap((slot, i) => {
      const quietly = i > 0 && i < all.length - 1 ? [fleet.send(to.address, stable(slot))] : [];
      return [...quietly, fleet.send(to.address, assignSlot(slot, to.id))];
    }),
  );
}

async function assign(slots: SlotSet, at: Member, { to }: Passage, { fleet }: MoveRun): Promise<void> {
  await Promise.all([...slots].map(slot => fleet.send(at.address, assignSlot(slot, to.id))));
}
