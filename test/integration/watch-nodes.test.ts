/** The watch over nodes that keys are sent to, on servers that evict, fill up, go away and come back. */
import { describe, expect, type TestContext, test } from 'vitest';
import { inspect } from '../../src/live/look/inspect.ts';
import { NodeWatch } from '../../src/live/watch/nodes.ts';
import { Fleet } from '../../src/resp/fleet.ts';
import { TestCluster } from '../support/cluster.ts';
import { until } from '../support/poll.ts';
import { serversUnderTest } from '../support/servers.ts';
import { keyIn } from '../support/slot-keys.ts';

const TIMEOUTS = { connectTimeoutMs: 5000, replyTimeoutMs: 5000 };

describe.concurrent.each(serversUnderTest())('$name', build => {
  async function start(t: TestContext, mayEvict = false) {
    const cluster = await TestCluster.startFor(t, { build, replicasPerPrimary: 0 });
    const { host, port } = cluster.member(0);
    const fleet = new Fleet({ entry: { kind: 'tcp', host, port }, ...TIMEOUTS });
    t.onTestFinished(() => fleet.close());
    const watch = new NodeWatch(fleet, await inspect(fleet), { mayEvict });
    const [source, target] = [cluster.member(1).id, cluster.member(2).id];
    const guard = await watch.over({ sources: [source], targets: [target] });
    t.onTestFinished(() => guard.end());
    return { cluster, guard, source, target };
  }

  /** So many bytes of keys that belong to the node at the position, by a client of its own. */
  async function fillNode(cluster: TestCluster, position: number, keys: number): Promise<void> {
    const [first = 0] = [...cluster.member(position).slots];
    const value = 'v'.repeat(10_000);
    for (let i = 0; i < keys; i++) await cluster.node(position).send('SET', keyIn(first, `k${i}`), value);
  }

  async function limit(cluster: TestCluster, position: number, policy: string, roomBytes: number) {
    const used = Number(/^used_memory:(\d+)/m.exec(await cluster.node(position).text('INFO', 'memory'))?.[1]);
    await cluster.node(position).send('CONFIG', 'SET', 'maxmemory-policy', policy);
    await cluster.node(position).send('CONFIG', 'SET', 'maxmemory', `${used + roomBytes}`);
  }

  test('a target that evicts raises an alarm, and a source that does so does not', async t => {
    const { cluster, guard, target } = await start(t);
    expect(guard.alarm).toBeUndefined();
    await limit(cluster, 1, 'allkeys-lru', 500_000);
    await fillNode(cluster, 1, 100);
    await guard.look();
    expect(guard.alarm).toBeUndefined();
    await limit(cluster, 2, 'allkeys-lru', 500_000);
    await fillNode(cluster, 2, 100);
    await until('it is heard of', () => guard.alarm !== undefined);
    const evicted = Number(/^evicted_keys:(\d+)/m.exec(await cluster.node(2).text('INFO', 'stats'))?.[1]);
    await guard.look();
    expect(guard.alarm).toEqual({ kind: 'evicted', node: target, keys: evicted });
  });

  test('a target that is about to refuse writes raises one', async t => {
    const { cluster, guard, target } = await start(t);
    await limit(cluster, 2, 'noeviction', 10_000);
    await until('it is heard of', () => guard.alarm !== undefined);
    expect(guard.alarm).toMatchObject({ kind: 'full', node: target });
  });

  test('whoever insists hears of restarts only', async t => {
    const { cluster, guard, source } = await start(t, true);
    await limit(cluster, 2, 'allkeys-lru', 500_000);
    await fillNode(cluster, 2, 100);
    await guard.look();
    expect(guard.alarm).toBeUndefined();
    await cluster.node(1).restart();
    await until('it is heard of', () => guard.alarm !== undefined);
    expect(guard.alarm).toMatchObject({ kind: 'restarted', node: source });
  });

  test('a node that is silent raises none, until it is back without its keys', async t => {
    const { cluster, guard, target } = await start(t);
    await cluster.node(2).kill();
    await guard.look();
    expect(guard.alarm).toBeUndefined();
    await cluster.node(2).start();
    await until('it is heard of', () => guard.alarm !== undefined);
    expect(guard.alarm).toEqual({ kind: 'restarted', node: target, keysBefore: 0, keysNow: 0 });
  });
});
