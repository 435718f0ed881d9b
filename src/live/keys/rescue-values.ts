/** Values that are about to be written over, from their node to the disk. Whatever keeps them from it keeps them from being overwritten. */
import type { RescueProblem } from '../../plan/slots/move-problem.ts';
import type { Key } from '../../resp/commands/slots.ts';
import { typeOf } from '../../resp/commands/values.ts';
import { keySlot } from '../../topology/key-slot.ts';
import { type Address, formatAddress } from '../../topology/node.ts';
import { FileError } from '../files/whole-file.ts';
import type { Line } from './asking-first.ts';
import { showKey } from './big-keys.ts';
import { MOST_RESCUED_BYTES, type RescuedValue, type RescueFile } from './rescue-file.ts';
import { readAll } from './saved-value.ts';

/** Values that are kept in memory, and written to the disk at a time: each time takes as long as the disk does. */
const KEYS_AT_A_TIME = 256;

export interface Losers {
  readonly node: Address;
  readonly line: Line;
  readonly database: number;
}

/** `failed`: makes the error that ends the caller's work. */
export async function rescueValues(
  keys: readonly Key[],
  { node, line, database }: Losers,
  file: RescueFile,
  failed: (problem: RescueProblem) => Error,
): Promise<void> {
  for (let from = 0; from < keys.length; from += KEYS_AT_A_TIME) {
    const some = keys.slice(from, from + KEYS_AT_A_TIME);
    const values = await readValues(some, line, { node: formatAddress(node), database });
    const giant = values.find(({ payload }) => payload.length > MOST_RESCUED_BYTES);
    if (giant)
      throw failed({
        kind: 'too-big-to-rescue',
        node: giant.node,
        key: showKey(giant.key),
        file: file.path,
      });
    try {
      await file.add(values);
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      throw failed({ kind: 'not-rescued', message: error.message });
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
