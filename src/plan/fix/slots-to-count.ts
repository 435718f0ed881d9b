/** In which slots something is wrong, so that keys are counted in them before anything is decided. */
import { diagnose, NO_WISHES } from '../../topology/diagnose.ts';
import { SlotSet } from '../../topology/slot-set.ts';
import type { ClusterSnapshot } from '../../topology/snapshot.ts';

export function slotsToCount(snapshot: ClusterSnapshot): SlotSet {
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
