/** Keys that `fix` would send to a node which has no room for them stay where they are. */
import type { Census } from '../../topology/census.ts';
import type { NodeId } from '../../topology/node.ts';
import type { ClusterSnapshot } from '../../topology/snapshot.ts';
import { type MovingKeys, withoutRoom } from '../slots/room.ts';
import type { SlotMove } from '../step.ts';
import type { Situation } from './situation.ts';

export function unlessNoRoom(
  situations: readonly Situation[],
  snapshot: ClusterSnapshot,
  census: Census,
): Situation[] {
  const keys: MovingKeys = new Map(
    [...census].flatMap(([id, held]) => ('bySlot' in held ? [[id, held.bySlot]] : [])),
  );
  const full = withoutRoom(snapshot, situations.flatMap(transfersOf), keys);
  const lacking = new Set<NodeId>(full.map(({ node }) => node));
  return situations.map(situation =>
    transfersOf(situation).some(({ to }) => lacking.has(to))
      ? {
          ...situation,
          measures: situation.measures.filter(({ isUrgent }) => isUrgent),
          obstacle: 'no-room',
        }
      : situation,
  );
}

function transfersOf({ measures }: Situation): SlotMove[] {
  return measures.flatMap(({ step }) =>
    step.kind === 'gather-keys' || step.kind === 'move-slots' ? [step] : [],
  );
}
