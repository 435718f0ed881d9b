/**
 * For what goes wrong for a moment: a server says no, and it or another one would say yes a little later. Moving, fixing, importing
 * and restoring take the same refusals for passing, and have the same patience.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Note } from '../../plan/note.ts';
import { isRefused, type NodeError, type ServerRefusalError } from '../../resp/errors.ts';
import type { RefusalKind } from '../../resp/refusals.ts';

const FIRST_WAIT_MS = 50;
const LONGEST_WAIT_MS = 1000;
/** A failover, a reload, a full synchronization of a small node. */
export const GIVE_UP_AFTER_MS = 30_000;

/** A script that ends, a replica that comes back, data that are loaded: the same server says yes then. */
const PASSING: readonly RefusalKind[] = [
  'try-again',
  'cluster-down',
  'loading',
  'busy',
  'no-replicas',
  'primary-link-down',
  'io-error',
];

/** Slots that have moved, a primary that has become a replica: another server says yes. */
const PASSING_ELSEWHERE: readonly RefusalKind[] = ['moved', 'ask', 'read-only'];

/** Also what the target of a MIGRATE said. */
export function mayPassSoon(error: unknown): error is ServerRefusalError {
  return isRefused(error, ...PASSING);
}

/** For whoever looks where keys belong before each try. A move and `fix` do not: they bring keys to one node, whatever it has become. */
export function mayPassElsewhere(error: unknown): error is ServerRefusalError {
  return isRefused(error, ...PASSING, ...PASSING_ELSEWHERE);
}

/** How long it is waited before the next try, and whether there is one. */
export class Patience {
  readonly #nowMs: () => number;
  #deadline = 0;
  #waitMs = FIRST_WAIT_MS;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
    this.renew();
  }

  /** Something has come of it: the time to give up is counted from now. */
  renew(): void {
    this.#deadline = this.#nowMs() + GIVE_UP_AFTER_MS;
  }

  get isOver(): boolean {
    return this.#nowMs() >= this.#deadline;
  }

  /** Nobody has waited so far: now people are told why, and only now. */
  get isFresh(): boolean {
    return this.#waitMs === FIRST_WAIT_MS;
  }

  nextWaitMs(): number {
    const ms = this.#waitMs;
    this.#waitMs = Math.min(LONGEST_WAIT_MS, ms * 2);
    return ms;
  }
}

export interface Persisting {
  readonly nowMs: () => number;
  readonly note: (note: Note) => void;
}

/** Tries until it works, or until a refusal stays; says once why it has to wait. */
export async function persist<T>(attempt: () => Promise<T>, { nowMs, note }: Persisting): Promise<T> {
  for (const patience = new Patience(nowMs); ; ) {
    try {
      return await attempt();
    } catch (error) {
      if (!mayPassSoon(error) || patience.isOver) throw error;
      if (patience.isFresh) note(triesAgain(error));
      await sleep(patience.nextWaitMs());
    }
  }
}

export function triesAgain({ node, message }: NodeError): Note {
  return { kind: 'tries-again', node, message };
}
