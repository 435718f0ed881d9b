/** Every command that moves slots looks first whether there is room. */
import { describe, expect, type TestContext, test } from 'vitest';
import { TestCluster } from '../support/cluster.ts';
import { LoneNodes } from '../support/lone-nodes.ts';
import { folderFor, reshard, run } from '../support/moving.ts';
import { limitMemory, loadSlots } from '../support/room.ts';
import { anyServer } from '../support/servers.ts';
import { keysPerNode } from '../support/slot-keys.ts';

const MEGABYTE = 1024 * 1024;
const build = anyServer();

describe.concurrent('a target without room is refused, and nothing is moved', () => {
  /** The first node has about twelve megabytes, in all of its slots alike. */
  async function start(t: TestContext) {
    const cluster = await TestCluster.startFor(t, { build, replicasPerPrimary: 0 });
    const { ranges } = cluster.member(0).slots;
    const keys = await loadSlots(cluster, 0, {
      first: 0,
      last: ranges[0]?.last ?? 0,
      ofEach: 1,
      bytes: 2000,
    });
    return { cluster, keys };
  }

  async function expectRefused(cluster: TestCluster, keys: number, ended: Awaited<ReturnType<typeof run>>) {
    expect(ended.stdout + ended.stderr).toMatch(/has no room: .*--despite-findings/);
    expect(ended.code, ended.stderr).toBe(4);
    expect(await keysPerNode(cluster)).toEqual([keys, 0, 0]);
  }

  test('by rebalance, and by its old spelling', async t => {
    const { cluster, keys } = await start(t);
    for (const position of [1, 2]) await limitMemory(cluster.node(position), 'allkeys-lru', 2 * MEGABYTE);
    const weight = `${cluster.member(0).id}=0.1`;
    const modern = ['rebalance', cluster.entry, '--weight', weight, '--yes'];
    await expectRefused(cluster, keys, await run(t, modern));
    const classic = ['--cluster', 'rebalance', cluster.entry, '--cluster-weight', weight];
    await expectRefused(cluster, keys, await run(t, classic));
  });

  test('by del-node --drain, and the node stays', async t => {
    const { cluster, keys } = await start(t);
    for (const position of [1, 2]) await limitMemory(cluster.node(position), 'noeviction', 2 * MEGABYTE);
    const words = ['del-node', cluster.node(1).address, cluster.member(0).id, '--drain', '--yes'];
    await expectRefused(cluster, keys, await run(t, words));
    expect((await cluster.node(1).text('CLUSTER', 'NODES')).split('\n').filter(Boolean)).toHaveLength(3);
  });

  test('by add-node --rebalance, after the node has joined', async t => {
    const { cluster, keys } = await start(t);
    const lone = await LoneNodes.startFor(t, { build, count: 1, hosts: ['127.0.0.4'] });
    await limitMemory(lone.node(0), 'volatile-ttl', MEGABYTE);
    const [address = ''] = lone.addresses;
    const ended = await run(t, ['add-node', address, cluster.entry, '--rebalance', '--yes']);
    await expectRefused(cluster, keys, ended);
  });

  test('by apply, which goes on when there is room', async t => {
    const { cluster, keys } = await start(t);
    const cwd = folderFor(t);
    const last = cluster.member(0).slots.ranges[0]?.last ?? 0;
    await run(t, [...reshard(cluster, `0-${last}`, 1), '--plan-out', 'plan'], { cwd });
    const apply = () => run(t, ['apply', 'plan', '--yes', cluster.entry], { cwd });
    await limitMemory(cluster.node(1), 'allkeys-random', 2 * MEGABYTE);
    await expectRefused(cluster, keys, await apply());
    await limitMemory(cluster.node(1), 'allkeys-random', 30 * MEGABYTE);
    const applied = await apply();
    expect(applied.code, applied.stderr).toBe(0);
    expect(await keysPerNode(cluster)).toEqual([0, keys, 0]);
  });
});
