/** The steps of `fix`: in words while they are done, and as the commands that they come to. */
import type { MendingStep, Step } from '../../plan/step.ts';
import type { NodeId } from '../../topology/node.ts';
import { SLOT_COUNT, type SlotSet } from '../../topology/slot-set.ts';
import { failoverWords } from './failover.ts';
import { showSlots } from './finding.ts';
import { count, type NodeNames } from './names.ts';

export function mendingLine(step: MendingStep, names: NodeNames): string {
  return `>>> ${mendingText(step, names, 'heading')}`;
}

/** Names are left as they are, wherever they stand; only our own words begin with a capital. */
export function mendingText(step: MendingStep, names: NodeNames, place: 'heading' | 'clause'): string {
  const says = (capital: string, small: string) => (place === 'heading' ? capital : small);
  switch (step.kind) {
    case 'set-slots':
      return step.state === 'stable'
        ? `${says('Closing', 'closing')} ${showSlots(step.slots)} on ${names.of(step.node)}`
        : `${says('Setting', 'setting')} ${showSlots(step.slots)} as ${step.state} in ${names.of(step.node)}`;
    case 'claim-slots':
      return `${says('Covering', 'covering')} ${showSlots(step.slots)} with ${names.of(step.node)}`;
    case 'tell-owner':
      return `${says('Telling', 'telling')} ${names.of(step.node)} that ${names.of(step.owner)} owns ${showSlots(step.slots)}`;
    case 'settle-keys':
      return `${says('Comparing', 'comparing')} the keys that both ${names.of(step.owner)} and ${names.of(step.other)} have in ${showSlots(step.slots)}`;
    case 'gather-keys':
      return `${says('Moving', 'moving')} the keys in ${showSlots(step.slots)} from ${names.of(step.from)} to their owner ${names.of(step.to)}`;
    case 'bump-epoch':
      return `${says('Giving', 'giving')} ${names.of(step.node)} a new config epoch`;
    case 'take-over':
      return `${names.of(step.node)} takes over from ${names.of(step.primary)}`;
    case 'cancel-migration':
      return `${says('Cancelling', 'cancelling')} a slot migration at ${names.of(step.node)}`;
  }
}

/** What goes over the wire, with a slot number in place of each of many. */
export function commandLines(step: Step, names: NodeNames): string[] {
  const at = (id: NodeId, ...commands: string[]) => commands.map(command => `${names.of(id)}> ${command}`);
  switch (step.kind) {
    case 'set-slots': {
      const words = step.peer ? `${step.state.toUpperCase()} ${step.peer}` : step.state.toUpperCase();
      return at(step.node, `CLUSTER SETSLOT ${each(step.slots)} ${words}`);
    }
    case 'claim-slots':
      return at(step.node, `MULTI; CLUSTER ADDSLOTSRANGE ${ranges(step.slots)}; CLUSTER BUMPEPOCH; EXEC`);
    case 'tell-owner':
    case 'close-slots':
      return at(step.node, `CLUSTER SETSLOT ${each(step.slots)} NODE ${step.owner}`);
    case 'settle-keys':
      return at(
        step.other,
        `CLUSTER GETKEYSINSLOT ${each(step.slots)} …; DUMP and DEL of keys that ${names.of(step.owner)} has too`,
      );
    case 'gather-keys':
      return at(
        step.from,
        `CLUSTER GETKEYSINSLOT ${each(step.slots)} …; MIGRATE … KEYS … to ${names.of(step.to)}`,
      );
    case 'move-slots':
      return [
        ...at(step.to, `CLUSTER SETSLOT ${each(step.slots)} IMPORTING ${step.from}`),
        ...at(step.from, `CLUSTER SETSLOT ${each(step.slots)} MIGRATING ${step.to}`, 'MIGRATE … KEYS …'),
        ...at(step.to, `CLUSTER SETSLOT ${each(step.slots)} NODE ${step.to}   (then at every other primary)`),
      ];
    case 'bump-epoch':
      return at(step.node, 'CLUSTER BUMPEPOCH');
    case 'take-over':
      return at(step.node, 'CLUSTER FAILOVER TAKEOVER');
    case 'fail-over':
      return at(step.node, failoverWords(step.way));
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
        to.meetAt ? at(from.id, `CLUSTER MEET ${to.meetAt.ip} ${to.meetAt.port} ${to.meetAt.busPort}`) : [],
      );
    default:
      return [];
  }
}

function each(slots: SlotSet): string {
  if (slots.size === 1) return `${slots}`;
  return `<each of ${slots.ranges.length > 6 ? `${count(slots.size, 'slot')}` : slots}>`;
}

function ranges(slots: SlotSet): string {
  if (slots.size === SLOT_COUNT) return `0 ${SLOT_COUNT - 1}`;
  const shown = slots.ranges.slice(0, 6).map(({ first, last }) => `${first} ${last}`);
  return `${shown.join(' ')}${slots.ranges.length > 6 ? ' …' : ''}`;
}
