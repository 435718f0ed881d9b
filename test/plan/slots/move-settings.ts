/** Ways to move slots: whatever the options take. */
import fc from 'fast-check';
import { type Manner, setsOwnPace } from '../../../src/plan/slots/move-settings.ts';

const count = fc.integer({ min: 1, max: 999_999_999 });

export const anyManner: fc.Arbitrary<Manner> = fc
  .record({
    mover: fc.constantFrom('auto' as const, 'atomic' as const, 'migrate' as const),
    parallel: count,
    limits: fc.record({
      firstBatch: count,
      maxBlockMs: count,
      window: count,
      timeoutMs: count,
      replace: fc.boolean(),
      allowBlocking: fc.boolean(),
      waitReplicas: fc.oneof(fc.constant(0), count, fc.constant(999_999_999_999_999)),
    }),
    paceLimits: fc.record(
      { maxKeysPerSecond: count, maxBytesPerSecond: count, pauseAboveMs: count },
      { requiredKeys: [] },
    ),
    patience: fc.record({
      joinTimeoutMs: fc.integer({ min: 1, max: 86_400 }).map(seconds => seconds * 1000),
      waitCopies: fc.boolean(),
    }),
  })
  .filter(manner => manner.mover !== 'atomic' || !setsOwnPace(manner));
