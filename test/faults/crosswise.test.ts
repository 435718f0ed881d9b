/** Two servers that send each other keys by MIGRATE stand still, both, until the time of one is up. */
import { expect, test, vi } from 'vitest';
import { fixBothWays } from './fix-scenarios.ts';
import { runWithFault } from './run-with-fault.ts';

vi.mock('node:timers/promises', async () => (await import('../support/simulated/clock.ts')).simulatedTimers);

const SLOTS = 10;

test.each([0, 1, 2])('what fix finishes and what it takes back wait for each other, seed %d', async seed => {
  const scenario = fixBothWays(SLOTS);
  /** Who sent keys, in this order; once for all that it sent in a row. */
  const turns: string[] = [];
  const watched = {
    ...scenario,
    prepare: async () => {
      const job = await scenario.prepare(seed);
      const answer = job.cluster.run.bind(job.cluster);
      vi.spyOn(job.cluster, 'run').mockImplementation((node, session, words) => {
        if (words[0] === 'MIGRATE' && turns.at(-1) !== node.address) turns.push(node.address);
        return answer(node, session, words);
      });
      return job;
    },
  };
  const { losses, left } = await runWithFault(watched, seed);
  expect({ losses, left }).toEqual({ losses: [], left: [] });
  expect(turns).toHaveLength(2);
});
