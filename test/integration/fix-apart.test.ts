/**
 * What servers put right by themselves within moments is still there where messages do not pass: while a node is cut off and
 * nobody has noticed yet. The messages pass again when `fix` has begun to do something about it, and not before.
 */
import { describe, expect, type TestContext, test } from 'vitest';
import { BusProxies } from '../support/bus-proxies.ts';
import { nodesAccordingTo, TestCluster } from '../support/cluster.ts';
import { Damage } from '../support/damage.ts';
import { checked } from '../support/formed.ts';
import { LoneNodes } from '../support/lone-nodes.ts';
import { until } from '../support/poll.ts';
import { freePort } from '../support/ports.ts';
import { slotctl } from '../support/run-slotctl.ts';
import type { ServerProcess } from '../support/server-process.ts';
import { EXPECTED, type ServerBuild, serversUnderTest } from '../support/servers.ts';
import { values } from '../support/slot-keys.ts';

/** Nobody is taken for dead while a test lasts. */
const nodeTimeoutMs = 60_000;

/** A cluster of which the first node can be cut off, and what `fix` does about that which it has not heard. */
async function startParted(t: TestContext, build: ServerBuild, primaries: number) {
  const proxies = new BusProxies();
  t.onTestFinished(() => proxies.close());
  const { announcedBusPort } = proxies;
  const shape = { build, primaries, replicasPerPrimary: 0, nodeTimeoutMs };
  const cluster = await TestCluster.startFor(t, { ...shape, announcedBusPort });
  const entry = cluster.node(1).address;
  const part = () => proxies.isolate(cluster.node(0).setup.host);
  const mended = async (situations: readonly number[], when: RegExp) => {
    const explained = await slotctl(['explain', entry]);
    for (const number of situations) expect(explained.stdout).toContain(`Situation ${number}:`);
    expect(explained.code).toBe(1);
    const watch = (text: string) => {
      if (when.test(text)) proxies.heal();
    };
    const { code, stdout, stderr } = await slotctl(['fix', entry, '--yes', '--trace'], { watch });
    expect(code, `${stdout}${stderr}`).toBe(0);
    expect(await checked(entry, '--search-multiple-owners')).toMatchObject({ healthy: true });
  };
  return { cluster, proxies, part, mended };
}

describe.concurrent.each(serversUnderTest())('$name', build => {
  test('two owners, each with keys: those of the older claim go to the newer', async t => {
    const { cluster, part, mended } = await startParted(t, build, 2);
    const damage = new Damage(cluster);
    const rival = cluster.node(1);

    const claimed = damage.spot(0);
    await damage.write(0, claimed.key('a'), '1');
    part();
    await rival.send('CLUSTER', 'DELSLOTS', claimed.slot);
    await rival.send('CLUSTER', 'ADDSLOTS', claimed.slot);
    await rival.send('CLUSTER', 'BUMPEPOCH');
    await damage.write(1, claimed.key('b'), '2');
    await mended([8], /> CLUSTER SETSLOT \d+ NODE/);

    expect(await values(cluster, [claimed.key('a'), claimed.key('b')])).toEqual(['1', '2']);
  });

  test.skipIf(!EXPECTED.includes(build.name))(
    'epochs, slots, nodes and roles that one node has not heard of',
    async t => {
      const { cluster, proxies, part, mended } = await startParted(t, build, 3);
      const damage = new Damage(cluster);
      const [apart, rival, third] = [cluster.node(0), cluster.node(1), cluster.node(2)];

      // Each takes the next epoch after the third one's, as in two failovers at the same time.
      part();
      for (const node of [apart, rival]) await node.send('CLUSTER', 'BUMPEPOCH');
      expect(await epochOf(apart)).toBe(await epochOf(rival));
      await mended([15], /> CLUSTER BUMPEPOCH/);

      const moved = damage.spot(2);
      part();
      for (const node of [third, rival])
        await node.send('CLUSTER', 'SETSLOT', moved.slot, 'NODE', cluster.member(1).id);
      await damage.write(1, moved.key('a'), '3');
      await mended([9], /> CLUSTER SETSLOT \d+ NODE/);

      const [stranger, follower] = await strangers(t, build, proxies);
      part();
      for (const node of [stranger, follower]) await meet(rival, node);
      await until('they have met', async () => {
        const lists = await Promise.all([rival, third, stranger, follower].map(nodesAccordingTo));
        return lists.every(
          nodes => nodes.filter(({ linked, role }) => linked && role === 'primary').length >= 4,
        );
      });
      await mended([16], /> CLUSTER MEET/);

      part();
      const strangerId = await stranger.text('CLUSTER', 'MYID');
      await follower.send('CLUSTER', 'REPLICATE', strangerId);
      await until('the others have heard of it', async () => {
        const lists = await Promise.all([rival, third].map(nodesAccordingTo));
        return lists.every(nodes => nodes.some(({ role }) => role === 'replica'));
      });
      await mended([17], /> CLUSTER MEET/);

      part();
      for (const node of [rival, third]) await node.send('CLUSTER', 'FORGET', strangerId);
      await stranger.send('CLUSTER', 'RESET', 'HARD');
      // Its replica gets another primary first.
      await mended([18], /> CLUSTER FORGET/);

      expect(await values(cluster, [moved.key('a')])).toEqual(['3']);
    },
  );
});

async function epochOf(node: ServerProcess): Promise<number> {
  return Number(/cluster_my_epoch:(\d+)/.exec(await node.text('CLUSTER', 'INFO'))?.[1]);
}

async function meet(node: ServerProcess, other: ServerProcess): Promise<void> {
  const [, busPort = ''] = /@(\d+)/.exec(await other.text('CLUSTER', 'NODES')) ?? [];
  await node.send('CLUSTER', 'MEET', other.setup.host, `${other.setup.port}`, busPort);
}

/** Two more nodes on hosts of their own, whose messages can be held up too. */
async function strangers(t: TestContext, build: ServerBuild, proxies: BusProxies) {
  const hosts = ['127.0.0.4', '127.0.0.5'];
  const lines = await Promise.all(
    hosts.map(async host => {
      const busPort = await freePort(host);
      const announced = await proxies.announcedBusPort({ host, busPort });
      return [
        `cluster-announce-ip ${host}`,
        `cluster-port ${busPort}`,
        `cluster-announce-bus-port ${announced}`,
      ];
    }),
  );
  const config = (position: number) => lines[position] ?? [];
  const lone = await LoneNodes.startFor(t, { build, nodeTimeoutMs, count: 2, hosts, config });
  return [lone.node(0), lone.node(1)] as const;
}
