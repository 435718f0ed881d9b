/**
 * Keys that are so big that moving them holds up both servers. A server does nothing else while it packs a value, and
 * neither does the one that unpacks it: for longer than half the node timeout, and the others take it for dead. So where
 * keys are large on average they are measured first; the big ones go alone, and the giants not at all unless the
 * person insists.
 */

import { type Key, keysInSlot, memoryUsage } from '../../resp/commands/slots.ts';
import type { Fleet } from '../../resp/fleet.ts';
import { escaped } from '../../resp/reply.ts';
import type { Address } from '../../topology/node.ts';
import { MoveError } from '../move/move-error.ts';
import type { Line } from './asking-first.ts';
import type { KeyCounts } from './count-keys.ts';
import { type NodeTimeout, nodeTimeoutAt } from './migrate-timeout.ts';

const MEGABYTE = 1024 * 1024;
/** Below this average there may be a big key, too, but looking for it would take longer than moving the rest. */
export const LARGE_AVERAGE_BYTES = 1024;
export const BIG_BYTES = MEGABYTE;
/** No server takes a longer string from another. */
const MOST_BYTES = 512 * MEGABYTE;
/** Packed, sent and unpacked; half of what two servers on one machine were measured at. */
const BYTES_PER_MS = 50 * 1024;
/** Machines that are slower, and busy. */
const UNPACKING_MARGIN = 4;
const KEYS_AT_A_TIME = 1000;

export interface Sized {
  readonly key: Key;
  readonly bytes: number;
}

export interface MostBytes {
  readonly bytes: number;
  readonly nodeTimeout: NodeTimeout;
}

interface Leaving {
  readonly from: { readonly address: Address };
  readonly keys: KeyCounts;
  readonly averageBytes: number;
}

/** By the key's bytes as latin1. */
export type BigKeys = ReadonlyMap<string, number>;

export function sizeOf(keys: BigKeys, key: Key): number {
  return keys.get(key.toString('latin1')) ?? 0;
}

/** For so long the target may say nothing while it unpacks the value: were that too short, it would be sent again and again. */
export function timeoutMsFor(bytes: number): number {
  return UNPACKING_MARGIN * (bytes / BYTES_PER_MS);
}

export function showKey(key: Key): string {
  return escaped(key.toString('latin1'));
}

/** Of each its bytes, and none where the server does not tell: a user who may not ask moves them like all others. */
export async function sizesOf(keys: readonly Key[], line: Pick<Line, 'sendEach'>): Promise<Sized[]> {
  const sizes = await line.sendEach(keys.map(memoryUsage));
  return keys.map((key, i) => {
    const bytes = sizes[i];
    return { key, bytes: typeof bytes === 'number' ? bytes : 0 };
  });
}

/** Those that are about to leave `from`. */
export async function findBigKeys(
  { from, keys, averageBytes }: Leaving,
  { fleet, limits }: { readonly fleet: Fleet; readonly limits: { readonly allowBlocking: boolean } },
): Promise<BigKeys> {
  const big: Sized[] = [];
  if (averageBytes < LARGE_AVERAGE_BYTES) return new Map();
  const line = fleet.lane(from.address);
  try {
    for (const [slot, count] of keys) {
      const all = await line.send(keysInSlot(slot, count));
      for (let at = 0; at < all.length; at += KEYS_AT_A_TIME) {
        const sized = await sizesOf(all.slice(at, at + KEYS_AT_A_TIME), line);
        big.push(...sized.filter(({ bytes }) => bytes >= BIG_BYTES));
      }
    }
  } finally {
    line.close();
  }
  if (!limits.allowBlocking) refuseGiants(big, await mostBytes(fleet, from.address));
  return new Map(big.map(({ key, bytes }) => [key.toString('latin1'), bytes]));
}

/** What may go, by the word of a node of the cluster. */
export async function mostBytes(fleet: Fleet, at: Address): Promise<MostBytes> {
  const nodeTimeout = await nodeTimeoutAt(fleet, at);
  return { bytes: Math.min(MOST_BYTES, (nodeTimeout.ms / 2) * BYTES_PER_MS), nodeTimeout };
}

export function refuseGiants(sized: readonly Sized[], { bytes: most, nodeTimeout: { ms } }: MostBytes): void {
  const giants = sized.filter(({ bytes }) => bytes > most);
  if (giants.length === 0) return;
  const shown = giants.map(({ key, bytes }) => ({ key: showKey(key), bytes }));
  throw new MoveError({ kind: 'giants', giants: shown, nodeTimeoutMs: ms });
}
