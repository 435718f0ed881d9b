/** Which keys of a backup the cluster has: until somebody has answered for each, or for as long as a node may take to be back. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Fleet } from '../../resp/fleet.ts';
import { askForKeys } from '../keys/ask-for-keys.ts';
import type { Routes } from '../keys/routes.ts';
import type { SampleKey } from './backup-census.ts';

/** Half a minute: a failover, a node that loads its data. */
const MOST_ROUNDS = 120;
const AGAIN_AFTER_MS = 250;

export interface Absent {
  readonly absent: readonly SampleKey[];
  /** Nobody could be asked for them. */
  readonly unasked: readonly SampleKey[];
}

/** Throws the refusal where we have no right to ask. What is absent is not asked for again here: count-back.ts does so, slot by slot. */
export async function absentKeys(fleet: Fleet, routes: Routes, keys: readonly SampleKey[]): Promise<Absent> {
  const absent: SampleKey[] = [];
  let left = keys;
  for (let round = 1; left.length > 0 && round <= MOST_ROUNDS; round++) {
    if (round > 1) {
      await sleep(AGAIN_AFTER_MS, undefined, { signal: fleet.interruption }).catch(() => {});
      await routes.lookAgain();
    }
    const found = await askForKeys(left, fleet, routes);
    if (found.refusal) throw found.refusal;
    absent.push(...found.absent);
    left = found.unasked;
  }
  return { absent, unasked: left };
}
