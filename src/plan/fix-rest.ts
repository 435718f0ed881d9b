/** Which errors a round of mending answers; the others are left, and said. */
import type { Finding } from '../topology/finding.ts';
import { SlotSet } from '../topology/slot-set.ts';
import type { Situation, SituationKind } from './situation.ts';

export function isAnswered(
  { kind, nodes, slots }: Finding,
  situations: readonly Situation[],
  willBeCovered: boolean,
): boolean {
  const treated = situations.filter(({ obstacle }) => !obstacle || obstacle === 'later');
  const aboutSlots = () => slots.without(SlotSet.union(treated.map(situation => situation.slots))).size === 0;
  const aboutNodes = (...kinds: SituationKind[]) => {
    const named = treated.filter(situation => kinds.includes(situation.kind)).flatMap(s => s.nodes);
    return nodes.every(id => named.includes(id));
  };
  switch (kind) {
    case 'slots-uncovered':
    case 'owner-unreachable':
    case 'slots-claimed-twice':
    case 'slots-open':
    case 'slot-maps-disagree':
      return aboutSlots();
    case 'keys-astray':
      // Hidden ones are looked for when nothing else is left to do.
      return slots.size > 0 ? aboutSlots() : aboutNodes('keys-hidden') || treated.length > 0;
    case 'state-not-ok':
      return (
        (willBeCovered && treated.length > 0) || treated.some(situation => situation.kind === 'keys-hidden')
      );
    case 'members-disagree':
      return aboutNodes('members-disagree', 'ghost');
    case 'roles-disagree':
      return aboutNodes('roles-disagree', 'ghost');
    case 'ghost':
      return aboutNodes('ghost');
    case 'node-unreachable':
    case 'node-failed':
      return aboutNodes('ghost');
    case 'replica-of-nobody':
      return aboutNodes('replica-of-nobody', 'ghost');
    default:
      return false;
  }
}
