/**
 * Brings the keys of one parcel to where they belong now. Whatever cannot be taken for a moment is tried again, where
 * its slot is by then.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Key } from '../../resp/slot-commands.ts';
import type { Slot } from '../../topology/slot-set.ts';
import { ImportError, type ImportRun } from './import-run.ts';
import type { Parcel } from './parcels.ts';
import { adviceAfterAll } from './refusals.ts';
import type { Destination } from './routes.ts';

const FIRST_WAIT_MS = 50;
const LONGEST_WAIT_MS = 1000;
/** A failover, a slot that is on the move, a server that loads. */
const GIVE_UP_AFTER_MS = 30_000;

/** Keys that could not be brought, and why. */
export interface Undelivered {
  readonly keys: readonly Key[];
  readonly why: string;
}

export interface Carrier {
  /** Where a key belongs under the name that it gets. */
  slotOf(key: Key): Slot;
  carry(keys: readonly Key[], to: Destination, parcel: Parcel): Promise<Undelivered>;
  close(): void;
}

export async function deliver(
  parcel: Parcel,
  carrier: Carrier,
  bySlot: boolean,
  run: ImportRun,
): Promise<void> {
  let deadline = run.nowMs() + GIVE_UP_AFTER_MS;
  let wait = FIRST_WAIT_MS;
  for (let left = parcel.keys; ; ) {
    const again: Key[] = [];
    let last: { why: string; to: Destination | undefined } = { why: '', to: undefined };
    for (const { to, keys } of routed(left, carrier, bySlot, run)) {
      const { keys: undelivered, why } = to
        ? await carrier.carry(keys, to, parcel)
        : { keys, why: 'nobody owns their slots' };
      again.push(...undelivered);
      if (undelivered.length > 0) last = { why, to };
    }
    // Whoever wants an end soon finds them where they were.
    if (again.length === 0 || run.isStopping()) return;
    if (again.length < left.length) deadline = run.nowMs() + GIVE_UP_AFTER_MS;
    if (run.nowMs() >= deadline)
      throw new ImportError(`keys are not taken: ${last.why}${adviceAfterAll(last.why, last.to)}`);
    if (wait === FIRST_WAIT_MS) run.tell({ kind: 'noted', text: `${last.why}; trying again` });
    await sleep(wait);
    wait = Math.min(LONGEST_WAIT_MS, wait * 2);
    await run.routes.lookAgain();
    left = again;
  }
}

interface Route {
  readonly to: Destination | undefined;
  readonly keys: Key[];
}

/** By node, and where the source demands it by slot. */
function routed(keys: readonly Key[], carrier: Carrier, bySlot: boolean, { routes }: ImportRun): Route[] {
  const found = new Map<number | Destination | undefined, Route>();
  for (const key of keys) {
    const to = routes.ownerOf(carrier.slotOf(key));
    const together = bySlot ? carrier.slotOf(key) : to;
    const route = found.get(together);
    if (route) route.keys.push(key);
    else found.set(together, { to, keys: [key] });
  }
  return [...found.values()];
}
