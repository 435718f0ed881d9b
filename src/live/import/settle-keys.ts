/** What becomes of keys that the cluster has already: nothing is lost, and nothing is written over without being kept. */

import type { Key } from '../../resp/commands/slots.ts';
import { typeOf } from '../../resp/commands/values.ts';
import type { Lane } from '../../resp/fleet.ts';
import { keySlot } from '../../topology/key-slot.ts';
import { formatAddress } from '../../topology/node.ts';
import { FileError } from '../files/whole-file.ts';
import { showKey } from '../keys/big-keys.ts';
import { MOST_RESCUED_BYTES, type RescuedValue } from '../keys/rescue-file.ts';
import type { Destination } from '../keys/routes.ts';
import { readAll, type Saved } from '../keys/saved-value.ts';
import type { Compared } from './compare-keys.ts';
import { ImportError } from './import-error.ts';
import { type DatabaseWork, type ImportRun, mayReplace, newlyLeft } from './import-run.ts';

/** Values that are kept in memory, and written to the disk at a time: each time takes as long as the disk does. */
const KEYS_AT_A_TIME = 256;
const NOTHING: Saved = { payload: undefined, ttlMs: undefined };

export interface Settling {
  readonly to: Destination;
  readonly line: Lane;
  readonly work: DatabaseWork;
}

/** Returns those that may be written over now. Their values in the cluster are the same, or on the disk. */
export async function settleKeys(
  { same, different }: Pick<Compared, 'same' | 'different'>,
  settling: Settling,
  run: ImportRun,
): Promise<readonly Key[]> {
  const { tally, tell } = run;
  const { work, to } = settling;
  const { database, into } = work.database;
  // What we have brought there ourselves was not there before, though it may be found once more.
  const isOurs = (key: Key) => run.carried.has(work.nameOf(key), into);
  tally.alreadyThere += same.filter(key => !isOurs(key)).length;
  if (different.length === 0) return same;
  const replaced = different.filter(key => mayReplace(key, work, run));
  const isReplaced = new Set(replaced);
  const fresh = newlyLeft(
    different.filter(key => !isReplaced.has(key)),
    work,
    run,
  );
  tally.clashing += fresh.length;
  for (const key of fresh) tell({ kind: 'clash', key: showKey(key), database, node: to.address });
  for (let from = 0; from < replaced.length; from += KEYS_AT_A_TIME)
    await rescue(replaced.slice(from, from + KEYS_AT_A_TIME), settling, run);
  tally.overwritten += replaced.length;
  return [...same, ...replaced];
}

async function rescue(keys: readonly Key[], settling: Settling, { rescue: file }: ImportRun): Promise<void> {
  if (!file) return;
  const values = await readValues(keys.map(settling.work.nameOf), settling);
  const giant = values.find(({ payload }) => payload.length > MOST_RESCUED_BYTES);
  if (giant)
    throw new ImportError(
      `${giant.node} has another value for ${showKey(giant.key)}, which is too big for ${file.path}; both are kept (--no-rescue overwrites it anyway)`,
    );
  try {
    await file.add(values);
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    throw new ImportError(`${error.message}; nothing was written over`);
  }
}

async function readValues(keys: readonly Key[], { line, to, work }: Settling): Promise<RescuedValue[]> {
  const [types, saved] = await Promise.all([line.sendAll(keys.map(typeOf)), readAll(keys, line)]);
  const node = formatAddress(to.address);
  return keys.flatMap((key, i) => {
    const [type = 'unknown', { payload, ttlMs } = NOTHING] = [types[i], saved[i]];
    if (!payload) return [];
    const where = { slot: keySlot(key), database: work.database.into, node };
    return [{ key, ...where, type, payload, ...(ttlMs !== undefined && { ttlMs }) }];
  });
}
