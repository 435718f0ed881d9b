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
import { ifTold } from '../look/look-at-node.ts';
import { MoveError } from '../move/move-error.ts';
import type { MoveRun, CountedPassage as Passage } from '../move/mover.ts';
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

export async function findBigKeys(passage: Passage, run: MoveRun): Promise<BigKeys> {
  const big = new Map<string, number>();
  if (passage.averageBytes < LARGE_AVERAGE_BYTES) return big;
  for (const [slot, count] of passage.keys) {
    const { address } = passage.from;
    const keys = await run.fleet.send(address, keysInSlot(slot, count));
    for (let from = 0; from < keys.length; from += KEYS_AT_A_TIME) {
      const some = keys.slice(from, from + KEYS_AT_A_TIME);
      // Whoever may not ask moves them like all others.
      const sizes = await Promise.all(some.map(key => ifTold(run.fleet.send(address, memoryUsage(key)))));
      some.forEach((key, i) => {
        const size = sizes[i] ?? 0;
        if (size >= BIG_BYTES) big.set(key.toString('latin1'), size);
      });
    }
  }
  if (!run.limits.allowBlocking) await refuseGiants(big, passage, run);
  return big;
}

/** What may go, by the word of a node of the cluster. */
export async function mostBytes(
  fleet: Fleet,
  at: Address,
): Promise<{ readonly bytes: number; readonly nodeTimeout: NodeTimeout }> {
  const nodeTimeout = await nodeTimeoutAt(fleet, at);
  return { bytes: Math.min(MOST_BYTES, (nodeTimeout.ms / 2) * BYTES_PER_MS), nodeTimeout };
}

async function refuseGiants(big: BigKeys, { from }: Passage, { fleet }: MoveRun): Promise<void> {
  const { bytes: most, nodeTimeout } = await mostBytes(fleet, from.address);
  const giants = [...big].flatMap(([key, bytes]) =>
    bytes > most ? [{ key: Buffer.from(key, 'latin1'), bytes }] : [],
  );
  if (giants.length > 0) throw new MoveError(refusalOfGiants(giants, nodeTimeout));
}

export function refusalOfGiants(
  giants: readonly { readonly key: Key; readonly bytes: number }[],
  { ms }: NodeTimeout,
): string {
  const shown = giants
    .slice(0, 5)
    .map(({ key, bytes }) => `${showKey(key)} (${Math.round(bytes / MEGABYTE)} MB)`)
    .join(', ');
  return `moving ${shown}${giants.length > 5 ? ` and ${giants.length - 5} more` : ''} would hold up both servers for longer than half the node timeout (${ms} ms); --allow-blocking does it anyway`;
}
