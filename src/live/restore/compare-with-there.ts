/**
 * Whether a key that is there already has the value that would have been restored: then an earlier run has done it. What
 * the server would save of it is compared with what is in the file; where that differs, which it may for equal values,
 * the value is put beside it for a moment, and the server is asked for what it would save of that, and for the parts of both.
 */
import type { SavedValue } from '../../resp/commands/fix.ts';
import { unlink } from '../../resp/commands/import.ts';
import { restoreValue } from '../../resp/commands/restore.ts';
import { dump, type Key } from '../../resp/commands/slots.ts';
import { isLost, isRefused, unlessRefused } from '../../resp/errors.ts';
import { type Line, orRefusal } from '../keys/asking-first.ts';
import { mayPassElsewhere } from '../keys/retry-refusals.ts';
import { sameValue } from '../keys/same-value.ts';
import { readAll, sameBody, sameTtl } from '../keys/saved-value.ts';
import type { Fate, PackedKey } from './outcomes.ts';
import { unusedKey } from './unused-key.ts';

/** Values of so many keys are held. */
const KEYS_AT_A_TIME = 64;
/** Larger ones would take that much memory twice; they count as different. */
const LARGEST_BESIDE_BYTES = 64 * 1024 * 1024;
/** Should we end before it is removed. */
const BESIDE_FOR_MS = 60_000;

/** Again, where the node cannot be asked just then. */
export async function fatesThere(
  keys: readonly PackedKey[],
  to: () => Promise<Line>,
  nowMs: number,
): Promise<Fate[]> {
  try {
    return await compareWithThere(keys, await to(), nowMs);
  } catch (error) {
    if (!mayPassElsewhere(error) && !isLost(error)) throw error;
    return keys.map(() => 'again');
  }
}

async function compareWithThere(keys: readonly PackedKey[], line: Line, nowMs: number): Promise<Fate[]> {
  const fates: Fate[] = [];
  for (let from = 0; from < keys.length; from += KEYS_AT_A_TIME) {
    const some = keys.slice(from, from + KEYS_AT_A_TIME);
    const there = await readWhereAllowed(some, line);
    for (const [i, packed] of some.entries())
      fates.push(there ? await judge(packed, there[i], line, nowMs) : 'existing');
  }
  return fates;
}

/** Undefined where we may not: then whatever is there counts as different, and stays. */
async function readWhereAllowed(
  keys: readonly PackedKey[],
  line: Line,
): Promise<(SavedValue | undefined)[] | undefined> {
  const names = keys.map(({ key }) => key);
  return unlessRefused(readAll(names, line), 'no-permission');
}

async function judge(
  packed: PackedKey,
  there: SavedValue | undefined,
  line: Line,
  nowMs: number,
): Promise<Fate> {
  // Gone meanwhile.
  if (!there) return 'again';
  const { payload, expiresAtMs } = packed;
  if (!sameTtl(expiresAtMs === undefined ? undefined : expiresAtMs - nowMs, there.ttlMs)) return 'existing';
  if (sameBody(payload, there.payload)) return 'same';
  return (await isSameBeside(packed, there.payload, line, nowMs)) ? 'same' : 'existing';
}

async function isSameBeside(
  { key, slot, payload }: PackedKey,
  there: Buffer,
  line: Line,
  nowMs: number,
): Promise<boolean> {
  const beside =
    payload.length <= LARGEST_BESIDE_BYTES &&
    unusedKey(own => own === slot, `slotctl:compare:${process.pid}:`);
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
