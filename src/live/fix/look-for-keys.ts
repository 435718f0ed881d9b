/**
 * Which keys a round of mending has to know of: those in the slots that something is wrong with, on every primary, and
 * those that a primary holds in slots of others, wherever that is. A node that has taken the place of another in the midst of
 * a move has no marks to tell of the latter.
 *
 * To count all slots on all nodes takes as many commands as there are nodes, times 16384. So each node is asked first how
 * many keys it has in all and in its own slots, which is 16384 counts for the whole cluster, and only those that have more
 * are asked about every slot.
 */
import type { Fleet } from '../../resp/fleet.ts';
import { type Census, strayKeys } from '../../topology/census.ts';
import { SlotSet } from '../../topology/slot-set.ts';
import type { ClusterSnapshot, NodeView } from '../../topology/snapshot.ts';
import { countForeign, takeCensus } from '../look/census.ts';
import { ifAnswered } from '../look/look-at-node.ts';

export async function lookForKeys(
  fleet: Fleet,
  snapshot: ClusterSnapshot,
  { slots, searchOwners }: { readonly slots: SlotSet; readonly searchOwners: boolean },
): Promise<Census> {
  const primaries = snapshot.views.filter(({ self }) => self.role === 'primary');
  const holders = searchOwners ? await holdersOfForeign(fleet, primaries) : [];
  const whole = await takeCensus(
    fleet,
    holders.map(view => ({ view, slots: SlotSet.all })),
  );
  const found = SlotSet.union(strayKeys(snapshot, whole).map(stray => stray.slots));
  const concerned = slots.union(found);
  if (concerned.size === 0 && !searchOwners) return whole;
  // The owners of what was found too, so that it can be told what they have of it.
  const others = primaries.filter(view => !holders.includes(view));
  const part = await takeCensus(
    fleet,
    others.map(view => ({ view, slots: concerned })),
  );
  return new Map([...whole, ...part]);
}

async function holdersOfForeign(fleet: Fleet, views: readonly NodeView[]): Promise<NodeView[]> {
  const mayHold = await Promise.all(views.map(view => mayHoldForeign(fleet, view)));
  return views.filter((_, i) => mayHold[i]);
}

async function mayHoldForeign(fleet: Fleet, view: NodeView): Promise<boolean> {
  // DBSIZE is about one database only.
  if (view.server.databases.some(database => database !== 0)) return true;
  // A user who may not run transactions may still count.
  return (await ifAnswered(countForeign(fleet, view))) !== 0;
}
