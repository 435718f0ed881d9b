/** Opens slots on both sides. */
import { importing, migrating } from '../../resp/slot-commands.ts';
import type { SlotSet } from '../../topology/slot-set.ts';
import type { MoveRun, Passage } from './mover.ts';
import { persist } from './persist.ts';

export async function openSlots(
  slots: SlotSet,
  { from, to }: Pick<Passage, 'from' | 'to'>,
  run: MoveRun,
): Promise<void> {
  const all = [...slots];
  // The target first: a source that sends clients away before the target expects them sends them back and forth.
  const { fleet } = run;
  await persist(() => Promise.all(all.map(slot => fleet.send(to.address, importing(slot, from.id)))), run);
  await persist(() => Promise.all(all.map(slot => fleet.send(from.address, migrating(slot, to.id)))), run);
}
