/** What failovers in the middle of a move leave: replicas that know nothing of it, and marks of one end only, or of none. */
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { slot } from '../../src/topology/slot-set.ts';
import { Router } from '../faults/real/router.ts';
import { nodesAccordingTo, TestCluster } from '../support/cluster.ts';
import { checked } from '../support/formed.ts';
import { MOVING, reshard, run } from '../support/moving.ts';
import { until } from '../support/poll.ts';
import { slotctl } from '../support/run-slotctl.ts';
import { EXPECTED, serversUnderTest } from '../support/servers.ts';
import { fillSlots, keyIn, keysPerNode, values } from '../support/slot-keys.ts';

/** An old primary that hears bit by bit that it has lost its slots becomes a replica all the same. */
const FOLLOWS = 'cluster-allow-replica-migration yes';

/** Its replica takes its place. */
async function lose(cluster: TestCluster, position: number): Promise<void> {
  const heir = cluster.member(position + 3);
  await cluster.node(position).kill();
  await until('the replica has taken over, and all know it', async () => {
    const views = await Promise.all(
      cluster.nodes.filter(node => node !== cluster.node(position)).map(nodesAccordingTo),
    );
    return views.every(nodes => nodes.some(({ id, role }) => id === heir.id && role === 'primary'));
  });
}

/** It comes back as a replica itself, and everybody has heard of it. */
async function comeBack(cluster: TestCluster, position: number): Promise<void> {
  const [lost, heir] = [cluster.node(position), cluster.node(position + 3)];
  const list = (node = heir) => node.text('CLUSTER', 'NODES');
  await lost.start();
  await until('the old one follows', async () => /myself,slave/.test(await list(lost)));
  const lists = () => Promise.all(cluster.nodes.map(list));
  await until(
    'nobody takes anybody for dead',
    async () => !(await lists()).some(text => /fail/.test(text.replaceAll('nofailover', ''))),
  );
}

/** Counts on, as clients do, whatever it is told; returns what it was told. */
async function counting(cluster: TestCluster, key: string, isOver: () => boolean): Promise<number[]> {
  const router = new Router({ addresses: cluster.nodes.map(({ address }) => address), replicas: 0 });
  const replies: number[] = [];
  try {
    while (!isOver()) {
      const outcome = await router.perform(5, ['INCR', key], 100);
      if (outcome.kind === 'done') replies.push(Number(outcome.reply));
      await sleep(1);
    }
    return replies;
  } finally {
    router.close();
  }
}

describe.concurrent.each(serversUnderTest().filter(({ name }) => EXPECTED.includes(name)))('$name', build => {
  test.for([
    { lost: [0], ends: 'its source', goesTo: 1, isDown: false },
    { lost: [1], ends: 'its target', goesTo: 4, isDown: true },
    // Redis has forgotten all of it.
    { lost: [0, 1], ends: 'both ends', goesTo: build.product === 'redis' ? 3 : 4, isDown: false },
  ])('a move of which $ends failed over: the keys come together', async ({ lost, goesTo, isDown }, t) => {
    const cluster = await TestCluster.startFor(t, {
      build,
      nodeTimeoutMs: 1500,
      config: ['cluster-replica-no-failover no', FOLLOWS],
    });
    const [source, target] = [cluster.member(0), cluster.member(1)];
    await fillSlots(cluster, 0, { first: 5, last: 6 }, 6);
    const counter = keyIn(5, 'counter');
    await cluster.node(0).send('SET', counter, '100');
    for (const open of ['5', '6']) {
      await cluster.node(1).send('CLUSTER', 'SETSLOT', open, 'IMPORTING', source.id);
      await cluster.node(0).send('CLUSTER', 'SETSLOT', open, 'MIGRATING', target.id);
    }
    const gone = [0, 1, 2].map(i => keyIn(5, `k${i}`));
    const words = ['MIGRATE', target.host, `${target.port}`, '', '0', '5000', 'KEYS', ...gone, counter];
    await cluster.node(0).send(...words);
    // By INFO: a replica of Redis 8.6 leaves keys that its primary does not own out of DBSIZE.
    await until('the replicas have heard of it', async () => {
      const [, , , first, second] = await keysPerNode(cluster);
      return first === 9 && second === 4;
    });
    for (const position of lost) {
      await lose(cluster, position);
      if (!isDown) await comeBack(cluster, position);
    }
    let isOver = false;
    // A source of Redis that has failed over answers for what has gone; an owner that still sends clients away does not.
    const counts = lost.length > 1 || lost[0] === 0 ? [] : counting(cluster, counter, () => isOver);
    const entry = cluster.node(2).address;
    const { code, stdout, stderr } = await slotctl(['fix', entry, '--yes']).finally(() => {
      isOver = true;
    });
    expect(code, `${stdout}${stderr}`).toBe(isDown ? (build.product === 'redis' ? 1 : 4) : 0);
    const told = await counts;
    expect(told).toEqual(told.map((_, i) => 101 + i));
    if (isDown) {
      // Valkey would have it take the slot over, without its keys, when it comes back: it was left open until then.
      for (const position of lost) await comeBack(cluster, position);
      expect((await slotctl(['fix', entry, '--yes'])).code).toBe(0);
    }
    // On Valkey a replica that copies its primary anew has the marks of the time at which that began, until it is through.
    await until('all is well', async () => (await checked(entry, '--search-multiple-owners')).healthy);
    const keys = [5, 6].flatMap(place => [0, 1, 2, 3, 4, 5].map(i => keyIn(place, `k${i}`)));
    expect(await values(cluster, keys)).toEqual(keys.map(() => 'value'));
    expect(await values(cluster, [counter])).toEqual([`${100 + told.length}`]);
    const owner = (await nodesAccordingTo(cluster.node(2))).find(
      node => node.role === 'primary' && node.slots.has(slot(5)),
    );
    expect(owner?.id).toBe(cluster.member(goesTo).id);
  });

  test.for([
    { end: 'source', heir: 3 },
    { end: 'target', heir: 4 },
  ])('a move whose $end gives way: no key is hidden, and fix goes on', async ({ heir }, t) => {
    const cluster = await TestCluster.startFor(t, { build, nodeTimeoutMs: 1500, config: [FOLLOWS] });
    const slots = { first: 0, last: 199 };
    await fillSlots(cluster, 0, slots, 30);
    const finely = ['--mover', 'migrate', '--window', '8', '--max-block-ms', '1'];
    const moved = await run(t, reshard(cluster, '0-199', 1, ...finely), {
      when: {
        text: MOVING,
        times: 10,
        act: () =>
          void cluster
            .node(heir)
            .send('CLUSTER', 'FAILOVER')
            .catch(() => {}),
      },
    });
    expect(moved.stderr).toContain('one of them has become a replica; slotctl fix goes on with them');
    expect(moved.code).toBe(1);
    // Whoever has a key answers, and whoever has not sends clients on; nobody says that there is none.
    const owner = cluster.node(heir === 3 ? 3 : 0);
    const keys = Array.from({ length: 200 }, (_, i) => [0, 29].map(n => keyIn(i, `k${n}`))).flat();
    const said = await Promise.all(
      keys.map(key => owner.text('GET', key).catch((error: Error) => error.message)),
    );
    expect(said.filter(text => text !== 'value' && !/ASK|MOVED/.test(text))).toEqual([]);
    const entry = cluster.node(2).address;
    await until('everybody knows of it', async () => {
      const views = await Promise.all(cluster.nodes.map(nodesAccordingTo));
      const old = cluster.member(heir - 3).id;
      return views.every(nodes => nodes.some(({ id, role }) => id === old && role === 'replica'));
    });
    const { code, stdout, stderr } = await slotctl(['fix', entry, '--yes']);
    expect(code, `${stdout}${stderr}`).toBe(0);
    expect(stderr).not.toContain('had two values');
    expect(await checked(entry, '--search-multiple-owners')).toEqual({ healthy: true, kinds: [] });
    expect(await values(cluster, keys)).toEqual(keys.map(() => 'value'));
  });
});
