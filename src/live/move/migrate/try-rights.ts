/**
 * Whether both ends let this user do all that a move by MIGRATE takes, before any slot is opened: found out in the middle, it leaves
 * slots half moved. A MIGRATE selects the database at the target, and logs in there as we do.
 */

import {
  type Trial,
  tryCountKeys,
  tryListKeys,
  tryRestore,
  trySelect,
  trySetSlot,
} from '../../../resp/commands/rights.ts';
import type { Fleet } from '../../../resp/fleet.ts';
import type { Address } from '../../../topology/node.ts';
import { MoveError } from '../move-error.ts';
import type { Passage } from '../mover.ts';

/** One packet to each of the two. MIGRATE itself is not tried: where it is refused, no key has gone, and the slots are closed again. */
export async function expectRights({ from, to, databases }: Passage, fleet: Fleet): Promise<void> {
  const key = `slotctl:${Math.random().toString(36).slice(2)}`;
  // Those with keys, which the target must have, too; back to 0 at the end, where everybody expects the connection.
  const selecting = [...new Set([...databases, 0])].sort((a, b) => b - a).map(trySelect);
  const refusals = await Promise.all([
    refusalsAt(from.address, [...selecting, tryListKeys(), tryCountKeys(), trySetSlot()], fleet),
    refusalsAt(to.address, [...selecting, tryRestore(key), tryCountKeys(), trySetSlot()], fleet),
  ]);
  const all = refusals.filter(({ messages }) => messages.length > 0);
  if (all.length > 0) throw new MoveError({ kind: 'rights-missing', refusals: all });
}

async function refusalsAt(at: Address, trials: readonly Trial[], fleet: Fleet) {
  const answers = await fleet.sendAll(at, trials);
  return { at, messages: [...new Set(answers.filter(answer => answer !== undefined))] };
}
