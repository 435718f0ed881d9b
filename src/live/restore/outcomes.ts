/** What became of a key that was sent, by what its node has answered. */
import {
  ConnectError,
  ConnectionLostError,
  ReplyTimeoutError,
  ServerRefusalError,
} from '../../resp/errors.ts';
import type { Address } from '../../topology/node.ts';
import type { Line } from '../keys/asking-first.ts';
import { compareWithThere } from './compare-with-there.ts';
import type { Parcel } from './entry.ts';
import { TargetFullError } from './watch-targets.ts';

export type Fate = 'restored' | 'same' | 'existing' | 'again' | { readonly refused: string };

/** The node may take it later, or another one does. */
const PASSING = /^(MOVED|ASK|TRYAGAIN|CLUSTERDOWN|LOADING|READONLY|MASTERDOWN) ?/;
/** The value itself is what the node does not take. */
const UNFIT = /^ERR (Bad data format|DUMP payload|.*too (large|big))/i;

/** Throws where the node takes nothing more at all. */
export function fateOfRefusal(error: unknown, at: Address): Fate | undefined {
  if (!(error instanceof ServerRefusalError)) return undefined;
  if (PASSING.test(error.text)) return 'again';
  if (/^OOM /.test(error.text)) throw new TargetFullError(at);
  return UNFIT.test(error.text) ? { refused: error.text } : undefined;
}

export async function fatesThere(
  parcels: readonly Parcel[],
  to: () => Promise<Line>,
  nowMs: number,
): Promise<Fate[]> {
  try {
    return await compareWithThere(parcels, await to(), nowMs);
  } catch (error) {
    const isElsewhere = error instanceof ServerRefusalError && PASSING.test(error.text);
    if (!isElsewhere && !isGone(error)) throw error;
    return parcels.map(() => 'again');
  }
}

export function isGone(error: unknown): boolean {
  return (
    error instanceof ConnectError ||
    error instanceof ConnectionLostError ||
    error instanceof ReplyTimeoutError
  );
}

export function isBusy(answer: unknown): boolean {
  return answer instanceof ServerRefusalError && /^BUSYKEY/.test(answer.text);
}

/** The slot is on its way, and the key is not at its source. */
export function isSentOn(error: unknown): boolean {
  return error instanceof ServerRefusalError && /^ASK /.test(error.text);
}
