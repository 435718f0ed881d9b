/** Keys in slots that have moved, at nodes that no longer own them: none, if all has gone well. */
import type { SlotMove } from '../../plan/step.ts';
import { clusterNodes } from '../../resp/commands/cluster.ts';
import type { Fleet } from '../../resp/fleet.ts';
import { KnownLines } from '../../resp/known-lines.ts';
import type { NodeId } from '../../topology/node.ts';
import { SlotSet } from '../../topology/slot-set.ts';
import type { ClusterSnapshot } from '../../topology/snapshot.ts';
import { hidesForeignKeys, takeCensus } from './census.ts';
import { lookUntilSettled } from './look-until-settled.ts';

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
  const found = [...census].flatMap(([node, held]) => {
    if ('reason' in held || held.bySlot.size === 0) return [];
    const keys = [...held.bySlot.values()].reduce((sum, count) => sum + count, 0);
    return [{ node, slots: SlotSet.of(...held.bySlot.keys()), keys }];
  });
  const isReplicaNow = await Promise.all(found.map(({ node }) => replicates(fleet, views, node)));
  return found.filter((_, i) => !isReplicaNow[i]);
}

/** An emptied primary becomes a replica of the new owner in between, and what it holds then are copies. */
async function replicates(fleet: Fleet, views: ClusterSnapshot['views'], node: NodeId): Promise<boolean> {
  const address = views.find(({ id }) => id === node)?.address;
  if (!address) return false;
  const { self } = await fleet.send(address, clusterNodes(new KnownLines()));
  return self.role === 'replica';
}
