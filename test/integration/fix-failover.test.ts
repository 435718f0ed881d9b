/** What failovers in the middle of a move leave: replicas that know nothing of it, and marks of one end only, or of none. */
import { describe, expect, test } from 'vitest';
import { TestCluster } from '../support/cluster.ts';
import { checked } from '../support/formed.ts';
import { until } from '../support/poll.ts';
import { slotctl } from '../support/run-slotctl.ts';
import { EXPECTED, serversUnderTest } from '../support/servers.ts';
import { fillSlots, keyIn, keysPerNode, values } from '../support/slot-keys.ts';

/** Its replica takes its place, it comes back as a replica itself, and everybody has heard of it. */
async function failOver(cluster: TestCluster, position: number): Promise<void> {
  const [lost, heir] = [cluster.node(position), cluster.node(position + 3)];
  await lost.kill();
  const list = (node = heir) => node.text('CLUSTER', 'NODES');
  await until('the replica has taken over', async () => /myself,master/.test(await list()));
  await lost.start();
  await until('the old one follows', async () => /myself,slave/.test(await list(lost)));
  const lists = () => Promise.all(cluster.nodes.map(list));
  await until(
    'nobody takes anybody for dead',
    async () => !(await lists()).some(text => /fail/.test(text.replaceAll('nofailover', ''))),
  );
}

describe.concurrent.each(serversUnderTest().filter(({ name }) => EXPECTED.includes(name)))('$name', build => {
  test.for([
    { lost: [0], ends: 'its source' },
    { lost: [0, 1], ends: 'both ends' },
  ])('a move of which $ends failed over: the keys come together', async ({ lost }, t) => {
    const cluster = await TestCluster.startFor(t, {
      build,
      nodeTimeoutMs: 1500,
      config: ['cluster-replica-no-failover no'],
    });
    const [source, target] = [cluster.member(0), cluster.member(1)];
    await fillSlots(cluster, 0, { first: 5, last: 6 }, 6);
    for (const slot of ['5', '6']) {
      await cluster.node(1).send('CLUSTER', 'SETSLOT', slot, 'IMPORTING', source.id);
      await cluster.node(0).send('CLUSTER', 'SETSLOT', slot, 'MIGRATING', target.id);
    }
    const gone = [0, 1, 2].map(i => keyIn(5, `k${i}`));
    await cluster.node(0).send('MIGRATE', target.host, `${target.port}`, '', '0', '5000', 'KEYS', ...gone);
    // By INFO: a replica of Redis 8.6 leaves keys that its primary does not own out of DBSIZE.
    await until('the replicas have heard of it', async () => {
      const [, , , first, second] = await keysPerNode(cluster);
      return first === 9 && second === 3;
    });
    for (const position of lost) await failOver(cluster, position);
    const entry = cluster.node(2).address;
    const { code, stdout, stderr } = await slotctl(['fix', entry, '--yes']);
    expect(code, `${stdout}${stderr}`).toBe(0);
    expect(await checked(entry, '--search-multiple-owners')).toEqual({ healthy: true, kinds: [] });
    const keys = [5, 6].flatMap(slot => [0, 1, 2, 3, 4, 5].map(i => keyIn(slot, `k${i}`)));
    expect(await values(cluster, keys)).toEqual(keys.map(() => 'value'));
  });
});
