/** Replies that are lost when all slots have moved: how things are in the end decides how the move has ended. */
import { describe, expect, type TestContext, test } from 'vitest';
import { nodesAccordingTo, TestCluster } from '../support/cluster.ts';
import { openMarks, ownersOf, run } from '../support/moving.ts';
import { until } from '../support/poll.ts';
import { serversUnderTest } from '../support/servers.ts';
import { fillSlots, keysPerNode } from '../support/slot-keys.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';

const builds = serversUnderTest().filter(({ name }) => /^(redis-7|redis-8.6|valkey-9)/.test(name));

describe.concurrent.each(builds)('$name', build => {
  /** We reach source and target through proxies, and they each other without. */
  async function start(t: TestContext) {
    const cluster = await TestCluster.startFor(t, { build, replicasPerPrimary: 0 });
    const keys = await fillSlots(cluster, 0, { first: 0, last: 9 }, 20);
    const proxies = await Promise.all([0, 1].map(i => TcpProxy.open(cluster.member(i))));
    for (const proxy of proxies) t.onTestFinished(() => proxy.close());
    const map = proxies.map((proxy, i) => `${cluster.node(i).address}=127.0.0.1:${proxy.port}`).join(',');
    const words = ['--slots', '0-9', '--cluster-to', cluster.member(1).id, '--yes', '--mover', 'migrate'];
    const command = ['reshard', `127.0.0.1:${proxies[0]?.port}`, ...words, '--address-map', map];
    return { cluster, keys, proxies, command };
  }

  async function expectAllMoved(cluster: TestCluster, keys: number, ended: Awaited<ReturnType<typeof run>>) {
    expect(await keysPerNode(cluster)).toEqual([0, keys, 0]);
    await until('the nodes agree', async () => new Set(await ownersOf(cluster, 9)).size === 1);
    expect(await openMarks(cluster), ended.stderr).toEqual([]);
    expect(ended.stderr).not.toMatch(/\[ERR\]|Not everything/);
    expect(ended.stdout).toContain('[OK] The slots have moved');
    expect(ended.code, ended.stderr).toBe(0);
  }

  test('the reply of the target to the last hand-over: a warning, and 0', async t => {
    const { cluster, keys, proxies, command } = await start(t);
    const proxy = proxies[1];
    let cutting: Promise<void> | undefined;
    const ended = await run(t, command, {
      when: {
        text: /> CLUSTER SETSLOT 9 MIGRATING/g,
        act: () => {
          // What it says is on its way for so long that it can be lost once it has done as it was told.
          if (proxy) proxy.delayMs = 1500;
          cutting = until('it has done so', async () => {
            const owner = (await nodesAccordingTo(cluster.node(1))).find(
              ({ id }) => id === cluster.member(1).id,
            );
            return owner?.role === 'primary' && owner.slots.has(9);
          }).then(() => {
            if (proxy) proxy.delayMs = 0;
            proxy?.cut();
          });
        },
      },
    });
    await cutting;
    expect(ended.stderr).toContain('[WARNING]');
    await expectAllMoved(cluster, keys, ended);
  });

  test('the reply of the source to the last hand-over: a warning, and 0', async t => {
    const { cluster, keys, proxies, command } = await start(t);
    const proxy = proxies[0];
    // So that there is time between the command and its reply.
    if (proxy) proxy.delayMs = 200;
    const ended = await run(t, command, {
      when: {
        text: /> CLUSTER SETSLOT 9 NODE/g,
        times: 2,
        act: () => {
          if (proxy) proxy.delayMs = 0;
          proxy?.cut();
        },
      },
    });
    expect(ended.stderr).toContain('[WARNING]');
    await expectAllMoved(cluster, keys, ended);
  });

  test.for([0, 1])(
    'a reply of node %i while the nodes come to agree: a warning, and 0',
    async (position, t) => {
      const { cluster, keys, proxies, command } = await start(t);
      const proxy = proxies[position];
      if (!proxy) throw new Error('there is a proxy for each end');
      let listening: Promise<void> | undefined;
      const ended = await run(t, [...command, '--reply-timeout', '1'], {
        when: {
          text: /Waiting until every node knows|> CLUSTER SETSLOT 9 NODE/g,
          times: 3,
          act: () => {
            const before = proxy.connections;
            proxy.isMute = true;
            listening = until('it is asked on another connection', () => proxy.connections > before).then(
              () => {
                proxy.isMute = false;
              },
            );
          },
        },
      });
      await listening;
      expect(ended.stderr).toMatch(/\[WARNING\].*no reply/);
      await expectAllMoved(cluster, keys, ended);
    },
  );

  // Redis 8.4 and later do not tell what they have in slots that they gave away, and are not asked.
  if (build.name === 'redis-8.6') return;

  test('a source that comes back empty while it is asked what it has left: its keys are missed', async t => {
    const { cluster, proxies, command } = await start(t);
    await fillSlots(cluster, 0, { first: 10, last: 19 }, 20);
    const [proxy] = proxies;
    const gaveAll = /SETSLOT\r\n\$1\r\n9\r\n\$4\r\nNODE/;
    const restarting = proxy?.muteAt(gaveAll, /COUNTKEYSINSLOT\r\n\$1\r\n9\r\n/).then(async () => {
      await cluster.node(0).restart();
      proxy.isMute = false;
      proxy.cut();
    });
    const ended = await run(t, command);
    await restarting;
    expect(ended.stderr).toMatch(/\[ERR\] .* was restarted while keys moved from it/);
    expect(ended.code).toBe(1);
  });
});
