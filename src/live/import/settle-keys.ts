/** What becomes of keys that the cluster has already: nothing is lost, and nothing is written over without being kept. */

import type { Key } from '../../resp/commands/slots.ts';
import type { Lane } from '../../resp/fleet.ts';
import { showKey } from '../keys/big-keys.ts';
import type { Compared } from '../keys/compare-keys.ts';
import { rescueValues } from '../keys/rescue-values.ts';
import type { Destination } from '../keys/routes.ts';
import { type DatabaseWork, type ImportRun, mayReplace, newlyLeft } from './import-run.ts';

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
  if (run.rescue) {
    const losers = { node: to.address, line: settling.line, database: into };
    await rescueValues(replaced.map(work.nameOf), losers, run.rescue);
  }
  tally.overwritten += replaced.length;
  return [...same, ...replaced];
}
