/**
 * A move that stops leaves slots open: those of which keys have gone already, and cannot be found otherwise. The others
 * are closed again, as if nothing had been begun.
 */

import { countKeysInSlot } from '../../../resp/commands/cluster.ts';
import { importing, stable } from '../../../resp/commands/slots.ts';
import { InterruptedError, NodeError } from '../../../resp/errors.ts';
import { type Slot, SlotSet } from '../../../topology/slot-set.ts';
import { slotsWithKeys } from '../../keys/count-keys.ts';
import { ifTold } from '../../look/look-at-node.ts';
import { unlessSilent } from '../../watch/nodes.ts';
import { MoveError, nodeProblem } from '../move-error.ts';
import type { CountedPassage, MoveRun } from '../mover.ts';
import { lookAtMarks } from './expect-marks.ts';
import { leftByFailover } from './failed-over.ts';
import { openSlots } from './hand-over.ts';

/** Returns the error to tell, which names what stays open. */
export async function tidyUp(
  error: unknown,
  opened: SlotSet,
  passage: CountedPassage,
  run: MoveRun,
): Promise<unknown> {
  const known = error instanceof MoveError || error instanceof NodeError || error instanceof InterruptedError;
  if (!known || opened.size === 0) return error;
  // One of the two may be silent, which is what the move has failed of.
  const closing = await unlessSilent(closeUnmoved(opened, passage, run));
  const { left, isReplaced } = closing ?? { left: opened, isReplaced: false };
  if (left.size === 0) return error;
  const { from, to } = passage;
  const stays = { kind: 'slots-open', slots: left, from: from.address, to: to.address, isReplaced } as const;
  if (error instanceof InterruptedError) {
    run.note({ kind: 'stays', what: stays });
    return error;
  }
  const why = error instanceof NodeError ? nodeProblem(error) : error.problem;
  return new MoveError({ ...stays, why });
}

interface Left {
  /** What is still open, as far as is known. */
  readonly left: SlotSet;
  /** An end has become a replica, so that the plan does not fit any more. */
  readonly isReplaced: boolean;
}

async function closeUnmoved(slots: SlotSet, passage: CountedPassage, run: MoveRun): Promise<Left> {
  const { from, to } = passage;
  const { fleet } = run;
  for (const { address } of [from, to]) fleet.renew(address);
  const ends = await lookAtMarks(passage, run);
  const replaced = await leftByFailover(slots, passage, run, ends);
  if (replaced) return { left: replaced, isReplaced: true };
  const [source, target] = ends;
  const leaving = (slot: Slot) => source.open.migrating.get(slot) === to.id;
  const coming = (slot: Slot) => target.open.importing.get(slot) === from.id;
  const open = [...slots].filter(slot => leaving(slot) || coming(slot));
  // With the new owner already, and the old one has not heard of it: closing would make it take the slot for its own.
  const given = open.filter(slot => target.self.role === 'primary' && target.self.slots.has(slot));
  const rest = open.filter(slot => !given.includes(slot));
  const there = new Set(await slotsWithKeys(rest, { ...passage, from: to }, run));
  const unmoved = rest.filter(slot => !there.has(slot));
  const { closed, late } = await closeAtTarget(unmoved, unmoved.filter(coming), passage, run);
  if (late.length > 0) await openSlots(SlotSet.of(...late), passage, run);
  // The target first, although for a moment it sends back those whom the source sends: a source that answers by itself does not know
  // what clients have written there since the keys were counted. A mark that is somebody else's is left alone.
  await closeAtSource(closed.filter(leaving), closed.filter(coming), passage, run);
  return { left: SlotSet.of(...given, ...there, ...late), isReplaced: false };
}

interface ClosedAtTarget {
  readonly closed: readonly Slot[];
  /** Clients were sent there a moment ago, or a MIGRATE that was thought to be over has come: these are not unmoved. */
  readonly late: readonly Slot[];
}

/** Where keys would be hidden once a slot is closed, they are counted at that very moment. */
async function closeAtTarget(
  unmoved: readonly Slot[],
  coming: readonly Slot[],
  passage: CountedPassage,
  run: MoveRun,
): Promise<ClosedAtTarget> {
  const { fleet } = run;
  const { to, targetHidesKeys } = passage;
  const closing = coming.map(stable);
  const without = (late: readonly Slot[]) => {
    const isLate = new Set(late);
    return { closed: unmoved.filter(slot => !isLate.has(slot)), late };
  };
  if (targetHidesKeys && coming.length > 0) {
    const counting = [...coming.map(countKeysInSlot), ...closing];
    const answers = await ifTold(fleet.transact<unknown>(to.address, counting));
    // A user who may not run transactions may still close slots.
    if (answers) return without(coming.filter((_, i) => answers[i] !== 0));
  }
  await fleet.sendAll(to.address, closing);
  return without(await slotsWithKeys(unmoved, { ...passage, from: to }, run));
}

async function closeAtSource(
  leaving: readonly Slot[],
  coming: readonly Slot[],
  { from, to }: CountedPassage,
  { fleet }: MoveRun,
): Promise<void> {
  try {
    await fleet.sendAll(from.address, leaving.map(stable));
  } catch (error) {
    // Or it would go on sending clients to a target that sends them back.
    await unlessSilent(
      fleet.sendAll(
        to.address,
        coming.map(slot => importing(slot, from.id)),
      ),
    );
    throw error;
  }
}
