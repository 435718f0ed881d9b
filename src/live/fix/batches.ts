/**
 * How many keys go home in one MIGRATE. Both servers do nothing else meanwhile: for longer than half the node timeout, and
 * the others take them for dead. So where keys are large on average each is measured first, as in a move of slots.
 */

import { asking, type Key, memoryUsage } from '../../resp/commands/slots.ts';
import type { Fleet, Lane } from '../../resp/fleet.ts';
import type { Address } from '../../topology/node.ts';
import {
  BIG_BYTES,
  LARGE_AVERAGE_BYTES,
  mostBytes,
  refusalOfGiants,
  timeoutMsFor,
} from '../keys/big-keys.ts';
import { migrateTimeoutMs } from '../keys/migrate-timeout.ts';
import { ifTold } from '../look/look-at-node.ts';
import { MoveError } from '../move/move-error.ts';

export interface Portion {
  readonly keys: readonly Key[];
  readonly timeoutMs: number;
}

export interface Caution {
  readonly holder: Address;
  readonly averageBytes: number;
  readonly allowBlocking: boolean;
  /** The holder only imports the slots, and tells of their keys only whoever asks for it. */
  readonly asks: boolean;
  /** What servers may wait for each other, if the node timeout allows it. */
  readonly timeoutMs: number;
  /** Told what had to be assumed. */
  readonly note: (text: string) => void;
}

/** Asked once per holder. */
export async function portioning(
  fleet: Fleet,
  { holder, averageBytes, allowBlocking, asks, timeoutMs: mostMs, note }: Caution,
): Promise<(line: Lane, keys: readonly Key[]) => Promise<Portion[]>> {
  const { bytes: most, nodeTimeout } = await mostBytes(fleet, holder);
  // An owner that hangs holds up the holder for as long.
  const timeoutMs = migrateTimeoutMs(mostMs, [nodeTimeout], note);
  return async (line, keys) => {
    if (averageBytes < LARGE_AVERAGE_BYTES) return [{ keys, timeoutMs }];
    // Whoever may not ask moves them like all others.
    const sizes = await Promise.all(keys.map(key => ifTold(sizeAt(line, key, asks))));
    const sized = keys.map((key, i) => ({ key, bytes: sizes[i] ?? 0 }));
    const giants = sized.filter(({ bytes }) => bytes > most);
    if (giants.length > 0 && !allowBlocking) throw new MoveError(refusalOfGiants(giants, nodeTimeout));
    return inPortions(sized).map(({ keys: some, bytes }) => ({
      keys: some,
      timeoutMs: Math.max(timeoutMs, Math.ceil(timeoutMsFor(bytes))),
    }));
  };
}

function sizeAt(line: Lane, key: Key, asks: boolean) {
  if (asks) line.send(asking()).catch(() => {});
  return line.send(memoryUsage(key));
}

/** A megabyte each at most, or one key. */
export function inPortions(sized: readonly { readonly key: Key; readonly bytes: number }[]) {
  const portions: { keys: Key[]; bytes: number }[] = [];
  for (const { key, bytes } of sized) {
    const last = portions.at(-1);
    if (last && last.bytes + bytes <= BIG_BYTES) {
      last.keys.push(key);
      last.bytes += bytes;
    } else portions.push({ keys: [key], bytes });
  }
  return portions;
}
