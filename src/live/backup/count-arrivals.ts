/** How many keys of open slots those have who import them. */
import type { Fleet } from '../../resp/fleet.ts';
import type { Census } from '../../topology/census.ts';
import { SlotSet } from '../../topology/slot-set.ts';
import type { ClusterSnapshot } from '../../topology/snapshot.ts';
import { takeCensus } from '../look/census.ts';

export function countArrivals(fleet: Fleet, { views }: ClusterSnapshot): Promise<Census> {
  const getting = views.filter(({ open }) => open.importing.size > 0);
  return takeCensus(
    fleet,
    getting.map(view => ({ view, slots: SlotSet.of(...view.open.importing.keys()) })),
  );
}
