/**
 * How many keys go home in one MIGRATE. Both servers do nothing else meanwhile: for longer than half the node timeout, and
 * the others take them for dead. So where keys are large on average each is measured first, as in a move of slots.
 */

import type { Note } from '../../plan/note.ts';
import type { Key } from '../../resp/commands/slots.ts';
import type { Fleet, Lane } from '../../resp/fleet.ts';
import type { Member } from '../../topology/agreement.ts';
import { askingFirst } from '../keys/asking-first.ts';
import {
  BIG_BYTES,
  LARGE_AVERAGE_BYTES,
  mostBytes,
  refuseGiants,
  type Sized,
  sizesOf,
} from '../keys/big-keys.ts';
import type { Batch } from '../keys/migrate-keys.ts';
import { migrateTimeoutMs } from '../keys/migrate-timeout.ts';

/** What goes in one MIGRATE each, and what servers may wait for each other in it. */
export interface Portions {
  readonly timeoutMs: number;
  readonly of: (line: Lane, keys: readonly Key[]) => Promise<readonly Batch[]>;
}

export interface Caution {
  readonly fleet: Fleet;
  readonly holder: Member;
  /** The holder only imports the slots, and tells of their keys only whoever asks for it. */
  readonly asks: boolean;
  /** Of the keys that the holder has. */
  readonly averageBytes: number;
  readonly allowBlocking: boolean;
  /** What servers may wait for each other, if the node timeout allows it. */
  readonly timeoutMs: number;
}

/** Asked once per holder. `note`: told what had to be assumed. */
export async function portioning(
  { fleet, holder, averageBytes, allowBlocking, asks, timeoutMs: mostMs }: Caution,
  note: (note: Note) => void,
): Promise<Portions> {
  const most = await mostBytes(fleet, holder.address);
  // An owner that hangs holds up the holder for as long.
  const timeoutMs = migrateTimeoutMs(mostMs, [most.nodeTimeout], note);
  return {
    timeoutMs,
    of: async (line, keys) => {
      if (averageBytes < LARGE_AVERAGE_BYTES) return [{ keys }];
      const sized = await sizesOf(keys, asks ? askingFirst(line) : line);
      if (!allowBlocking) refuseGiants(sized, most);
      return inPortions(sized);
    },
  };
}

/**
 * A megabyte each at most, or one key. A move takes as many as go in a time instead (batch-size.ts): it sends thousands of batches of
 * one source, and learns by the first ones; what fix finds here and there is a few.
 */
export function inPortions(sized: readonly Sized[]) {
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
