/** For what may be gone when one looks again. */
import { setTimeout as sleep } from 'node:timers/promises';

/** Five looks in the usual time. */
const AGAIN_AFTER_MS = 300;
/** As long as gossip takes to reach everybody. */
const USUAL_MS = 1500;

/**
 * Looks once, and again while what is seen may pass by itself; the last look counts. `passes`: whether it may, or within
 * how many milliseconds it has.
 */
export async function lookUntilSettled<T>(
  look: () => Promise<T>,
  passes: (seen: T) => boolean | number,
): Promise<T> {
  let seen = await look();
  for (let waitedMs = 0; waitedMs < limitOf(passes(seen)); waitedMs += AGAIN_AFTER_MS) {
    await sleep(AGAIN_AFTER_MS);
    seen = await look();
  }
  return seen;
}

function limitOf(passes: boolean | number): number {
  return typeof passes === 'number' ? passes : passes ? USUAL_MS : 0;
}
