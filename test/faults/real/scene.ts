/** What one round is about: who moves what to whom, and when something happens. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { SlotSet } from '../../../src/topology/slot-set.ts';
import type { ServerBuild } from '../../support/servers.ts';
import type { Random } from '../../support/simulated/random.ts';
import type { Mover } from '../long-form.ts';
import type { Bed, Owner } from './bed.ts';
import type { Running } from './program.ts';

export interface Scene {
  readonly bed: Bed;
  readonly random: Random;
  readonly mover: Mover;
  readonly folder: string;
  readonly source: Owner;
  readonly target: Owner;
  readonly third: Owner;
  /** What goes from the source to the target, where it is known beforehand. */
  readonly slots: SlotSet;
  /** Where slotctl is told to look first. */
  readonly entry: string;
}

/** The work while it is under way. */
export interface Underway extends Scene {
  readonly work: Running;
  /** When, from its start, it is at it: from before it has connected until it usually ends. */
  readonly span: Span;
  isOver(): boolean;
  /** Says that it happens now. */
  hit(): void;
}

/** Milliseconds. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

export interface Fault {
  /** The row of the table. */
  readonly name: string;
  /** Further options for slotctl. */
  prepare?(scene: Scene): Promise<readonly string[]>;
  strike(scene: Underway): Promise<void>;
  /** What is put right at the servers before slotctl is run again. */
  relieve?(scene: Scene): Promise<void>;
  /** Slots of which the servers themselves may lose keys; nothing is concluded from those. */
  mayLose?(scene: Scene): SlotSet;
  /**
   * Whether servers may answer from before a move, so that values give way to others by the rules of `fix`; then they must be in
   * its rescue file.
   */
  forgets?(how: { readonly mover: Mover; readonly product: ServerBuild['product'] }): boolean;
  /** Of the texts among the values, where it is not the usual. */
  readonly textBytes?: number;
}

const MOVED_SLOTS = 160;

export async function setScene(
  bed: Bed,
  { random, mover, folder }: Pick<Scene, 'random' | 'mover' | 'folder'>,
): Promise<Scene> {
  const owners = (await bed.owners()).filter(({ slots }) => slots.size > 0);
  const large = owners.filter(({ slots }) => slots.size > MOVED_SLOTS * 2);
  const source = random.pick(large);
  const others = owners.filter(owner => owner !== source);
  const target = random.pick(others);
  const third = random.pick(others.filter(owner => owner !== target));
  const skipped = source.slots.take(random.below(source.slots.size - MOVED_SLOTS));
  const slots = source.slots.without(skipped).take(MOVED_SLOTS);
  const entry = random.pick(owners).server.address;
  return { bed, random, mover, folder, source, target, third, slots, entry };
}

export function numbersIn(slots: SlotSet): number[] {
  return slots.ranges.flatMap(({ first, last }) =>
    Array.from({ length: last - first + 1 }, (_, i) => first + i),
  );
}

export function sometime(random: Random, { from, to }: Span): Promise<void> {
  return sleep(from + random.below(Math.max(1, to - from)));
}
