/** What became of a key that was sent, by what its node has answered. */
import { isLost, isRefused } from '../../resp/errors.ts';
import type { Address } from '../../topology/node.ts';
import type { Line } from '../keys/asking-first.ts';
import { mayPassElsewhere } from '../keys/retry.ts';
import { compareWithThere } from './compare-with-there.ts';
import type { Parcel } from './entry.ts';
import { RestoreError } from './watch-targets.ts';

export type Fate = 'restored' | 'same' | 'existing' | 'again' | { readonly refused: string };

/** Throws where the node takes nothing more at all. */
export function fateOfRefusal(error: unknown, at: Address): Fate | undefined {
  if (mayPassElsewhere(error)) return 'again';
  if (isRefused(error, 'out-of-memory')) throw new RestoreError({ kind: 'full', at });
  // The value itself is what the node does not take.
  return isRefused(error, 'bad-payload', 'too-large') ? { refused: error.text } : undefined;
}

export async function fatesThere(
  parcels: readonly Parcel[],
  to: () => Promise<Line>,
  nowMs: number,
): Promise<Fate[]> {
  try {
    return await compareWithThere(parcels, await to(), nowMs);
  } catch (error) {
    if (!mayPassElsewhere(error) && !isLost(error)) throw error;
    return parcels.map(() => 'again');
  }
}
