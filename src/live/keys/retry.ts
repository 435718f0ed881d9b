/** For what goes wrong for a moment: the server says no, and would say yes a little later. */
import { setTimeout as sleep } from 'node:timers/promises';
import { ServerRefusalError } from '../../resp/errors.ts';
import type { MoveRun } from '../move/mover.ts';

const FIRST_WAIT_MS = 50;
const LONGEST_WAIT_MS = 1000;
/** A failover, a reload, a full synchronization of a small node. */
const GIVE_UP_AFTER_MS = 30_000;

const PASSING = /\b(IOERR|TRYAGAIN|LOADING|CLUSTERDOWN|NOREPLICAS|BUSY|MASTERDOWN)\b/;

/** Whether a refusal may pass by itself. A MIGRATE passes on what the target said, behind some words of its own. */
export function mayPassSoon(error: unknown): error is ServerRefusalError {
  return error instanceof ServerRefusalError && PASSING.test(error.text);
}

/** Tries until it works, or until a refusal stays; says once why it has to wait. */
export async function persist<T>(
  attempt: () => Promise<T>,
  { nowMs, listener }: Pick<MoveRun, 'nowMs' | 'listener'>,
): Promise<T> {
  const deadline = nowMs() + GIVE_UP_AFTER_MS;
  for (let wait = FIRST_WAIT_MS; ; wait = Math.min(LONGEST_WAIT_MS, wait * 2)) {
    try {
      return await attempt();
    } catch (error) {
      if (!mayPassSoon(error) || nowMs() >= deadline) throw error;
      if (wait === FIRST_WAIT_MS) listener.remark(`${error.node}: ${error.message}; trying again`);
      await sleep(wait);
    }
  }
}
