/** In which slots something is wrong, so that keys are counted in them before anything is decided. */
import type { Finding } from '../../topology/finding.ts';
import { SlotSet } from '../../topology/slot-set.ts';

export function slotsToCount(findings: readonly Finding[]): SlotSet {
  return SlotSet.union(
    findings.flatMap(finding => {
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
