/** Moves to nodes that have no room, evict, or come back empty: no key is missing where the end is 0. */
import { describe, expect, type TestContext, test } from 'vitest';
import { nodesAccordingTo, TestCluster } from '../support/cluster.ts';
import { folderFor, MOVING, reshard, run } from '../support/moving.ts';
import { until } from '../support/poll.ts';
import { evictedKeys, limitMemory, loadSlots } from '../support/room.ts';
import { slotctlProcess } from '../support/run-slotctl.ts';
import type { ServerProcess } from '../support/server-process.ts';
import { serversUnderTest } from '../support/servers.ts';
import { keyIn, keysPerNode } from '../support/slot-keys.ts';

const MEGABYTE = 1024 * 1024;
const POLICIES = ['allkeys-lru', 'allkeys-random', 'volatile-ttl', 'noeviction'];
/** About twelve megabytes. */
const LOAD = { first: 0, last: 99, ofEach: 50, bytes: 2000 };

interface Setup {
  readonly ttlSeconds?: number;
  readonly config?: readonly string[];
}

/** How many keys it is said to have evicted. */
function saidOf(node: ServerProcess, text: string): number {
  return Number(new RegExp(`${node.address} evicted (\\d+) key`).exec(text)?.[1] ?? 0);
}

async function total(cluster: TestCluster): Promise<number> {
  return (await keysPerNode(cluster)).reduce((sum, keys) => sum + keys, 0);
}

const builds = serversUnderTest().filter(({ name }) => /^(redis-7|redis-8.6|valkey-9)/.test(name));

describe.concurrent.each(builds)('$name', build => {
  const ways = /^(redis-8.6|valkey-9)/.test(build.name) ? ['atomic', 'migrate'] : ['migrate'];

  async function start(t: TestContext, { ttlSeconds, config = [] }: Setup = {}) {
    const cluster = await TestCluster.startFor(t, { build, replicasPerPrimary: 0, config });
    const keys = await loadSlots(cluster, 0, { ...LOAD, ...(ttlSeconds && { ttlSeconds }) });
    return { cluster, keys, target: cluster.node(1) };
  }

  const slowly = (mover: string) => [
    ...['--mover', mover],
    ...(mover === 'migrate' ? ['--max-keys-per-second', '2000', '--window', '4'] : []),
  ];

  test.for(POLICIES)('%s: what does not fit is refused, and fits with more memory', async (policy, t) => {
    const { cluster, keys, target } = await start(t, policy === 'volatile-ttl' ? { ttlSeconds: 10_000 } : {});
    await limitMemory(target, policy, 6 * MEGABYTE);
    const refused = await run(t, reshard(cluster, '0-99', 1));
    expect(refused.stderr).toMatch(
      new RegExp(`${target.address} has no room.*${policy}.*--despite-findings`),
    );
    expect(refused.code).toBe(4);
    expect(await keysPerNode(cluster)).toEqual([keys, 0, 0]);
    await limitMemory(target, policy, 20 * MEGABYTE);
    const moved = await run(t, reshard(cluster, '0-99', 1));
    expect(moved.stderr).toBe('');
    expect(moved.code).toBe(0);
    expect(await keysPerNode(cluster)).toEqual([0, keys, 0]);
  });

  test.for(ways)('%s, insisted on: what was evicted is counted, and the end is 1', async (mover, t) => {
    const { cluster, keys, target } = await start(t);
    await limitMemory(target, 'allkeys-lru', 6 * MEGABYTE);
    const forced = ['--mover', mover, '--despite-findings'];
    const { code, stderr } = await run(t, reshard(cluster, '0-99', 1, ...forced));
    const [said, evicted] = [saidOf(target, stderr), await evictedKeys(target)];
    expect(code, stderr).toBe(1);
    expect(await total(cluster)).toBe(keys - evicted);
    // Valkey’s own migration fails instead, and leaves the keys where they are.
    expect(said > 0, stderr).toBe(evicted > 0);
    if (mover === 'migrate') expect(evicted).toBeGreaterThan(0);
    // A server at its limit evicts for every client that comes, such as this test.
    expect(said).toBeLessThanOrEqual(evicted);
    expect(said).toBeGreaterThanOrEqual(evicted - 50);
  });

  test('a target that begins to evict is sent no more', async t => {
    const { cluster, keys, target } = await start(t);
    let limiting: Promise<void> | undefined;
    const { code, stderr } = await run(t, reshard(cluster, '0-99', 1, ...slowly('migrate')), {
      when: {
        text: MOVING,
        times: 5,
        act: () => {
          limiting = limitMemory(target, 'allkeys-lru', 0);
        },
      },
    });
    await limiting;
    const evicted = await evictedKeys(target);
    const [left = 0] = await keysPerNode(cluster);
    expect(left, stderr).toBeGreaterThan(keys / 2);
    expect(await total(cluster)).toBe(keys - evicted);
    expect(saidOf(target, stderr) > 0, stderr).toBe(evicted > 0);
    expect(stderr).toMatch(/CONFIG SET maxmemory[\s\S]*slotctl apply/);
    expect(code).toBe(1);
  });

  /** Killed and started again without its keys, while slotctl stands still at the words. */
  async function moveWhileRestarting(
    t: TestContext,
    { cluster, keys }: { cluster: TestCluster; keys: number },
    { node, at, how }: { node: ServerProcess; at: { text: RegExp; times: number }; how: readonly string[] },
  ) {
    let restarting: Promise<unknown> = Promise.resolve();
    const ended = await run(t, reshard(cluster, '0-99', 1, ...how), {
      when: {
        ...at,
        act: child => {
          child.kill('SIGSTOP');
          restarting = node.restart().finally(() => child.kill('SIGCONT'));
        },
      },
    });
    await restarting;
    return { ...ended, missing: keys - (await total(cluster)) };
  }

  const MIDST = {
    migrate: { at: { text: MOVING, times: 10 }, config: [] },
    atomic: { at: { text: MOVING, times: 1 }, config: ['rdb-key-save-delay 2000'] },
  };

  test.for(
    ways.flatMap(mover => [0, 1].map(position => ({ mover, position, end: ['source', 'target'][position] }))),
  )('$mover: the $end comes back empty, and no more keys are moved', async ({ mover, position, end }, t) => {
    const { at, config } = MIDST[mover === 'migrate' ? 'migrate' : 'atomic'];
    const started = await start(t, { config });
    const node = started.cluster.node(position);
    const { code, stderr, missing } = await moveWhileRestarting(t, started, { node, at, how: slowly(mover) });
    expect(stderr).toContain(`${node.address} was restarted`);
    expect(code, stderr).toBe(1);
    // The source keeps the keys of an atomic migration until its end.
    const isLoss = mover === 'migrate' || end === 'source';
    expect(missing > 0, stderr).toBe(isLoss);
    if (isLoss) expect(stderr).toContain(`${missing} are missing`);
    const [left = 0] = await keysPerNode(started.cluster);
    if (end === 'target') expect(left, stderr).toBeGreaterThan(started.keys / 2);
  });

  test('the target comes back empty after the last slot: every key is missing, and the end is 1', async t => {
    const { cluster, keys, target } = await start(t);
    let restarting: Promise<void> | undefined;
    // Another node that is slow to answer keeps the end waiting.
    const restart = async () => {
      cluster.node(2).signal('SIGSTOP');
      await until('the last slot has moved', async () => {
        const nodes = await nodesAccordingTo(target);
        return nodes.some(
          ({ id, ...node }) => id === cluster.member(1).id && 'slots' in node && node.slots.has(99),
        );
      });
      await target.restart();
      cluster.node(2).signal('SIGCONT');
    };
    const { code, stderr } = await run(t, reshard(cluster, '0-99', 1, ...slowly('migrate')), {
      when: {
        text: /> CLUSTER SETSLOT 99 MIGRATING/g,
        act: () => {
          restarting = restart();
        },
      },
    });
    await restarting;
    expect(await total(cluster)).toBe(0);
    expect(stderr).toContain(`${keys} are missing`);
    expect(code).toBe(1);
  });

  test('the target is away when losses are counted, and back, empty, for the last look: the end is 1', async t => {
    const { cluster, target } = await start(t);
    let [trace, asked] = ['', 0];
    let away: Promise<void> | undefined;
    // Another node that is slow to answer keeps the end waiting until the target is away.
    const leave = async () => {
      cluster.node(2).signal('SIGSTOP');
      await until('both ends know that the last slot has moved', async () => {
        const heard = await Promise.all([cluster.node(0), target].map(nodesAccordingTo));
        const owner = cluster.member(1).id;
        return heard.every(nodes =>
          nodes.some(node => node.id === owner && node.role === 'primary' && node.slots.has(99)),
        );
      });
      await target.kill();
      // Until it goes on, nobody is done with counting.
      cluster.node(0).signal('SIGSTOP');
      asked = trace.length;
      cluster.node(2).signal('SIGCONT');
      await until('the target was asked in vain', () => trace.slice(asked).includes(`${target.address} ! `));
      await target.start();
      cluster.node(0).signal('SIGCONT');
    };
    const words = [...reshard(cluster, '0-99', 1, ...slowly('migrate')), '--trace'];
    const { code } = await slotctlProcess(words, {
      cwd: folderFor(t),
      watch: (_, text) => {
        trace += text;
        if (/> CLUSTER SETSLOT 99 MIGRATING/.test(text)) away ??= leave();
      },
    });
    await away;
    expect(await total(cluster)).toBe(0);
    // Or its connection has broken once more, and it could not be asked.
    expect(trace).toMatch(
      new RegExp(`${target.address},? (was restarted while keys moved to it|could not be asked)`),
    );
    expect(code).toBe(1);
  });

  test('del-node --drain: what a target evicts while the node is being removed is told, and the end is 1', async t => {
    const { cluster } = await start(t);
    /** Whoever of the two others got the slots with keys in them. */
    const evict = async () => {
      const held = await keysPerNode(cluster);
      const [position, own] = held[1] ? [1, 6000] : [2, 12_000];
      const node = cluster.node(position);
      await limitMemory(node, 'allkeys-lru', 0);
      let written = 0;
      await until('it has evicted', async () => {
        await node.send('SET', keyIn(own, `more ${written++}`), 'v'.repeat(LOAD.bytes));
        return (await evictedKeys(node)) > 0;
      });
      return node;
    };
    let evicting: Promise<ServerProcess> | undefined;
    const words = ['del-node', cluster.node(2).address, cluster.member(0).id, '--drain', '--yes'];
    const { code, stderr } = await run(t, words, {
      when: {
        text: /> CLUSTER FORGET/g,
        act: child => {
          child.kill('SIGSTOP');
          evicting = evict().finally(() => void child.kill('SIGCONT'));
        },
      },
    });
    const node = await evicting;
    if (!node) throw new Error('the node was never removed');
    expect(saidOf(node, stderr), stderr).toBeGreaterThan(0);
    expect(saidOf(node, stderr)).toBeLessThanOrEqual(await evictedKeys(node));
    expect(code, stderr).toBe(1);
  });

  test.for([0, 1])(
    'node %i is lost, its replica takes its place, and it is back: no key is said to be missing',
    async (position, t) => {
      const cluster = await TestCluster.startFor(t, { build, primaries: 3, replicasPerPrimary: 1 });
      const keys = await loadSlots(cluster, 0, LOAD);
      const [lost, heir] = [cluster.node(position), cluster.node(position + 3)];
      let replacing: Promise<void> | undefined;
      const replace = async () => {
        await until('the replica has what has gone', async () => {
          const offsets = await Promise.all(
            [lost, heir].map(
              async node =>
                /^(?:master|slave)_repl_offset:(\d+)/m.exec(await node.text('INFO', 'replication'))?.[1],
            ),
          );
          return new Set(offsets).size === 1;
        });
        await lost.kill();
        await heir.send('CLUSTER', 'FAILOVER', 'TAKEOVER');
        await until('it is a primary', async () => (await heir.text('ROLE')).startsWith('master'));
        await lost.start();
        await until('the lost one is its replica', async () =>
          (await lost.text('INFO', 'replication')).includes('master_link_status:up'),
        );
      };
      const { code, stderr } = await run(t, reshard(cluster, '0-99', 1, ...slowly('migrate')), {
        when: {
          text: MOVING,
          times: 10,
          act: child => {
            child.kill('SIGSTOP');
            replacing = replace().finally(() => void child.kill('SIGCONT'));
          },
        },
      });
      await replacing;
      const primaries = await Promise.all(
        cluster.nodes.map(async node =>
          (await node.text('ROLE')).startsWith('master') ? Number(await node.send('DBSIZE')) : 0,
        ),
      );
      expect(
        primaries.reduce((sum, some) => sum + some, 0),
        stderr,
      ).toBe(keys);
      expect(stderr).not.toMatch(/(is|are) missing/);
      expect(code, stderr).toBe(1);
    },
  );
});
