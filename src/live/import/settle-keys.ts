/** What becomes of keys that the cluster has already: nothing is lost, and nothing is written over without being kept. */

import type { Key } from '../../resp/commands/slots.ts';
import type { Lane } from '../../resp/fleet.ts';
import { showKey } from '../keys/big-keys.ts';
import type { Compared } from '../keys/compare-keys.ts';
import { rescueValues } from '../keys/rescue-values.ts';
import type { Destination } from '../keys/routes.ts';
import { type DatabaseWork, mayReplace, newlyLeft } from './import-run.ts';

/** Returns those that may be written over now. Their values in the cluster are the same, or on the disk. */
export async function settleExisting(
  { same, different }: Pick<Compared, 'same' | 'different'>,
  to: Destination,
  line: Lane,
  work: DatabaseWork,
): Promise<readonly Key[]> {
  const { carried, rescue, tally, tell } = work.run;
  const { database, into } = work.database;
  // What we have brought there ourselves was not there before, though it may be found once more.
  const isOurs = (key: Key) => carried.has(work.nameOf(key), into);
  tally.alreadyThere += same.filter(key => !isOurs(key)).length;
  if (different.length === 0) return same;
  const replaced = different.filter(key => mayReplace(key, work));
  const isReplaced = new Set(replaced);
  const fresh = newlyLeft(
    different.filter(key => !isReplaced.has(key)),
    work,
  );
  tally.clashing += fresh.length;
  for (const key of fresh) tell({ kind: 'clash', key: showKey(key), database, node: to.address });
  if (rescue)
    await rescueValues(replaced.map(work.nameOf), { node: to.address, line, database: into }, rescue);
  tally.overwritten += replaced.length;
  return [...same, ...replaced];
}
