/** The steps of `fix`: in words while they are done, and as the commands that they come to. */

import { claimOf } from '../../plan/fix/claim.ts';
import type { FixPlan } from '../../plan/fix/fix.ts';
import type { Situation } from '../../plan/fix/situation.ts';
import type { MendingStep, Step } from '../../plan/step.ts';
import { meetingWords, type NodeId } from '../../topology/node.ts';
import { isSince, SLOT_RANGES } from '../../topology/releases.ts';
import { SlotSet } from '../../topology/slot-set.ts';
import { failoverWords } from './failover.ts';
import { showSlots } from './finding.ts';
import { count, type NodeNames } from './names.ts';
import { sentences } from './sentences.ts';

/** Only our own words begin with a capital: a name is left as it is, also where the line begins with it. */
export function mendingLine(step: MendingStep, names: NodeNames): string {
  const text = mendingText(step, names);
  return `>>> ${step.kind === 'take-over' ? text : text.charAt(0).toUpperCase() + text.slice(1)}`;
}

export const mendingText = sentences<MendingStep, [NodeNames]>({
  'set-slots': ({ state, slots, node }, names) =>
    state === 'stable'
      ? `closing ${showSlots(slots)} on ${names.of(node)}`
      : `setting ${showSlots(slots)} as ${state} in ${names.of(node)}`,
  'claim-slots': ({ slots, node }, names) => `covering ${showSlots(slots)} with ${names.of(node)}`,
  'tell-owner': ({ node, owner, slots }, names) =>
    `telling ${names.of(node)} that ${names.of(owner)} owns ${showSlots(slots)}`,
  'settle-keys': ({ owner, other, slots }, names) =>
    `comparing the keys that both ${names.of(owner)} and ${names.of(other)} have in ${showSlots(slots)}`,
  'gather-keys': ({ slots, from, to }, names) =>
    `moving the keys in ${showSlots(slots)} from ${names.of(from)} to their owner ${names.of(to)}`,
  'bump-epoch': ({ node }, names) => `giving ${names.of(node)} a new config epoch`,
  'take-over': ({ node, primary }, names) => `${names.of(node)} takes over from ${names.of(primary)}`,
  'cancel-migration': ({ node }, names) => `cancelling a slot migration at ${names.of(node)}`,
});

/** What goes over the wire for a situation, with a slot number in place of each of many. */
export function commandLines(situation: Situation, plan: FixPlan, names: NodeNames): string[] {
  return situation.measures.flatMap(({ step }) => commandsOf(step, situation, plan, names));
}

function commandsOf(step: Step, { keysAtOwner }: Situation, plan: FixPlan, names: NodeNames): string[] {
  const at = (id: NodeId, ...commands: string[]) => commands.map(command => `${names.of(id)}> ${command}`);
  const settling = (owner: NodeId, other: NodeId) => [
    ...(plan.prefer === 'owner' ? [] : at(owner, `RESTORE … REPLACE   (${OTHERS_VALUE[plan.prefer]})`)),
    ...at(other, `DUMP …; DEL …   (keys that ${names.of(owner)} has too)`),
  ];
  switch (step.kind) {
    case 'set-slots': {
      const words = step.peer ? `${step.state.toUpperCase()} ${step.peer}` : step.state.toUpperCase();
      return at(step.node, `CLUSTER SETSLOT ${each(step.slots)} ${words}`);
    }
    case 'claim-slots':
      return at(step.node, claimLine(step, plan));
    case 'tell-owner':
      return at(step.node, `CLUSTER SETSLOT ${each(step.slots)} NODE ${step.owner}`);
    case 'settle-keys':
      return [
        ...at(step.other, `CLUSTER GETKEYSINSLOT ${each(step.slots)} …`),
        ...settling(step.owner, step.other),
      ];
    case 'gather-keys':
      return [
        ...at(step.from, `CLUSTER GETKEYSINSLOT ${each(step.slots)} …`),
        ...(keysAtOwner > 0 ? settling(step.to, step.from) : []),
        ...at(step.from, `MIGRATE … KEYS …   (to ${names.of(step.to)})`),
      ];
    case 'move-slots':
      return [
        ...at(step.to, `CLUSTER SETSLOT ${each(step.slots)} IMPORTING ${step.from}`),
        ...at(step.from, `CLUSTER SETSLOT ${each(step.slots)} MIGRATING ${step.to}`, 'MIGRATE … KEYS …'),
        ...at(step.to, `CLUSTER SETSLOT ${each(step.slots)} NODE ${step.to}   (then at every other primary)`),
      ];
    case 'bump-epoch':
      return at(step.node, 'CLUSTER BUMPEPOCH');
    case 'take-over':
      return at(step.node, failoverWords('takeover'));
    case 'cancel-migration':
      return at(
        step.node,
        step.name ? `CLUSTER MIGRATION CANCEL ID ${step.name}` : 'CLUSTER CANCELSLOTMIGRATIONS',
      );
    case 'replicate':
      return at(step.node, `CLUSTER REPLICATE ${step.primary}`);
    case 'forget':
      return at(step.node, `CLUSTER FORGET ${step.victim}`);
    case 'join':
      return step.introductions.flatMap(({ from, to }) =>
        to.meetAt ? at(from.id, `CLUSTER MEET ${meetingWords(to.meetAt).join(' ')}`) : [],
      );
    default:
      return [];
  }
}

const OTHERS_VALUE = {
  other: 'keys that both have, with different values',
  newest: 'keys that both have, where the other value is newer',
} as const;

/** One transaction for all that a node is given, also for other situations: each claim takes a new epoch. */
function claimLine(step: Extract<Step, { kind: 'claim-slots' }>, { before, stages }: FixPlan): string {
  const whole = stages.flat().find(other => other.kind === 'claim-slots' && other.node === step.node);
  const slots = whole?.kind === 'claim-slots' ? whole.slots : step.slots;
  const view = before.views.find(({ id }) => id === step.node);
  const { dropped, added } = view ? claimOf(view, slots) : { dropped: SlotSet.empty, added: slots };
  const words = (verb: string, some: SlotSet) =>
    !view || isSince(view.server, SLOT_RANGES)
      ? `CLUSTER ${verb}SLOTSRANGE ${shortened(some.ranges.flatMap(({ first, last }) => [first, last]))}`
      : `CLUSTER ${verb}SLOTS ${shortened([...some])}`;
  const dropping = dropped.size > 0 ? `${words('DEL', dropped)}; ` : '';
  const once = slots.size > step.slots.size ? `   (once, for all slots that it is given)` : '';
  return `MULTI; ${dropping}${words('ADD', added)}; CLUSTER BUMPEPOCH; EXEC${once}`;
}

function each(slots: SlotSet): string {
  if (slots.size === 1) return `${slots}`;
  return `<each of ${slots.ranges.length > 6 ? `${count(slots.size, 'slot')}` : slots}>`;
}

const MOST_NUMBERS = 12;

function shortened(numbers: readonly number[]): string {
  return `${numbers.slice(0, MOST_NUMBERS).join(' ')}${numbers.length > MOST_NUMBERS ? ' …' : ''}`;
}
