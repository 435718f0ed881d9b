/** Values that are about to be written over, from their node to the disk. Whatever keeps them from it keeps them from being overwritten. */
import type { Key } from '../../resp/commands/slots.ts';
import { typeOf } from '../../resp/commands/values.ts';
import { keySlot } from '../../topology/key-slot.ts';
import { type Address, formatAddress } from '../../topology/node.ts';
import { FileError } from '../files/whole-file.ts';
import type { Line } from './asking-first.ts';
import { type RescuedValue, RescueError, type RescueFile } from './rescue-file.ts';
import { readAll } from './saved-value.ts';

/** Values that are kept in memory, and written to the disk at a time: each time takes as long as the disk does. */
const KEYS_AT_A_TIME = 256;

export interface Losers {
  readonly node: Address;
  readonly line: Line;
  readonly database: number;
}

/** Throws a RescueError. */
export async function rescueValues(
  keys: readonly Key[],
  { node, line, database }: Losers,
  file: RescueFile,
): Promise<void> {
  for (let from = 0; from < keys.length; from += KEYS_AT_A_TIME) {
    const some = keys.slice(from, from + KEYS_AT_A_TIME);
    const values = await readValues(some, line, { node: formatAddress(node), database });
    try {
      await file.add(values);
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      throw new RescueError({ kind: 'not-rescued', message: error.message });
    }
  }
}

async function readValues(
  keys: readonly Key[],
  line: Line,
  where: Pick<RescuedValue, 'node' | 'database'>,
): Promise<RescuedValue[]> {
  const [types, values] = await Promise.all([
    Promise.all(keys.map(key => line.send(typeOf(key)))),
    readAll(keys, line),
  ]);
  return keys.flatMap((key, i) => {
    const [type = 'unknown', value] = [types[i], values[i]];
    return value ? [{ key, slot: keySlot(key), ...where, type, ...value }] : [];
  });
}
