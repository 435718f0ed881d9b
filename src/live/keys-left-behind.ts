/** Keys in slots that have moved, at nodes that no longer own them: none, if all has gone well. */
import type { SlotMove } from '../plan/step.ts';
import type { Fleet } from '../resp/fleet.ts';
import type { NodeId } from '../topology/node.ts';
import { type Slot, SlotSet } from '../topology/slot-set.ts';
import type { ClusterSnapshot } from '../topology/snapshot.ts';
import { lookUntilSettled } from './second-look.ts';
import { hidesForeignKeys, takeCensus } from './take-census.ts';

export interface LeftBehind {
  readonly node: NodeId;
  readonly slots: SlotSet;
  readonly keys: number;
}

export async function keysLeftBehind(
  fleet: Fleet,
  { views }: ClusterSnapshot,
  moves: readonly SlotMove[],
): Promise<LeftBehind[]> {
  const requests = views.flatMap(view => {
    const gave = moves.filter(({ from }) => from === view.id).map(({ slots }) => slots);
    // What has been given back meanwhile is its own.
    const owned = view.self.role === 'primary' ? view.self.slots : SlotSet.all;
    const slots = SlotSet.union(gave).without(owned);
    return slots.size > 0 && !hidesForeignKeys(view.server) ? [{ view, slots }] : [];
  });
  // Servers that move slots by themselves delete the keys afterwards, bit by bit.
  const census = await lookUntilSettled(
    () => takeCensus(fleet, requests),
    seen => [...seen.values()].some(held => 'bySlot' in held && held.bySlot.size > 0),
  );
  return [...census].flatMap(([node, held]) => {
    if ('reason' in held || held.bySlot.size === 0) return [];
    const keys = [...held.bySlot.values()].reduce((sum, count) => sum + count, 0);
    return [{ node, slots: slotsOf(held.bySlot), keys }];
  });
}

function slotsOf(counts: ReadonlyMap<Slot, number>): SlotSet {
  return SlotSet.of(...counts.keys());
}
