/**
 * An owner that has no key at all where, by what the others have, it should have many. The chance that this is so by
 * itself is nothing once a hundred are to be expected; that it serves other keys than the rest, on purpose, is possible,
 * so it is told and not called an error.
 */
import type { NodeId } from '../../topology/node.ts';
import type { SlotSet } from '../../topology/slot-set.ts';
import type { ClusterSnapshot } from '../../topology/snapshot.ts';
import type { Situation } from './situation.ts';

const EXPECTED_KEYS = 100;

export function keysGone(snapshot: ClusterSnapshot): Situation[] {
  return snapshot.views.flatMap(({ id, self, server }): Situation[] => {
    if (self.role !== 'primary' || self.slots.size === 0 || server.keys !== 0) return [];
    if (expectedKeys(snapshot, id, self.slots) === 0) return [];
    return [
      {
        kind: 'keys-gone',
        nodes: [id],
        slots: self.slots,
        keys: 0,
        keysAtOwner: 0,
        measures: [],
        obstacle: 'no-remedy',
      },
    ];
  });
}

/** How many keys should be in these slots, by what the other owners have; 0 where that proves nothing. */
export function expectedKeys({ views }: ClusterSnapshot, owner: NodeId, slots: SlotSet): number {
  const others = views.flatMap(({ id, self, server }) =>
    self.role === 'primary' && id !== owner ? [{ slots: self.slots.size, keys: server.keys ?? 0 }] : [],
  );
  const theirSlots = others.reduce((sum, other) => sum + other.slots, 0);
  const theirs = others.reduce((sum, other) => sum + (other.slots > 0 ? other.keys : 0), 0);
  if (theirSlots === 0) return 0;
  const expected = Math.round((theirs * slots.size) / theirSlots);
  return expected >= EXPECTED_KEYS ? expected : 0;
}
