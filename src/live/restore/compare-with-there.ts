/**
 * Whether a key that is there already has the value that would have been restored: then an earlier run has done it. What
 * the server would save of it is compared with what is in the file; where that differs, which it may for equal values,
 * the value is put beside it for a moment, and the server is asked for what it would save of that, and for the parts of both.
 */
import type { SavedValue } from '../../resp/commands/fix.ts';
import { unlink } from '../../resp/commands/import.ts';
import { restoreValue } from '../../resp/commands/restore.ts';
import { dump, type Key } from '../../resp/commands/slots.ts';
import { isRefused, unlessRefused } from '../../resp/errors.ts';
import { type Line, orRefusal } from '../keys/asking-first.ts';
import { sameValue } from '../keys/same-value.ts';
import { readAll, sameBody, sameTtl } from '../keys/saved-value.ts';
import type { Parcel } from './entry.ts';
import { keyInSlot } from './unused-key.ts';

const KEYS_AT_A_TIME = 64;
/** Larger ones would take that much memory twice; they count as different. */
const LARGEST_BESIDE_BYTES = 64 * 1024 * 1024;
/** Should we end before it is removed. */
const BESIDE_FOR_MS = 60_000;

export async function compareWithThere(
  parcels: readonly Parcel[],
  line: Line,
  nowMs: number,
): Promise<('same' | 'existing' | 'again')[]> {
  const fates: ('same' | 'existing' | 'again')[] = [];
  for (let from = 0; from < parcels.length; from += KEYS_AT_A_TIME) {
    const some = parcels.slice(from, from + KEYS_AT_A_TIME);
    const there = await readWhereAllowed(some, line);
    for (const [i, parcel] of some.entries())
      fates.push(there ? await judge(parcel, there[i], line, nowMs) : 'existing');
  }
  return fates;
}

/** Undefined where we may not: then whatever is there counts as different, and stays. */
async function readWhereAllowed(
  parcels: readonly Parcel[],
  line: Line,
): Promise<(SavedValue | undefined)[] | undefined> {
  const keys = parcels.map(({ key }) => key);
  return unlessRefused(readAll(keys, line), 'no-permission');
}

async function judge(
  parcel: Parcel,
  there: SavedValue | undefined,
  line: Line,
  nowMs: number,
): Promise<'same' | 'existing' | 'again'> {
  // Gone meanwhile.
  if (!there) return 'again';
  const { payload, expiresAtMs } = parcel;
  if (!sameTtl(expiresAtMs === undefined ? undefined : expiresAtMs - nowMs, there.ttlMs)) return 'existing';
  if (sameBody(payload, there.payload)) return 'same';
  return (await isSameBeside(parcel, there.payload, line, nowMs)) ? 'same' : 'existing';
}

async function isSameBeside(
  { key, slot, payload }: Parcel,
  there: Buffer,
  line: Line,
  nowMs: number,
): Promise<boolean> {
  const beside = payload.length <= LARGEST_BESIDE_BYTES && keyInSlot(slot, `slotctl:compare:${process.pid}:`);
  if (!beside) return false;
  try {
    await line.send(restoreValue(beside, { payload, expiresAtMs: nowMs + BESIDE_FOR_MS }, true));
    const ours = await line.send(dump(beside));
    // Of one server both are of one version.
    return (ours && sameBody(ours, there)) || (await orRefusal(sameValue(key, line, line, beside))) === true;
  } catch (error) {
    if (isRefused(error, 'no-permission')) return false;
    throw error;
  } finally {
    await remove(beside, line);
  }
}

/** Where that cannot be done, it goes by itself. */
async function remove(key: Key, line: Line): Promise<void> {
  await line.send(unlink([key])).catch(() => {});
}
