/** The slots of a new cluster, divided evenly. */
import { SLOT_COUNT, SlotSet } from '../../topology/slot-set.ts';

/** More primaries than this are outside what the cluster bus is made for. */
const MOST_SHARES = 1000;

/** Ranges in order, of sizes that differ by one at most: the borders are exact fractions, rounded. */
export function equalShares(count: number): SlotSet[] {
  if (!Number.isInteger(count) || count < 1 || count > MOST_SHARES) {
    throw new RangeError(`slots are divided into 1 to ${MOST_SHARES} shares, not ${count}`);
  }
  const border = (i: number) => Math.round((i * SLOT_COUNT) / count);
  return Array.from({ length: count }, (_, i) => SlotSet.range(border(i), border(i + 1) - 1));
}
