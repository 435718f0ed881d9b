/** In which slots keys are counted before anything is decided. */
import { diagnose, NO_WISHES } from '../topology/diagnose.ts';
import { SlotSet } from '../topology/slot-set.ts';
import type { ClusterSnapshot } from '../topology/snapshot.ts';

export function slotsToCount(snapshot: ClusterSnapshot, searchOwners: boolean): SlotSet {
  if (searchOwners) return SlotSet.all;
  return SlotSet.union(
    diagnose(snapshot, NO_WISHES).flatMap(finding => {
      switch (finding.kind) {
        case 'slots-uncovered':
        case 'owner-unreachable':
        case 'slots-claimed-twice':
        case 'slots-open':
          return [finding.slots];
        case 'slot-maps-disagree':
          return finding.disputes.map(({ slots }) => slots);
        default:
          return [];
      }
    }),
  );
}
