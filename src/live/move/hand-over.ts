/** Gives emptied slots to their new owner, and tells everybody. */
import { countKeysInSlot, select } from '../../resp/commands.ts';
import { NodeError, ServerRefusalError } from '../../resp/errors.ts';
import { assignSlot } from '../../resp/slot-commands.ts';
import type { Member } from '../../topology/agreement.ts';
import { SlotSet } from '../../topology/slot-set.ts';
import { awaitReplicas } from './await-replicas.ts';
import { KeysLeftError } from './move-error.ts';
import type { MoveRun, Passage } from './mover.ts';
import { persist } from './persist.ts';

/** Who could not be told of which slots. */
export type Untold = Map<Member, SlotSet>;

export async function handOver(
  slots: SlotSet,
  passage: Passage,
  run: MoveRun,
  untold: Untold,
): Promise<SlotSet> {
  const { from, to, others } = passage;
  const { listener } = run;
  await expectEmpty(slots, passage, run);
  await awaitReplicas(passage, run);
  // The target first: were the source told first and the target then lost, nobody would own the slots.
  await persist(() => assign(slots, to, passage, run), run);
  // Then the source, which must not keep them as its own when clients ask it. With its last slot gone it may have
  // become a replica already: the target's word has reached it before ours.
  await unlessReplica(assign(slots, from, passage, run));
  // The others would hear of it by gossip; being told spares their clients a redirection. They are not needed for it.
  await Promise.all(
    others.map(async other => {
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

/** The source deletes whatever is left in a slot that it loses, so this is asked at the last moment, and always. */
async function expectEmpty(slots: SlotSet, { from, databases }: Passage, { fleet }: MoveRun): Promise<void> {
  const all = [...slots];
  for (const database of databases) {
    // Counts are per database; the connection is left in database 0, where everybody expects it.
    const selected = database === 0 ? [] : [fleet.send(from.address, select(database))];
    const counting = all.map(slot => fleet.send(from.address, countKeysInSlot(slot)));
    const restored = database === 0 ? [] : [fleet.send(from.address, select(0))];
    const [counts] = await Promise.all([Promise.all(counting), ...selected, ...restored]);
    const left = all.filter((_, i) => (counts[i] ?? 0) > 0);
    if (left.length > 0) throw new KeysLeftError(from, left);
  }
}

async function unlessReplica(telling: Promise<void>): Promise<void> {
  try {
    await telling;
  } catch (error) {
    if (!(error instanceof ServerRefusalError && error.reason === 'not-a-primary')) throw error;
  }
}

async function assign(slots: SlotSet, at: Member, { to }: Passage, { fleet }: MoveRun): Promise<void> {
  await Promise.all([...slots].map(slot => fleet.send(at.address, assignSlot(slot, to.id))));
}
