/**
 * An owner that has no key at all where, by what the others have, it should have many. The chance that this is so by
 * itself is nothing once a hundred are to be expected; that it serves other keys than the rest, on purpose, is possible,
 * so it is told and not called an error.
 */
import type { NodeId } from '../../topology/node.ts';
import type { SlotSet } from '../../topology/slot-set.ts';
import { type ClusterSnapshot, primariesIn } from '../../topology/snapshot.ts';
import { type Situation, situation } from './situation.ts';

const EXPECTED_KEYS = 100;

export function keysGone(snapshot: ClusterSnapshot): Situation[] {
  return primariesIn(snapshot)
    .filter(({ id, self, server }) => server.keys === 0 && expectedKeys(snapshot, id, self.slots) > 0)
    .map(({ id, self }) => situation('keys-gone', [id], { slots: self.slots, obstacle: 'no-remedy' }));
}

/** How many keys should be in these slots, by what the other owners have; 0 where that proves nothing. */
export function expectedKeys(snapshot: ClusterSnapshot, owner: NodeId, slots: SlotSet): number {
  const others = primariesIn(snapshot)
    .filter(({ id }) => id !== owner)
    .map(({ self, server }) => ({ slots: self.slots.size, keys: server.keys ?? 0 }));
  const theirSlots = others.reduce((sum, other) => sum + other.slots, 0);
  const theirs = others.reduce((sum, other) => sum + (other.slots > 0 ? other.keys : 0), 0);
  if (theirSlots === 0) return 0;
  const expected = Math.round((theirs * slots.size) / theirSlots);
  return expected >= EXPECTED_KEYS ? expected : 0;
}
