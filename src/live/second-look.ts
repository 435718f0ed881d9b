/** For what may be gone when one looks again. */
import { setTimeout as sleep } from 'node:timers/promises';

/** Together as long as gossip takes to reach everybody. */
const AGAIN_AFTER_MS = 300;
const MOST_LOOKS = 6;

/** Looks once, and again while what is seen may pass by itself; the last look counts. */
export async function lookUntilSettled<T>(look: () => Promise<T>, mayPass: (seen: T) => boolean): Promise<T> {
  let seen = await look();
  for (let looks = 1; looks < MOST_LOOKS && mayPass(seen); looks++) {
    await sleep(AGAIN_AFTER_MS);
    seen = await look();
  }
  return seen;
}
