/**
 * Brings the keys of one batch to where they belong now. Whatever cannot be taken for a moment is tried again, where
 * its slot is by then.
 */
import type { Key } from '../../resp/commands/slots.ts';
import type { Slot } from '../../topology/slot-set.ts';
import type { Batch } from '../keys/migrate-keys.ts';
import { Patience } from '../keys/retry.ts';
import type { Destination } from '../keys/routes.ts';
import { ImportError, StoppingError, TargetAlarmError } from './import-error.ts';
import { type ImportRun, isStopping } from './import-run.ts';
import { waitUnlessStopping } from './waits.ts';

/** Keys that could not be brought, and why. */
export interface Undelivered {
  readonly keys: readonly Key[];
  readonly why: string;
  /** The source did not get through to the node. */
  readonly isOutOfReach?: true;
}

export interface Carrier {
  /** Where a key belongs under the name that it gets. */
  slotOf(key: Key): Slot;
  carry(keys: readonly Key[], to: Destination, batch: Batch): Promise<Undelivered>;
  close(): void;
}

export async function deliver(
  batch: Batch,
  carrier: Carrier,
  bySlot: boolean,
  run: ImportRun,
): Promise<void> {
  const patience = new Patience(run.nowMs);
  for (let left = batch.keys; ; ) {
    const { again, why, outOfReach } = await carryOnce(left, batch, carrier, bySlot, run);
    // Whoever wants an end soon finds them where they were.
    if (again.length === 0 || isStopping(run)) return;
    if (again.length < left.length) patience.renew();
    if (patience.isOver)
      throw new ImportError({ kind: 'keys-not-accepted', why, ...(outOfReach && { outOfReach }) });
    if (patience.isFresh) run.tell({ kind: 'noted', note: { kind: 'delivery-waits', why } });
    await waitUnlessStopping(patience.nextWaitMs(), run.interruptions);
    await run.routes.lookAgain();
    left = again;
  }
}

/** What is to be tried again, and the last reason why. */
interface Attempt {
  readonly again: readonly Key[];
  readonly why: string;
  readonly outOfReach?: Destination;
}

async function carryOnce(
  left: readonly Key[],
  batch: Batch,
  carrier: Carrier,
  bySlot: boolean,
  run: ImportRun,
): Promise<Attempt> {
  const again: Key[] = [];
  let last: Omit<Attempt, 'again'> = { why: '' };
  for (const { to, keys } of routed(left, carrier, bySlot, run)) {
    // Not one more to a node that throws away what it is given, or has lost what it was.
    const alarm = run.guard?.alarm;
    if (alarm) throw new TargetAlarmError(alarm);
    const undelivered: Undelivered = to
      ? await carryUnlessStopping(keys, to, batch, carrier)
      : { keys, why: 'nobody owns their slots' };
    again.push(...undelivered.keys);
    const { why, isOutOfReach } = undelivered;
    if (undelivered.keys.length > 0) last = { why, ...(isOutOfReach && to && { outOfReach: to }) };
  }
  return { again, ...last };
}

async function carryUnlessStopping(
  keys: readonly Key[],
  to: Destination,
  batch: Batch,
  carrier: Carrier,
): Promise<Undelivered> {
  try {
    return await carrier.carry(keys, to, batch);
  } catch (error) {
    if (error instanceof StoppingError) return { keys, why: 'stopped' };
    throw error;
  }
}

interface RoutedKeys {
  readonly to: Destination | undefined;
  readonly keys: Key[];
}

/** By node, and where the source demands it by slot. */
function routed(
  keys: readonly Key[],
  carrier: Carrier,
  bySlot: boolean,
  { routes }: ImportRun,
): RoutedKeys[] {
  const found = new Map<number | Destination | undefined, RoutedKeys>();
  for (const key of keys) {
    const to = routes.ownerOf(carrier.slotOf(key));
    const together = bySlot ? carrier.slotOf(key) : to;
    const route = found.get(together);
    if (route) route.keys.push(key);
    else found.set(together, { to, keys: [key] });
  }
  return [...found.values()];
}
