/** Opens slots on both sides. */
import { clusterNodes } from '../../resp/commands.ts';
import { importing, migrating, stable } from '../../resp/slot-commands.ts';
import type { SlotSet } from '../../topology/slot-set.ts';
import { refuse } from './expect-marks.ts';
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
  // The look and the marks go in one packet, between which the server listens to nobody else: so it tells which marks
  // of others these have taken the place of.
  const { open } = await persist(async () => {
    const looking = fleet.send(from.address, clusterNodes());
    const [seen] = await Promise.all([
      looking,
      ...all.map(slot => fleet.send(from.address, migrating(slot, to.id))),
    ]);
    return seen;
  }, run);
  const taken = all.flatMap(slot => {
    const other = open.migrating.get(slot);
    return other === undefined || other === to.id ? [] : [{ slot, other }];
  });
  await Promise.all(
    taken.flatMap(({ slot, other }) => [
      fleet.send(from.address, migrating(slot, other)),
      fleet.send(to.address, stable(slot)),
    ]),
  );
  refuse(
    taken.map(({ slot }) => slot),
    'somebody else has just begun to move',
  );
}
