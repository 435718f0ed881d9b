/** Keys that `fix` would send to nodes which have no room, begin to evict, or come back empty. */
import { describe, expect, type TestContext, test } from 'vitest';
import { TestCluster } from '../support/cluster.ts';
import { openMarks, run } from '../support/moving.ts';
import { evictedKeys, limitMemory, loadSlots } from '../support/room.ts';
import { serversUnderTest } from '../support/servers.ts';
import { keysPerNode } from '../support/slot-keys.ts';

const MEGABYTE = 1024 * 1024;
const builds = serversUnderTest().filter(({ name }) => /^(redis-7|redis-8.6|valkey-9)/.test(name));

async function total(cluster: TestCluster): Promise<number> {
  return (await keysPerNode(cluster)).reduce((sum, keys) => sum + keys, 0);
}

describe.concurrent.each(builds)('$name', build => {
  /** Somebody has begun to move twelve megabytes in fifty slots from the first node to the second, and no key has gone. */
  async function halfMoved(t: TestContext) {
    const cluster = await TestCluster.startFor(t, { build, replicasPerPrimary: 0 });
    const keys = await loadSlots(cluster, 0, { first: 0, last: 49, ofEach: 100, bytes: 2000 });
    const [source, target] = [cluster.node(0), cluster.node(1)];
    for (let slot = 0; slot < 50; slot++) {
      await target.send('CLUSTER', 'SETSLOT', `${slot}`, 'IMPORTING', cluster.member(0).id);
      await source.send('CLUSTER', 'SETSLOT', `${slot}`, 'MIGRATING', cluster.member(1).id);
    }
    return { cluster, keys, source, target };
  }

  test.for(['allkeys-lru', 'noeviction'])(
    '%s: a half-moved slot stays open where its keys have no room',
    async (policy, t) => {
      const { cluster, keys, target } = await halfMoved(t);
      await limitMemory(target, policy, 6 * MEGABYTE);
      const refused = await run(t, ['fix', cluster.entry, '--yes']);
      expect(refused.stdout).toContain('do not fit within the maxmemory');
      expect(refused.code).toBe(1);
      expect(await keysPerNode(cluster)).toEqual([keys, 0, 0]);
      await limitMemory(target, policy, 30 * MEGABYTE);
      const fixed = await run(t, ['fix', cluster.entry, '--yes']);
      expect(fixed.code, fixed.stderr).toBe(0);
      expect(await total(cluster)).toBe(keys);
      expect(await openMarks(cluster)).toEqual([]);
    },
  );

  test('a target that begins to evict is sent no more, and no other round is tried', async t => {
    const { cluster, keys, target } = await halfMoved(t);
    let limiting: Promise<void> | undefined;
    const { code, stderr } = await run(t, ['fix', cluster.entry, '--yes'], {
      when: {
        text: /> MIGRATE /g,
        times: 10,
        act: child => {
          child.kill('SIGSTOP');
          limiting = limitMemory(target, 'allkeys-lru', 0).finally(() => void child.kill('SIGCONT'));
        },
      },
    });
    await limiting;
    const evicted = await evictedKeys(target);
    expect(await total(cluster)).toBe(keys - evicted);
    expect(code, stderr).toBe(1);
    expect(stderr).toMatch(/CONFIG SET maxmemory/);
    expect(stderr.includes('evicted'), stderr).toBe(evicted > 0);
  });

  test('an end that comes back empty: what is missing is counted, and the end is 1', async t => {
    const { cluster, keys, target } = await halfMoved(t);
    let restarting: Promise<unknown> | undefined;
    const { code, stderr } = await run(t, ['fix', cluster.entry, '--yes'], {
      when: {
        text: /> MIGRATE /g,
        times: 10,
        act: child => {
          child.kill('SIGSTOP');
          restarting = target.restart().finally(() => void child.kill('SIGCONT'));
        },
      },
    });
    await restarting;
    const missing = keys - (await total(cluster));
    expect(missing).toBeGreaterThan(0);
    expect(stderr).toContain(`${missing} are missing`);
    expect(code, stderr).toBe(1);
  });
});
