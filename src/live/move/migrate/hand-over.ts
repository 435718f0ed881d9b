/**
 * One turn of a move by MIGRATE: slots whose keys have gone are handed over, and the next ones are opened. Both in the same
 * packets, since a server saves its nodes.conf after each: two packets would be two saves, on both ends.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { clusterNodes, replicaOffsets } from '../../../resp/commands/cluster.ts';
import { assignSlot, importing, migrating, stable } from '../../../resp/commands/slots.ts';
import { isRefused } from '../../../resp/errors.ts';
import type { OpenSlots } from '../../../topology/node.ts';
import { type Slot, SlotSet } from '../../../topology/slot-set.ts';
import { slotsWithKeys } from '../../keys/count-keys.ts';
import { persist } from '../../keys/retry-refusals.ts';
import { MoveError } from '../move-error.ts';
import type { CountedPassage, MoveRun } from '../mover.ts';
import { expectMarked, expectOwned, lookAtMarks } from './expect-marks.ts';
import { SetSlotConnections } from './setslot-connections.ts';

export interface Turn {
  readonly closing: SlotSet;
  readonly opening: SlotSet;
}

/** What has come of it, also where it fails in the middle. */
export interface TurnListener {
  readonly connections: SetSlotConnections;
  opened(slots: SlotSet): void;
  handedOver(slots: SlotSet): void;
  /** Moves what is left in slots whose keys had all gone. */
  drainAgain(left: readonly Slot[]): Promise<void>;
}

export async function turnOver(
  { closing, opening }: Turn,
  passage: CountedPassage,
  run: MoveRun,
  listener: TurnListener,
): Promise<void> {
  if (closing.size + opening.size === 0) return;
  run.trip.expectCalm();
  const { from, to } = passage;
  if (closing.size > 0) {
    await expectEmpty(closing, passage, run, listener);
    await awaitReplicas(passage, run);
  }
  // Last: as long as the marks are ours, no key comes to an emptied slot, and none has gone elsewhere.
  const ends = await persist(() => lookAtMarks(passage, run), run);
  expectMarked(closing, passage, ends);
  expectOwned(opening, passage, ends);
  listener.opened(opening);
  // The target first. Were the source told first of slots that it loses, and the target then lost, nobody would own
  // them; and a source that sends clients away before the target expects them sends them back and forth.
  const comes = [...claims(closing, passage), ...[...opening].map(slot => importing(slot, from.id))];
  await persist(() => listener.connections.tell(to.address, comes), run);
  const marks = await tellSource({ closing, opening }, passage, run, listener.connections);
  if (closing.size > 0) listener.handedOver(closing);
  await giveBack(opening, marks, passage, run);
}

/** Opens slots, and hands none over. */
export function openSlots(opening: SlotSet, passage: CountedPassage, run: MoveRun): Promise<void> {
  const connections = new SetSlotConnections(run.fleet, { setSlotWaits: false });
  const listener = { connections, opened() {}, handedOver() {}, drainAgain: () => Promise.resolve() };
  return turnOver({ closing: SlotSet.empty, opening }, passage, run, listener);
}

/**
 * Returns the marks that it had before ours. Where one connection is enough, the look and the new marks go in one packet,
 * between which the server listens to nobody else: so it tells which marks of others ours have taken the place of.
 */
async function tellSource(
  { closing, opening }: Turn,
  { from, to, setSlotWaits }: CountedPassage,
  run: MoveRun,
  connections: SetSlotConnections,
): Promise<OpenSlots['migrating']> {
  const goes = [
    ...[...closing].map(slot => assignSlot(slot, to.id)),
    ...[...opening].map(slot => migrating(slot, to.id)),
  ];
  let marks: OpenSlots['migrating'] | undefined;
  const look = async () => {
    const { open } = await run.fleet.send(from.address, clusterNodes());
    // What is seen at a second try are our own marks.
    marks ??= open.migrating;
  };
  try {
    await persist(async () => {
      const looking = look();
      if (setSlotWaits) await looking;
      await Promise.all([looking, connections.tell(from.address, goes)]);
    }, run);
  } catch (error) {
    // With its last slot gone it may have become a replica already: the target's word has reached it before ours.
    if (opening.size > 0 || !isRefused(error, 'not-a-primary')) throw error;
  }
  return marks ?? new Map();
}

/** Somebody else was quicker, by a moment: it gets its marks back, and we stop. */
async function giveBack(
  opening: SlotSet,
  marks: OpenSlots['migrating'],
  { from, to }: CountedPassage,
  { fleet }: MoveRun,
): Promise<void> {
  const taken = [...opening].flatMap(slot => {
    const other = marks.get(slot);
    return other === undefined || other === to.id ? [] : [{ slot, other }];
  });
  await Promise.all(
    taken.flatMap(({ slot, other }) => [
      fleet.send(from.address, migrating(slot, other)),
      fleet.send(to.address, stable(slot)),
    ]),
  );
  if (taken.length > 0) throw new MoveError({ kind: 'just-taken', slots: taken.map(({ slot }) => slot) });
}

/**
 * A target that is told to own a slot which it imports takes a new epoch if it needs one, and tells all nodes at once: a
 * message to everybody for every slot. Needed is that once, for the epoch, without which nobody would believe it, and
 * at the end, so that everybody hears of all of them. In between the mark of the import is taken away first. Not from
 * servers that delete what they neither own nor import when they are started: lost in that moment, they would lose keys.
 */
function claims(slots: SlotSet, { to, restartKeepsKeys }: CountedPassage) {
  const all = [...slots];
  return all.flatMap((slot, i) => {
    const quietly = restartKeepsKeys && i > 0 && i < all.length - 1 ? [stable(slot)] : [];
    return [...quietly, assignSlot(slot, to.id)];
  });
}

/** Keys that expire just as they are to be moved are counted, and not moved. */
const MOST_ROUNDS = 10;

/** The source deletes whatever is left in a slot that it loses, so this is asked at the last moment, and always. */
async function expectEmpty(
  slots: SlotSet,
  passage: CountedPassage,
  run: MoveRun,
  listener: TurnListener,
): Promise<void> {
  for (let round = 1; ; round++) {
    const left = await persist(() => slotsWithKeys([...slots], passage, run), run);
    if (left.length === 0) return;
    if (round === MOST_ROUNDS)
      throw new MoveError({ kind: 'keys-left', at: passage.from.address, slots: left });
    await listener.drainAgain(left);
  }
}

/** Replicas are behind by milliseconds, as a rule; in half a minute one that copies everything anew may have come back. */
const LOOK_EVERY_MS = 10;
const GIVE_UP_AFTER_MS = 30_000;

/**
 * Until replicas of the target have what has moved there, so that its loss is not the loss of the keys. By offsets, and not by
 * WAIT: that only minds what came over its own connection, and the keys come from another server.
 */
async function awaitReplicas({ to }: CountedPassage, { fleet, limits, nowMs }: MoveRun): Promise<void> {
  if (limits.waitReplicas === 0) return;
  const deadline = nowMs() + GIVE_UP_AFTER_MS;
  const { offset: wanted } = await fleet.send(to.address, replicaOffsets());
  for (;;) {
    const { replicas } = await fleet.send(to.address, replicaOffsets());
    const caughtUp = replicas.filter(offset => offset >= wanted).length;
    if (caughtUp >= limits.waitReplicas) return;
    if (nowMs() >= deadline)
      throw new MoveError({ kind: 'replicas-behind', of: to.address, caughtUp, wanted: limits.waitReplicas });
    await sleep(LOOK_EVERY_MS);
  }
}
