/** Which errors the situations of a round tell of, be they mended or not; the others are left, and said by themselves. */
import type { Finding } from '../../topology/finding.ts';
import { SlotSet } from '../../topology/slot-set.ts';
import type { ClusterSnapshot } from '../../topology/snapshot.ts';
import type { Refusal } from '../refusal.ts';
import type { Situation } from './situation.ts';
import type { SituationKind } from './situation-kinds.ts';

export function isToldOf(
  { kind, nodes, slots }: Finding,
  situations: readonly Situation[],
  willBeCovered: boolean,
): boolean {
  const errors = situations.filter(situation => situation.kind !== 'keys-gone');
  const isMended = errors.some(({ obstacle }) => !obstacle);
  const aboutSlots = () => slots.without(SlotSet.union(errors.map(situation => situation.slots))).size === 0;
  const aboutNodes = (...kinds: SituationKind[]) => {
    const named = errors.filter(situation => kinds.includes(situation.kind)).flatMap(s => s.nodes);
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
      return slots.size > 0 ? aboutSlots() : isMended;
    case 'state-not-ok':
      // Where keys have to be brought to light first, all slots have an owner one round later.
      return isMended && (willBeCovered || errors.some(situation => situation.kind === 'keys-hidden'));
    case 'members-disagree':
      return aboutNodes('members-disagree', 'ghost');
    case 'roles-disagree':
      return aboutNodes('roles-disagree', 'ghost');
    case 'ghost':
    case 'node-unreachable':
    case 'node-failed':
      return aboutNodes('ghost');
    case 'replica-of-nobody':
      return aboutNodes('replica-of-nobody', 'ghost');
    default:
      return false;
  }
}

/** Nothing can be decided without the word of one primary at least. */
export function nobodyAnswers({ unreachable }: ClusterSnapshot): Refusal {
  const refusing = unreachable.filter(({ refused }) => refused).map(({ id }) => id);
  return { kind: 'no-primary-answers', ...(refusing.length > 0 && { refusing }) };
}
