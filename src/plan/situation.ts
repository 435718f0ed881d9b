/**
 * What `fix` can find a cluster in. Every kind has a number, by which reports, the README and tests call it, and holds
 * what its sentences need: how a cluster gets there, what is done about it, what could be lost.
 */
import type { NodeId } from '../topology/node.ts';
import type { SlotSet } from '../topology/slot-set.ts';
import type { Step } from './step.ts';

/**
 * In which order things are done, whatever they are done for.
 *
 * `cancel`: a server that moves slots by itself refuses and undoes what we do to them. `close`: marks that keep nodes from
 * hearing of owners. `cover`: a cluster with an uncovered slot refuses MIGRATE, so all slots have an owner before
 * `settle` waits until the nodes know it; `inform` is for those whose marks keep them from hearing it. `mark`: keys can only leave a slot that is marked at their holder. `compare`:
 * keys on both sides would stop the move of the others. `move`, and only then `tell`: a node that hears that it has lost
 * a slot deletes the keys in it. `bump`: a new epoch makes the others believe an owner, and a rival delete its keys.
 */
export const PHASES = [
  'cancel',
  'close',
  'cover',
  'inform',
  'settle',
  'mark',
  'compare',
  'move',
  'tell',
  'bump',
  'meet',
  'rehome',
  'forget',
  'watch',
  'agree',
] as const;

export type Phase = (typeof PHASES)[number];

export interface Measure {
  readonly phase: Phase;
  readonly step: Step;
  /** Not put off when the keys have to wait. */
  readonly isUrgent?: true;
}

export const SITUATION_NUMBERS = {
  'half-moved': 1,
  'migrating-only': 2,
  'importing-only': 3,
  'importing-with-keys': 4,
  'mark-left': 5,
  'open-on-replica': 6,
  'target-dead': 7,
  'claimed-twice': 8,
  'maps-disagree': 9,
  'uncovered-empty': 10,
  'uncovered-with-keys': 11,
  'owner-dead': 12,
  'keys-astray': 13,
  'keys-hidden': 14,
  'epochs-equal': 15,
  'members-disagree': 16,
  'roles-disagree': 17,
  ghost: 18,
  'replica-of-nobody': 19,
  'migration-failing': 20,
  'migration-running': 21,
  'keys-gone': 22,
} as const;

export type SituationKind = keyof typeof SITUATION_NUMBERS;

export function isSituationKind(word: string): word is SituationKind {
  return Object.hasOwn(SITUATION_NUMBERS, word);
}

/** Why nothing is done about it now. */
export type Obstacle =
  /** --cluster-fix-with-unreachable-masters does it all the same. */
  | 'unreachable-owner'
  /** We cannot reach a node that the others hear well: it is no dead one. */
  | 'still-heard'
  /** It answered, and would not talk to us: it lives. */
  | 'refused-us'
  /** Nobody who answers has the keys, and somebody who lives and does not answer us may. */
  | 'copy-out-of-reach'
  /** A replica of nobody has keys, and nobody owns the slots that they may be in. */
  | 'stranded-copy'
  /** A node that is down would take the slots, without their keys, when it comes back. */
  | 'may-return'
  /** Nobody can. */
  | 'no-remedy'
  /** It passes, or somebody else is at it. */
  | 'wait'
  /** The next round does it, by what this one brings to light. */
  | 'later'
  /** Keys cannot move while the cluster is down, and it stays down until something else is mended. */
  | 'cluster-down'
  /** The keys of a node that takes part could not be counted. */
  | 'uncounted'
  /** The keys would not fit within the maxmemory of the node that they belong to. */
  | 'no-room';

export interface Situation {
  readonly kind: SituationKind;
  readonly slots: SlotSet;
  /** In the order in which the sentences of the kind name them. */
  readonly nodes: readonly NodeId[];
  /** Keys that are not where they belong, as far as they were counted. */
  readonly keys: number;
  /** Keys in these slots that are where they belong. */
  readonly keysAtOwner: number;
  readonly measures: readonly Measure[];
  readonly obstacle?: Obstacle;
  /** What only the kind itself understands: an error message of a server, or what is special about these slots. */
  readonly detail?: string;
}

export function numberOf({ kind }: Pick<Situation, 'kind'>): number {
  return SITUATION_NUMBERS[kind];
}
