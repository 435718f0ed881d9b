/** Asks the owners of keys whether they have them: many at a time, and all owners at once. */
import { setTimeout as sleep } from 'node:timers/promises';
import { exists } from '../../resp/commands/fix.ts';
import { ServerRefusalError } from '../../resp/errors.ts';
import type { Fleet } from '../../resp/fleet.ts';
import type { Address } from '../../topology/node.ts';
import type { Routes } from '../keys/routes.ts';
import { TargetLines } from '../keys/target-lines.ts';
import type { SampleKey } from './backup-census.ts';

const KEYS_AT_A_TIME = 1000;
const MOST_ROUNDS = 20;
const AGAIN_AFTER_MS = 250;

export interface Absent {
  readonly absent: readonly SampleKey[];
  /** Nobody could be asked for them. */
  readonly unasked: readonly SampleKey[];
}

/** A key of an open slot whose owner sends us on is not absent: it is on its way. */
export async function absentKeys(fleet: Fleet, routes: Routes, keys: readonly SampleKey[]): Promise<Absent> {
  const absent: SampleKey[] = [];
  let left = keys;
  for (let round = 1; left.length > 0 && round <= MOST_ROUNDS; round++) {
    if (round > 1) {
      await sleep(AGAIN_AFTER_MS, undefined, { signal: fleet.interruption }).catch(() => {});
      await routes.lookAgain();
    }
    const again: SampleKey[] = [];
    for (const database of new Set(left.map(key => key.database))) {
      const lines = new TargetLines(fleet, database);
      try {
        const groups = byOwner(
          left.filter(key => key.database === database),
          routes,
          again,
        );
        const asked = await Promise.all([...groups].map(([owner, some]) => askOwner(owner, some, lines)));
        for (const one of asked) {
          absent.push(...one.absent);
          again.push(...one.unasked);
        }
      } finally {
        lines.close();
      }
    }
    left = again;
  }
  return { absent, unasked: left };
}

function byOwner(
  keys: readonly SampleKey[],
  routes: Routes,
  without: SampleKey[],
): Map<Address, SampleKey[]> {
  const groups = new Map<Address, SampleKey[]>();
  for (const key of keys) {
    const owner = routes.ownerOf(key.slot)?.address;
    const group = owner ? groups.get(owner) : without;
    if (group) group.push(key);
    else if (owner) groups.set(owner, [key]);
  }
  return groups;
}

async function askOwner(owner: Address, keys: readonly SampleKey[], lines: TargetLines): Promise<Absent> {
  const line = await lines.to(owner);
  const absent: SampleKey[] = [];
  const unasked: SampleKey[] = [];
  for (let from = 0; from < keys.length; from += KEYS_AT_A_TIME) {
    const some = keys.slice(from, from + KEYS_AT_A_TIME);
    const answers = await line.sendEach(some.map(({ key }) => exists(key)));
    for (const [i, key] of some.entries()) {
      const answer = answers[i];
      if (answer === false) absent.push(key);
      else if (answer instanceof ServerRefusalError && !/^ASK /.test(answer.text)) {
        if (answer.reason === 'no-right') throw answer;
        unasked.push(key);
      }
    }
  }
  return { absent, unasked };
}
