import { defineConfig } from 'vitest/config';

/** These replace a module for themselves, or see what is the process's own: the list of secrets, the environment. */
const NEED_A_PROCESS = [
  'test/faults/crosswise.test.ts',
  'test/faults/every-command.test.ts',
  'test/report/text/fix-commands.test.ts',
  'test/resp/commands/import.test.ts',
];

export default defineConfig({
  test: {
    globalSetup: ['test/support/end-leftovers.ts', 'test/support/find-servers.ts'],
    pool: 'forks',
    // Most of the time goes into waiting for servers, so a few more files than there are cores run side by side.
    maxWorkers: 4,
    projects: [
      { extends: true, test: { name: 'alone', include: NEED_A_PROCESS } },
      // Files take turns in one process: to load everything again for each of them took a quarter of the processor time.
      {
        extends: true,
        test: { name: 'tests', include: ['test/**/*.test.ts'], exclude: NEED_A_PROCESS, isolate: false },
      },
    ],
    // No test is about time: this only ends what would never end, also on a machine that has other things to do.
    testTimeout: 300_000,
    hookTimeout: 300_000,
  },
});
