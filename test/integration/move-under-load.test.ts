/** Slots move beside a real client that writes and reads all the time: it sees no wrong value, and loses nothing. */
import { describe, expect, test } from 'vitest';
import { ClientLoad } from '../support/client-load.ts';
import { TestCluster } from '../support/cluster.ts';
import { checked } from '../support/formed.ts';
import { slotctl } from '../support/run-slotctl.ts';
import { serversUnderTest } from '../support/servers.ts';

/** Those that differ in how slots are moved. */
const WAYS = [
  ['redis-7.0', 'migrate'],
  ['redis-8.6', 'migrate'],
  ['redis-8.6', 'auto'],
  ['valkey-9.1', 'migrate'],
  ['valkey-9.1', 'auto'],
].flatMap(([name, mover = '']) =>
  serversUnderTest()
    .filter(build => build.name === name)
    .map(build => ({ name, mover, build })),
);

describe.concurrent('beside a client that changes its keys and makes new ones', () => {
  test.each(WAYS)('reshard and rebalance on $name by $mover', async ({ build, mover }) => {
    const cluster = await TestCluster.start({ build, replicasPerPrimary: 0 });
    try {
      const load = await ClientLoad.startOn(cluster);
      const [a = '', b = ''] = cluster.members.map(member => member.id);
      const words = ['--cluster-from', a, '--cluster-to', b, '--cluster-slots', '2500'];
      const moved = await slotctl(['reshard', cluster.entry, '--mover', mover, '--yes', ...words]);
      const evened = await slotctl(['rebalance', cluster.entry, '--mover', mover, '--yes']);
      const writes = await load.stop();
      expect(load.wrong).toEqual([]);
      expect(load.errors).toEqual([]);
      expect(moved).toMatchObject({ code: 0, stderr: '' });
      expect(evened).toMatchObject({ code: 0, stderr: '' });
      expect(writes).toBeGreaterThan(100);
      expect(await checked(cluster.entry)).toMatchObject({ healthy: true });
    } finally {
      await cluster.dispose();
    }
  });
});
