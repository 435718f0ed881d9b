/** A key of a backup, as it is sent, and what becomes of it by what its node answers. */
import type { RdbEntry } from '../../rdb/listener.ts';
import { isRefused } from '../../resp/errors.ts';
import type { Address } from '../../topology/node.ts';
import { mayPassElsewhere } from '../keys/retry-refusals.ts';
import { RestoreError } from './watch-targets.ts';

export interface PackedKey extends Omit<RdbEntry, 'value' | 'type'> {
  readonly slot: number;
  readonly payload: Buffer;
}

export type Fate = 'restored' | 'same' | 'existing' | 'again' | { readonly refused: string };

/** Throws where the node takes nothing more at all. */
export function fateOfRefusal(error: unknown, at: Address): Fate | undefined {
  if (mayPassElsewhere(error)) return 'again';
  if (isRefused(error, 'out-of-memory')) throw new RestoreError({ kind: 'full', at });
  // The value itself is what the node does not take.
  return isRefused(error, 'bad-payload', 'too-large') ? { refused: error.text } : undefined;
}
