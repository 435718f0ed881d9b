/**
 * BUSYKEY: a key is on both sides. As a rule an earlier move was interrupted after the target had the key and before
 * the source knew; then both values are the same, and the target's may be written over. Where they are not, it is kept
 * in a file first, if it is to give way at all.
 */

import type { Key } from '../../../resp/commands/slots.ts';
import { isRefused, type ServerRefusalError } from '../../../resp/errors.ts';
import { formatAddress } from '../../../topology/node.ts';
import { askingFirst } from '../../keys/asking-first.ts';
import { showKey } from '../../keys/big-keys.ts';
import { compareKeys } from '../../keys/compare-keys.ts';
import { rescueValues } from '../../keys/rescue-values.ts';
import { TargetLines } from '../../keys/target-lines.ts';
import { MoveError } from '../move-error.ts';
import type { MoveRun, Passage } from '../mover.ts';

export async function settleClash(
  { from, to }: Passage,
  { fleet, rescue, note }: MoveRun,
  database: number,
  keys: readonly Key[],
): Promise<void> {
  const lines = new TargetLines(fleet, database);
  try {
    const [source, importer] = await Promise.all([lines.to(from.address), lines.to(to.address)]);
    const target = askingFirst(importer);
    const { different } = await compareKeys(keys, source, target, { isGone: hasMoved });
    if (different.length === 0) return;
    if (!rescue) throw new MoveError({ kind: 'keys-clash', at: to.address, keys: different.map(showKey) });
    const losers = { node: to.address, line: target, database };
    await rescueValues(different, losers, rescue);
    const node = formatAddress(to.address);
    note({ kind: 'values-rescued', values: different.length, node, file: rescue.path });
  } finally {
    lines.close();
  }
}

/** A source that has moved a key already sends whoever asks for it to the target. */
function hasMoved(error: ServerRefusalError): boolean {
  return isRefused(error, 'ask', 'try-again');
}
