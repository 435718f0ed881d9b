/** How many keys each node holds in each of the slots that were asked about. */
import type { NodeId } from './node.ts';
import { type Slot, SlotSet } from './slot-set.ts';
import type { ClusterSnapshot } from './snapshot.ts';

/** Slots without keys are left out. */
export type KeysBySlot = ReadonlyMap<Slot, number>;

export type Census = ReadonlyMap<NodeId, KeysBySlot>;

export interface StrayKeys {
  readonly node: NodeId;
  readonly slots: SlotSet;
  readonly keys: number;
}

/**
 * Keys in slots that their holder neither owns nor imports. Clients are sent elsewhere for them, so nobody reads
 * them, and the next move of such a slot meets them as a conflict.
 */
export function strayKeys(snapshot: ClusterSnapshot, census: Census): StrayKeys[] {
  return snapshot.views.flatMap(({ id, self, open }) => {
    const held = census.get(id);
    if (!held || self.role !== 'primary') return [];
    const stray = [...held].filter(([slot]) => !self.slots.has(slot) && !open.importing.has(slot));
    if (stray.length === 0) return [];
    const slots = SlotSet.of(...stray.map(([slot]) => slot));
    return [{ node: id, slots, keys: stray.reduce((sum, [, keys]) => sum + keys, 0) }];
  });
}
