/** What `fix` does about situations, and in which order. */
import type { Step } from '../step.ts';

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

/** No step twice, and all that a node claims at once: every claim takes a new epoch. */
export function inOnePiece(measures: readonly Measure[]): Step[] {
  const steps = new Map<string, Step>();
  for (const { step } of measures) {
    const key = step.kind === 'claim-slots' ? `${step.kind} ${step.node}` : JSON.stringify(step);
    const known = steps.get(key);
    const merges = step.kind === 'claim-slots' && known?.kind === 'claim-slots';
    steps.set(key, merges ? { ...step, slots: step.slots.union(known.slots) } : step);
  }
  return [...steps.values()];
}
