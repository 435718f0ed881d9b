/**
 * Whether the cluster has what it was given: where the number of keys in a slot does not say so, each key that is remembered
 * is looked for at the owner of its slot.
 */
import { askForKeys } from '../keys/ask-for-keys.ts';
import { countGone } from './ask-source.ts';
import type { CarriedKey } from './carried-keys.ts';
import { slotsInDoubt } from './count-given.ts';
import type { ImportRun } from './import-run.ts';
import { wait } from './waits.ts';

const LOOK_AGAIN_AFTER_MS = 300;
/** A key that is on its way from one node of the cluster to another may be at neither for a moment. */
const LOOKS_FOR_MISSING = 6;
/** A node that is loading its data, or has no successor yet. */
const WAIT_FOR_NODES_MS = 30_000;
/**
 * Between two clocks, and for the way of the commands. Less than times to live of equal values may differ by: the more is taken for
 * expired here, the less is found missing.
 */
const EXPIRY_MARGIN_MS = 2000;

export interface Seen {
  readonly missing: number;
  /** Of those that are gone: had their time. */
  readonly expired: number;
  /** Not at the source either, which was to keep them: its clients have deleted them. */
  readonly deleted: number;
  /** Whose nodes did not answer, or not us. */
  readonly unseen: number;
}

export async function lookForCarriedKeys(run: ImportRun): Promise<Seen> {
  const { carried, target, routes, nowMs, interruptions } = run;
  const deadline = nowMs() + WAIT_FOR_NODES_MS;
  let [expired, forbidden] = [0, 0];
  let left: readonly CarriedKey[] = [...carried.all(await slotsInDoubt(run))];
  for (let looks = 1; ; looks++) {
    const { absent, unasked, ...found } = await askForKeys(left, target, routes);
    forbidden += found.forbidden.length;
    const now = nowMs();
    const missing = absent.filter(({ expiresAtMs }) => expiresAtMs > now + EXPIRY_MARGIN_MS);
    expired += absent.length - missing.length;
    const isOver = unasked.length > 0 ? now >= deadline : missing.length === 0 || looks >= LOOKS_FOR_MISSING;
    if (isOver) {
      const deleted = run.copy ? await countGone(missing, run) : 0;
      const unseen = unasked.length + forbidden;
      return { missing: missing.length - deleted, expired, deleted, unseen };
    }
    await wait(LOOK_AGAIN_AFTER_MS, interruptions);
    await routes.lookAgain();
    left = [...missing, ...unasked];
  }
}
