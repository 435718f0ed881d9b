/**
 * An owner that has no key at all where, by what the others have, it should have many. The chance that this is so by
 * itself is nothing once a hundred are to be expected; that it serves other keys than the rest, on purpose, is possible,
 * so it is told and not called an error.
 */
import type { ClusterSnapshot } from '../topology/snapshot.ts';
import type { Situation } from './situation.ts';

const EXPECTED_KEYS = 100;

export function keysGone({ views }: ClusterSnapshot): Situation[] {
  const owners = views.flatMap(({ id, self, server }) =>
    self.role === 'primary' && self.slots.size > 0 ? [{ id, slots: self.slots, keys: server.keys }] : [],
  );
  return owners.flatMap(({ id, slots, keys }): Situation[] => {
    if (keys !== 0) return [];
    const others = owners.filter(other => other.id !== id);
    const theirs = others.reduce((sum, other) => sum + (other.keys ?? 0), 0);
    const theirSlots = others.reduce((sum, other) => sum + other.slots.size, 0);
    if (theirSlots === 0 || (theirs * slots.size) / theirSlots < EXPECTED_KEYS) return [];
    return [
      {
        kind: 'keys-gone',
        nodes: [id],
        slots,
        keys: 0,
        keysAtOwner: 0,
        measures: [],
        obstacle: 'no-remedy',
      },
    ];
  });
}
