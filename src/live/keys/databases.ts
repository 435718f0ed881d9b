/** In which databases a cluster may have keys. */
import { select } from '../../resp/commands/cluster.ts';
import { configGet } from '../../resp/commands/membership.ts';
import { ServerRefusalError } from '../../resp/errors.ts';
import type { Fleet, Lane } from '../../resp/fleet.ts';
import type { Address } from '../../topology/node.ts';
import type { MoveRun, Passage } from '../move/mover.ts';
import { orRefusal } from './asking-first.ts';

/** All that there can be, and not those that have keys now: clients may begin to use one while its slots move. */
export async function databasesOf(
  { from, databases }: Passage,
  { fleet }: Pick<MoveRun, 'fleet'>,
): Promise<number[]> {
  const possible = await countDatabases(from.address, fleet);
  return [...new Set([...Array(possible).keys(), ...databases])];
}

export async function countDatabases(at: Address, fleet: Fleet): Promise<number> {
  const told = await orRefusal(fleet.send(at, configGet('cluster-databases')));
  if (!(told instanceof ServerRefusalError)) {
    const setting = Number(told);
    return Number.isSafeInteger(setting) && setting > 1 ? setting : 1;
  }
  // Whoever may not ask can try: keys in a database that nobody knows of would be deleted with their slot.
  const line = fleet.lane(at);
  try {
    return await findLast(line);
  } finally {
    line.close();
  }
}

/** Servers with one database, which are nearly all, need one try. */
async function findLast(line: Lane): Promise<number> {
  let missing = 1;
  while (await isThere(missing, line)) missing *= 2;
  let there = Math.floor(missing / 2);
  while (missing - there > 1) {
    const middle = Math.floor((there + missing) / 2);
    if (await isThere(middle, line)) there = middle;
    else missing = middle;
  }
  return there + 1;
}

async function isThere(database: number, line: Lane): Promise<boolean> {
  return !((await orRefusal(line.send(select(database)))) instanceof ServerRefusalError);
}
