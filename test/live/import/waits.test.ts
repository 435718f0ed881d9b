/** Waits of an import end when somebody wants an end; how, depends on what comes after them. */
import { expect, test } from 'vitest';
import { wait, waitUnlessStopping } from '../../../src/live/import/waits.ts';
import { InterruptedError } from '../../../src/resp/errors.ts';

/** Longer than a test may take: what returns has been ended. */
const LONG_MS = 3_600_000;

function interruptions() {
  const [soon, atOnce] = [new AbortController(), new AbortController()];
  return { soon, atOnce, both: { soon: soon.signal, atOnce: atOnce.signal } };
}

test('what is under way is waited for, also when nothing new is to be begun', async () => {
  const { soon, both } = interruptions();
  soon.abort();
  await expect(wait(1, both)).resolves.toBeUndefined();
});

test('everything ends at once', async () => {
  const { atOnce, both } = interruptions();
  const waits = [wait(LONG_MS, both), waitUnlessStopping(LONG_MS, both)];
  atOnce.abort();
  for (const ended of await Promise.allSettled(waits))
    expect(ended).toMatchObject({ status: 'rejected', reason: expect.any(InterruptedError) });
});

test('before something new is begun nobody waits any more, and it is no error', async () => {
  const { soon, both } = interruptions();
  const waiting = waitUnlessStopping(LONG_MS, both);
  soon.abort();
  await expect(waiting).resolves.toBeUndefined();
});
