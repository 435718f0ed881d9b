/**
 * A reply that is lost in the last turn of a move does not undo it: the target was told when the slots were empty. Where
 * it owns them all, what is left is to tell the source, once more or for the first time.
 */

import { clusterNodes } from '../../../resp/commands/cluster.ts';
import { assignSlot } from '../../../resp/commands/slots.ts';
import { ifAnswered } from '../../look/look-at-node.ts';
import { askAfresh } from '../ask-persistently.ts';
import type { MoveRun, Passage } from '../mover.ts';

/** Whether all slots are the target's, and nobody has any of them open. */
export async function areAllGiven(passage: Passage, run: MoveRun): Promise<boolean> {
  return (await ifAnswered(tellSourceAgain(passage, run))) ?? false;
}

async function tellSourceAgain({ from, to, slots }: Passage, { fleet }: MoveRun): Promise<boolean> {
  const target = await askAfresh(fleet, to.address, clusterNodes());
  if (target.self.role !== 'primary' || slots.without(target.self.slots).size > 0) return false;
  const source = await askAfresh(fleet, from.address, clusterNodes());
  for (const { address } of [from, to]) fleet.renew(address);
  const own = source.self.role === 'primary' ? source.self.slots : undefined;
  const toldOf = [...slots].filter(slot => own?.has(slot) || source.open.migrating.get(slot) === to.id);
  const open = [...slots].filter(slot => target.open.importing.get(slot) === from.id);
  await fleet.sendAll(
    to.address,
    open.map(slot => assignSlot(slot, to.id)),
  );
  // It refuses where it still holds keys of one, and then the slot stays open.
  await fleet.sendAll(
    from.address,
    toldOf.map(slot => assignSlot(slot, to.id)),
  );
  return true;
}
