/**
 * Brings the keys of one batch to where they belong now. Whatever cannot be taken for a moment is tried again, where
 * its slot is by then.
 */
import type { Key } from '../../resp/commands/slots.ts';
import type { Slot } from '../../topology/slot-set.ts';
import type { Batch } from '../keys/migrate-keys.ts';
import { Patience } from '../keys/retry-refusals.ts';
import type { Destination } from '../keys/routes.ts';
import type { Carrier, Undelivered } from './carrier.ts';
import { ImportError, StoppingError, TargetAlarmError } from './import-error.ts';
import { goesBySlot, type ImportRun, isStopping } from './import-run.ts';
import { waitUnlessStopping } from './waits.ts';

export async function deliver(batch: Batch, carrier: Carrier, run: ImportRun): Promise<void> {
  const patience = new Patience(run.nowMs);
  for (let left = batch.keys; ; ) {
    const undelivered = await carryOnce(left, batch, carrier, run).catch(endIfStopping);
    // Whoever wants an end soon finds them where they were.
    if (!undelivered || isStopping(run)) return;
    const { keys, ...reason } = undelivered;
    if (keys.length < left.length) patience.renew();
    if (patience.isOver) throw new ImportError({ kind: 'keys-not-accepted', ...reason });
    if (patience.isFresh) run.tell({ kind: 'noted', note: { kind: 'delivery-waits', why: reason.why } });
    await waitUnlessStopping(patience.nextWaitMs(), run.interruptions);
    await run.routes.lookAgain();
    left = keys;
  }
}

/** What is to be tried again, and the last reason why. */
async function carryOnce(
  left: readonly Key[],
  batch: Batch,
  carrier: Carrier,
  run: ImportRun,
): Promise<Undelivered | undefined> {
  let all: Undelivered | undefined;
  for (const { to, keys } of together(left, carrier, run)) {
    // Not one more to a node that throws away what it is given, or has lost what it was.
    const alarm = run.guard?.alarm;
    if (alarm) throw new TargetAlarmError(alarm);
    const undelivered: Undelivered | undefined = to
      ? await carrier.carry(keys, to, batch)
      : { keys, why: { kind: 'no-owner' } };
    if (undelivered) all = { ...undelivered, keys: [...(all?.keys ?? []), ...undelivered.keys] };
  }
  return all;
}

function endIfStopping(error: unknown): undefined {
  if (!(error instanceof StoppingError)) throw error;
}

/** By node, and where the source demands it by slot. */
function together(keys: readonly Key[], carrier: Carrier, run: ImportRun) {
  const bySlot = goesBySlot(run);
  const groups = new Map<Slot | Destination | undefined, { to: Destination | undefined; keys: Key[] }>();
  for (const key of keys) {
    const slot = carrier.slotOf(key);
    const to = run.routes.ownerOf(slot);
    const group = groups.get(bySlot ? slot : to);
    if (group) group.keys.push(key);
    else groups.set(bySlot ? slot : to, { to, keys: [key] });
  }
  return groups.values();
}
