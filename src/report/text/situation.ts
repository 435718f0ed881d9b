/** What each situation of `fix` means: its name, how a cluster gets there, what is done, and what could be lost. */
import type { Preference } from '../../plan/fix/fix.ts';
import type { Situation } from '../../plan/fix/situation.ts';
import { SITUATION_NUMBERS, type SituationKind } from '../../plan/fix/situation-kinds.ts';
import { showSlots } from './finding.ts';
import { count, type NodeNames } from './names.ts';

interface Story {
  readonly title: string;
  /** How a cluster gets there. */
  readonly origin: string;
  readonly loss: string | ((clash: string) => string);
}

const NOTHING = 'Nothing.';
/** Where a key has two values. */
const CLASHES: Readonly<Record<Preference, string>> = {
  owner:
    'Nothing. Where a key has two values, the owner’s stays (unless fix --prefer other or fix --prefer-newest is given); the other one is written to the rescue file first.',
  other:
    'Nothing. Where a key has two values, the other node’s stays (fix --prefer other); the owner’s is written to the rescue file first.',
  newest:
    'Nothing. Where a key has two values, the one used last stays, as far as the servers can tell (fix --prefer-newest); the other one is written to the rescue file first.',
};
const COMING_BACK = 'Keys that clients have since deleted at the owner come back.';

const STORIES: Readonly<Record<SituationKind, Story>> = {
  'half-moved': {
    title: 'A move that was not finished',
    origin:
      'A reshard was stopped after the slots were opened on both sides, or a side has failed over since; some keys may have gone already.',
    loss: clash => clash,
  },
  'migrating-only': {
    title: 'Open on the owner only',
    origin:
      'A reshard was stopped before or after the other side was marked, or the other side has restarted as somebody else.',
    loss: NOTHING,
  },
  'importing-only': {
    title: 'Open on a node that has got nothing',
    origin:
      'A reshard was stopped right after the target was marked, or its source has forgotten the move in a failover.',
    loss: NOTHING,
  },
  'importing-with-keys': {
    title: 'Keys at a node that only imports the slots',
    origin:
      'The source of a move has forgotten it, as in a failover, after some keys had gone; clients do not find them.',
    loss: clash => `${clash} ${COMING_BACK}`,
  },
  'mark-left': {
    title: 'A mark of a move that is over',
    origin: 'The slots have moved, and a node that was part of the move does not know.',
    loss: NOTHING,
  },
  'open-on-replica': {
    title: 'Open on a replica only',
    origin: 'Valkey copies marks to replicas first; the command then failed at the primary.',
    loss: NOTHING,
  },
  'target-dead': {
    title: 'On the way to a node that does not answer',
    origin: 'The target of a move went down, and may have got some of the keys before.',
    loss: 'Clients miss the keys that have gone there until it is back and fix is run again. If it does not come back, those keys are lost.',
  },
  'claimed-twice': {
    title: 'Two nodes claim the same slots',
    origin:
      'The nodes were cut off from each other while one took over from the other, or somebody assigned slots by hand.',
    loss: clash => clash,
  },
  'maps-disagree': {
    title: 'Some nodes have not heard who owns slots',
    origin:
      'One node knows and others do not, and what they hear from it looks older than what they believe.',
    loss: NOTHING,
  },
  'uncovered-empty': {
    title: 'Slots that nobody owns, without keys',
    origin: 'Slots were never assigned, were taken away by hand, or their owner was removed with its keys.',
    loss: 'Nothing that a primary here has. If a node that was removed still has keys in them, have it back first (CLUSTER MEET): later it would drop them.',
  },
  'uncovered-with-keys': {
    title: 'Slots that nobody owns, with keys',
    origin: 'A move was stopped after its source had given the slots up, or slots were taken away by hand.',
    loss: clash => clash,
  },
  'owner-dead': {
    title: 'Slots whose owner does not answer',
    origin: 'The owner is down or cut off from us, and no replica has taken over.',
    loss: 'What only that node has. If it comes back, it hears that it has lost the slots, and deletes its keys in them.',
  },
  'keys-astray': {
    title: 'Keys at a node that does not own their slots',
    origin: 'A move was ended by force, or a node came back with keys of slots that it had lost.',
    loss: clash => `${clash} ${COMING_BACK}`,
  },
  'keys-hidden': {
    title: 'Keys that a server does not show',
    origin:
      'The node holds keys in slots that it does not own; Redis since 8.4 tells how many, and in which only while the node imports them.',
    loss: NOTHING,
  },
  'epochs-equal': {
    title: 'Owners with the same config epoch',
    origin: 'Nodes took a new epoch at the same time and have not heard each other since.',
    loss: NOTHING,
  },
  'members-disagree': {
    title: 'Nodes that some do not know',
    origin: 'Nodes joined while others were cut off, or were forgotten by some and not by all.',
    loss: NOTHING,
  },
  'roles-disagree': {
    title: 'Nodes that are taken for something that they are not',
    origin: 'A role has changed, and some nodes have not heard of it.',
    loss: NOTHING,
  },
  ghost: {
    title: 'Nodes that are gone and that somebody still knows',
    origin: 'A node was removed or reset while others did not answer, or a handshake never got through.',
    loss: 'Nothing: they own no slots.',
  },
  'replica-of-nobody': {
    title: 'Replicas without a primary',
    origin: 'Their primary was removed, or has become a replica itself.',
    loss: 'What the replica holds and its new primary does not: it gets a copy of that one’s keys.',
  },
  'migration-failing': {
    title: 'A migration by the servers that fails again and again',
    origin: 'The servers retry it every second; something keeps it from finishing.',
    loss: 'Nothing: until a migration ends, its source has all keys.',
  },
  'migration-running': {
    title: 'A migration by the servers that is under way',
    origin: 'Somebody has begun it, and it gets on.',
    loss: NOTHING,
  },
  'keys-gone': {
    title: 'An owner that has lost the keys',
    origin: 'It has restarted without its data, or slots were handed to it before their keys.',
    loss: 'They are lost already, unless a backup or a replica that is cut off has them.',
  },
};

/** All of it but what is done. */
export type Scene = Omit<Situation, 'measures'>;

export function titleOf({ kind }: Scene): string {
  return `Situation ${SITUATION_NUMBERS[kind]}: ${STORIES[kind].title}`;
}

export function originOf({ kind }: Scene): string {
  return STORIES[kind].origin;
}

export function lossOf({ kind, keys, nodes, detail }: Scene, prefer: Preference = 'owner'): string {
  const { loss } = STORIES[kind];
  const told = typeof loss === 'string' ? loss : loss(CLASHES[prefer]);
  if (kind === 'half-moved' && detail !== undefined) return `${told} ${COMING_BACK}`;
  if (kind === 'owner-dead' && nodes.length > 1)
    return 'What the owner had not yet sent to its replica. If it comes back, it becomes a replica itself.';
  if (kind === 'replica-of-nobody' && keys > 0) return `${told} It holds ${count(keys, 'key')} now.`;
  return told;
}

/** Which slots and nodes this is about, and what they hold. */
export function sceneOf({ kind, slots, nodes, keys, keysAtOwner, detail }: Scene, names: NodeNames): string {
  const [first, second] = nodes.map(id => names.of(id));
  const all = names.list(nodes);
  const which = showSlots(slots);
  const held = (amount: number) => count(amount, 'key');
  switch (kind) {
    case 'half-moved':
      return `${which} from ${first} (${held(keysAtOwner)} left) to ${second} (${held(keys)} there)${detail === undefined ? '' : `; ${detail}`}.`;
    case 'migrating-only':
    case 'target-dead':
      return `${which} on ${first}, to go to ${second}.`;
    case 'importing-only':
      return `${which} on ${first}, to come from ${second}.`;
    case 'importing-with-keys':
    case 'keys-astray':
      return `${which}: ${held(keys)} at ${first}, ${held(keysAtOwner)} at the owner ${second}.`;
    case 'mark-left':
      return `${which} on ${first}.`;
    case 'open-on-replica':
      return `${which} on ${first}${second ? `, a replica of ${second}` : ''}.`;
    case 'claimed-twice':
      return `${which}: ${first} is believed (${held(keysAtOwner)}), ${second} claims them too (${held(keys)}).`;
    case 'maps-disagree':
      return `${which} of ${first}, unknown to ${names.list(nodes.slice(1))}.`;
    case 'uncovered-empty':
      if (detail === 'stranded') return `${which}; ${all} may have the only copy of keys in them.`;
      return detail === undefined
        ? `${which}.`
        : `${which}; ${all} cannot be asked, and may have keys in them.`;
    case 'uncovered-with-keys':
      return `${which}: ${held(keysAtOwner)} at ${first}${keys > keysAtOwner ? `, ${held(keys - keysAtOwner)} at others` : ''}.`;
    case 'owner-dead':
      return `${which} of ${first}${second ? `; its replica ${second} answers and holds ${held(keysAtOwner)}` : '; no replica answers'}.`;
    case 'keys-hidden':
      return `${held(keys)} at ${first}, in any of ${showSlots(slots)}${detail ? `, ${detail}` : ''}.`;
    case 'keys-gone':
      return `${first} has not one key in ${which}, and the others have many.`;
    case 'migration-failing':
    case 'migration-running':
      return `${which} at ${all}: ${detail ?? ''}.`;
    default:
      return `${all}.`;
  }
}
