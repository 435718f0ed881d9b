import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/end-leftovers.ts'],
    pool: 'forks',
    // Most of the time goes into waiting for servers, so a few more files than there are cores run side by side.
    maxWorkers: 4,
    // No test is about time: this only ends what would never end, also on a machine that has other things to do.
    testTimeout: 300_000,
    hookTimeout: 300_000,
  },
});
