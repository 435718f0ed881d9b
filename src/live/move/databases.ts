/** In which databases a cluster may have keys. */
import { configGet } from '../../resp/membership-commands.ts';
import { ifTold } from '../look.ts';
import type { MoveRun, Passage } from './mover.ts';

/** All that there can be, and not those that have keys now: clients may begin to use one while its slots move. */
export async function databasesOf(
  { from, databases }: Passage,
  { fleet }: Pick<MoveRun, 'fleet'>,
): Promise<number[]> {
  const setting = Number(await ifTold(fleet.send(from.address, configGet('cluster-databases'))));
  const possible = Number.isSafeInteger(setting) && setting > 1 ? setting : 1;
  return [...new Set([...Array(possible).keys(), ...databases])];
}
