/** Keys that are about to move, for whoever has to know whether there is room for them. */
import type { MovingKeys } from '../../plan/slots/room.ts';
import type { SlotMove } from '../../plan/step.ts';
import type { Fleet } from '../../resp/fleet.ts';
import { SlotSet } from '../../topology/slot-set.ts';
import type { ClusterSnapshot } from '../../topology/snapshot.ts';
import { countKeys } from '../keys/count-keys.ts';
import { ifAnswered } from './look-at-node.ts';

/** One packet for each source. Sources that do not tell are left out. */
export async function countMovingKeys(
  fleet: Fleet,
  { views }: ClusterSnapshot,
  moves: readonly SlotMove[],
): Promise<MovingKeys> {
  const sources = views.flatMap(view => {
    const leaving = moves.filter(({ from }) => from === view.id).map(({ slots }) => slots);
    return leaving.length > 0 ? [{ view, slots: SlotSet.union(leaving) }] : [];
  });
  const counted = await Promise.all(
    sources.map(async ({ view, slots }) => {
      const counts = await ifAnswered(countKeys(fleet, view, slots));
      return counts ? [[view.id, counts] as const] : [];
    }),
  );
  return new Map(counted.flat());
}
