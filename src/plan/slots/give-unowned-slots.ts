/** Slots that nobody owns are shared out between the primaries. */
import type { NodeId } from '../../topology/node.ts';
import type { Slot, SlotSet } from '../../topology/slot-set.ts';
import { type ClusterSnapshot, primariesInOrder } from '../../topology/snapshot.ts';

/** Those who have least first get as much as the next, and so on, as water fills a vessel; each gets one run. */
export function shareOut(
  slots: SlotSet,
  given: ReadonlyMap<Slot, NodeId>,
  snapshot: ClusterSnapshot,
): Map<Slot, NodeId> {
  const gifts = new Map<NodeId, number>();
  for (const id of given.values()) gifts.set(id, (gifts.get(id) ?? 0) + 1);
  const takers = primariesInOrder(snapshot);
  const shares = fill(
    takers.map(({ id, self }) => self.slots.size + (gifts.get(id) ?? 0)),
    slots.size,
  );
  const owners = new Map<Slot, NodeId>();
  let left = slots;
  takers.forEach(({ id }, i) => {
    const run = left.take(shares[i] ?? 0);
    left = left.without(run);
    for (const slot of run) owners.set(slot, id);
  });
  return owners;
}

/** How much each gets of an amount, so that all have as equal as can be; the first ones get what does not divide. */
function fill(levels: readonly number[], amount: number): number[] {
  let low = 0;
  let high = Math.max(0, ...levels) + amount;
  const needed = (level: number) => levels.reduce((sum, own) => sum + Math.max(0, level - own), 0);
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (needed(middle) <= amount) low = middle;
    else high = middle - 1;
  }
  let rest = amount - needed(low);
  return levels.map(own => {
    const extra = own <= low && rest > 0 ? 1 : 0;
    rest -= extra;
    return Math.max(0, low - own) + extra;
  });
}
