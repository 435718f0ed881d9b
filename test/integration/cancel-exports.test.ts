/** Exports of Valkey that are called off at any moment, while somebody writes: what was acknowledged is there. */
import { describe, expect, test } from 'vitest';
import { cancelExports } from '../../src/live/move/atomic/cancel-exports.ts';
import { exportSlots, isGranted, migrationJobs } from '../../src/resp/commands/atomic-migration.ts';
import { ServerRefusalError } from '../../src/resp/errors.ts';
import { Fleet, type Lane } from '../../src/resp/fleet.ts';
import { SlotSet } from '../../src/topology/slot-set.ts';
import { TestCluster } from '../support/cluster.ts';
import { until } from '../support/poll.ts';
import { installedServers } from '../support/servers.ts';
import { keyIn } from '../support/slot-keys.ts';

const builds = installedServers().filter(({ name }) => name === 'valkey-9.1');
const ROUNDS = 12;

/** The phases that the export is asked in, and what comes of calling it off in each. */
async function callOffIn(line: Lane, phase: string): Promise<string> {
  for (;;) {
    const job = (await line.send(migrationJobs())).at(0);
    if (job?.state !== 'under-way') return 'over';
    if (job.phase !== phase && !isGranted(job)) continue;
    return cancelExports(line).catch(error => {
      if (error instanceof ServerRefusalError) return 'over';
      throw error;
    });
  }
}

describe.each(builds)('$name', build => {
  test('one that has been granted its slots goes on; any other ends, and nothing is lost', async t => {
    const cluster = await TestCluster.startFor(t, { build, replicasPerPrimary: 0, nodeTimeoutMs: 5000 });
    const key = keyIn(5, 'counter');
    const slots = SlotSet.of(...Array.from({ length: 11 }, (_, slot) => slot));
    let [from, to] = [0, 1];
    await cluster.node(from).send('SET', key, '0');
    for (let round = 0; round < ROUNDS; round++) {
      const { host, port } = cluster.node(from).setup;
      const fleet = new Fleet({
        entry: { kind: 'tcp', host, port },
        connectTimeoutMs: 3000,
        replyTimeoutMs: 5000,
      });
      const line = fleet.lane({ host, port });
      const told: number[] = [];
      let isOver = false;
      const source = cluster.node(from);
      const writing = (async () => {
        while (!isOver) {
          const count = await source.send('INCR', key).catch(() => undefined);
          if (typeof count !== 'number') return;
          told.push(count);
        }
      })();
      const begun = cluster.member(to).id;
      await line.send(exportSlots(slots, begun));
      await callOffIn(line, round % 2 === 0 ? 'failover-granted' : 'failover-paused');
      const ends = () => line.send(migrationJobs()).then(jobs => jobs.at(0)?.state);
      await until('the export is over', async () => (await ends()) !== 'under-way');
      const goesOn = (await ends()) === 'done';
      isOver = true;
      await writing;
      fleet.close();
      if (goesOn) [from, to] = [to, from];
      const owner = cluster.node(from);
      await until(
        'its owner answers for it',
        async () => !(await owner.text('GET', key).catch(String)).includes('Error'),
      );
      expect(Number(await owner.text('GET', key))).toBeGreaterThanOrEqual(told.at(-1) ?? 0);
    }
  });
});
