/** `failover` and `rolling-failover` on real servers. */
import { describe, expect, test } from 'vitest';
import { BusProxies } from '../support/bus-proxies.ts';
import { ClientLoad } from '../support/client-load.ts';
import { type ClusterPlan, nodesAccordingTo, TestCluster } from '../support/cluster.ts';
import { checked, duties } from '../support/formed.ts';
import { until } from '../support/poll.ts';
import { slotctl, slotctlProcess } from '../support/run-slotctl.ts';
import { anyServer, EXPECTED, type ServerBuild, serversUnderTest } from '../support/servers.ts';

const FAST = ['--yes', '--reply-timeout', '4', '--connect-timeout', '4'];

/** Who is a primary with slots, in the words of all who are asked. */
async function primariesAccordingTo(cluster: TestCluster, positions: readonly number[]): Promise<number[]> {
  const all = await Promise.all(positions.map(position => duties(cluster.node(position))));
  expect(new Set(all).size, all.join('\n\n')).toBe(1);
  const [first = 0] = positions;
  const nodes = await nodesAccordingTo(cluster.node(first));
  return cluster.members.flatMap(({ id }, position) => {
    const node = nodes.find(known => known.id === id);
    return node?.role === 'primary' && node.slots.size > 0 ? [position] : [];
  });
}

const EVERYBODY = [0, 1, 2, 3, 4, 5];
const start = (t: Parameters<typeof TestCluster.startFor>[0], plan: ClusterPlan) =>
  TestCluster.startFor(t, { nodeTimeoutMs: 2000, ...plan });

describe.concurrent.each(serversUnderTest().filter(build => EXPECTED.includes(build.name)))(
  '$name',
  build => {
    test('to and fro and to again at once: what is told is so', async t => {
      const cluster = await start(t, { build, nodeTimeoutMs: 1000 });
      for (const position of [3, 0, 3]) {
        const words = ['failover', cluster.entry, cluster.member(position).id, '--yes'];
        const { code, stdout } = await slotctl(words);
        expect(stdout).toContain('[OK] Every node that answers knows the new roles');
        expect(code).toBe(0);
        expect(await primariesAccordingTo(cluster, EVERYBODY)).toEqual([position, 1, 2].sort());
      }
    });

    test('beside a client that writes, a replica takes over and gives back, and nothing is lost', async t => {
      const cluster = await start(t, { build });
      const load = await ClientLoad.startOn(cluster);
      const there = await slotctl(['failover', cluster.entry, cluster.node(3).address, '--yes']);
      expect(there).toMatchObject({ code: 0, stderr: '' });
      expect(there.stdout).toContain('(CLUSTER FAILOVER)');
      expect(there.stdout).toContain('[OK] Every node that answers knows the new roles');
      expect(await primariesAccordingTo(cluster, EVERYBODY)).toEqual([1, 2, 3]);
      expect(await cluster.node(0).text('INFO', 'replication')).toContain('master_link_status:up');
      const again = await slotctl(['failover', cluster.entry, cluster.member(3).id, '--yes']);
      expect(again.stdout).toContain('It is a primary already. Nothing to do.');
      expect(again.code).toBe(0);
      const back = await slotctl([
        'failover',
        cluster.entry,
        '--of',
        cluster.member(3).id,
        '--yes',
        '--json',
      ]);
      expect(back).toMatchObject({ code: 0, stderr: '' });
      const events = back.stdout
        .trim()
        .split('\n')
        .map(line => JSON.parse(line));
      expect(events.map(({ event }) => event)).toEqual([
        'plan',
        'stage',
        'step-done',
        'stage',
        'step-done',
        'end',
      ]);
      expect(events.at(-1)).toMatchObject({ command: 'failover', code: 0 });
      await load.stop();
      expect(load.wrong).toEqual([]);
      expect(await primariesAccordingTo(cluster, EVERYBODY)).toEqual([0, 1, 2]);
      expect((await checked(cluster.entry)).healthy).toBe(true);
    });

    test('a primary that is dead, or hangs, is replaced by force, and comes back as a replica', async t => {
      const cluster = await start(t, { build });
      const [dead, hung] = [cluster.node(1), cluster.node(2)];
      await dead.kill();
      const refused = await slotctl(['failover', cluster.entry, cluster.node(4).address, ...FAST]);
      expect(refused.stderr).toContain(`[ERR] ${dead.address}, whose place ${cluster.node(4).address} is`);
      expect(refused.stderr).toContain('--force');
      expect(refused.stderr).toContain('--takeover');
      expect(refused.code).toBe(4);
      const forced = await slotctl(['failover', cluster.entry, cluster.node(4).address, '--force', ...FAST]);
      expect(forced.stdout).toContain('[WARNING] Writes that');
      expect(forced).toMatchObject({ code: 0, stderr: '' });
      expect(await primariesAccordingTo(cluster, [0, 2, 3, 4, 5])).toEqual([0, 2, 4]);
      await dead.start();
      await until('it is a replica again', async () =>
        (await dead.text('INFO', 'replication')).includes('master_link_status:up'),
      );

      hung.signal('SIGSTOP');
      const resumed = () => hung.signal('SIGCONT');
      t.onTestFinished(resumed);
      const words = ['failover', cluster.entry, '--of', hung.address, ...FAST];
      expect(await slotctl(words)).toMatchObject({ code: 4 });
      expect(await slotctl([...words, '--force'])).toMatchObject({ code: 0, stderr: '' });
      expect(await primariesAccordingTo(cluster, [0, 1, 3, 4, 5])).toEqual([0, 4, 5]);
      resumed();
      await until('all is well', async () => (await slotctl(['check', cluster.entry])).code === 0);
    });

    test('without a majority only a takeover is left', async t => {
      const cluster = await start(t, { build });
      await Promise.all([cluster.node(1).kill(), cluster.node(2).kill()]);
      const words = ['failover', cluster.entry, cluster.node(4).address, ...FAST];
      const forced = await slotctl([...words, '--force']);
      expect(forced.stderr).toContain('Only 1 of 3 primaries answer');
      expect(forced.code).toBe(4);
      for (const replica of [4, 5]) {
        const address = cluster.node(replica).address;
        const taken = await slotctl(['failover', cluster.entry, address, '--takeover', ...FAST]);
        expect(taken.stdout).toContain('takes over without a vote');
        expect(taken).toMatchObject({ code: 0, stderr: '' });
      }
      expect(await primariesAccordingTo(cluster, [0, 3, 4, 5])).toEqual([0, 4, 5]);
      await until('the cluster works again', async () =>
        (await cluster.node(0).text('CLUSTER', 'INFO')).includes('cluster_state:ok'),
      );
    });
  },
);

const UPGRADES = [
  ['redis-7.0', 'redis-8.6'],
  ['redis-8.0', 'redis-8.6'],
  ['valkey-8.1', 'valkey-9.1'],
].flatMap(([from, to]) => {
  const [old, young] = [from, to].map(name => serversUnderTest().find(build => build.name === name));
  return old && young ? [{ from, to, old, young }] : [];
});

describe.concurrent('an upgrade', () => {
  test.each(UPGRADES)('from $from to $to, shard by shard', async ({ old, young }) => {
    const builds: Record<number, ServerBuild> = { 3: young, 4: young, 5: young };
    const cluster = await TestCluster.start({ build: old, builds, nodeTimeoutMs: 2000 });
    try {
      const load = await ClientLoad.startOn(cluster);
      const rolled = await slotctl(['rolling-failover', cluster.entry, '--yes']);
      await load.stop();
      expect(rolled).toMatchObject({ code: 0, stderr: '' });
      expect(rolled.stdout).toContain('>>> Failing over 3 shards (CLUSTER FAILOVER)');
      expect(load.wrong).toEqual([]);
      expect(await primariesAccordingTo(cluster, EVERYBODY)).toEqual([3, 4, 5]);
      const again = await slotctl(['rolling-failover', cluster.entry, '--yes']);
      expect(again.stdout).toContain('[OK] No replica runs a newer version than its primary. Nothing to do.');
      expect(again.code).toBe(0);
    } finally {
      await cluster.dispose();
    }
  });
});

describe.concurrent('where something is wrong', () => {
  const build = anyServer();

  test('a rolling failover holds still; what is asked for and not there is said for every shard', async t => {
    const cluster = await start(t, { build });
    const nobody = await slotctl(['rolling-failover', cluster.entry, '--to-version', '99', '--yes']);
    expect(nobody.stderr.match(/No replica of \S+ that answers runs 99\./g)).toHaveLength(3);
    expect(nobody.code).toBe(4);
    await cluster.node(5).kill();
    const words = ['rolling-failover', cluster.entry, '--all', ...FAST];
    const doubtful = await slotctl(words);
    expect(doubtful.stderr).toContain('[ERR] Something is wrong, so nothing is touched: ');
    expect(doubtful.code).toBe(4);
    expect(await primariesAccordingTo(cluster, [0, 1, 2, 3, 4])).toEqual([0, 1, 2]);
  });

  test('a node that fails in the middle stops it before the next shard, and it goes on from there', async t => {
    const cluster = await start(t, { build, hosts: ['127.0.0.1', '127.0.0.2'], primaries: 4 });
    // Two primaries are on the first host, and two replicas of the others.
    const words = ['rolling-failover', cluster.entry, '--primaries-on', '127.0.0.1', ...FAST];
    const hung = cluster.node(7);
    let hangs = false;
    const watch = (text: string) => {
      if (hangs || !text.includes('(CLUSTER FAILOVER)\n') || !text.includes('takes over')) return;
      hangs = true;
      hung.signal('SIGSTOP');
    };
    t.onTestFinished(() => hung.signal('SIGCONT'));
    const first = await slotctl([...words, '--join-timeout', '5'], { watch });
    expect(first.code).toBe(1);
    expect(first.stderr).toContain(
      'Stopped before the end. When the reason is gone, run the same command again',
    );
    const hosts = async () => {
      const nodes = await nodesAccordingTo(cluster.node(0));
      return nodes.flatMap(n => (n.role === 'primary' && n.slots.size > 0 ? [n.address?.host] : [])).sort();
    };
    expect(await hosts()).toEqual(['127.0.0.1', '127.0.0.1', '127.0.0.1', '127.0.0.2']);
    hung.signal('SIGCONT');
    await until('all is well', async () => (await slotctl(['check', cluster.entry])).code === 0);
    expect(await slotctl(words)).toMatchObject({ code: 0, stderr: '' });
    expect(new Set(await hosts())).toEqual(new Set(['127.0.0.1']));
  });

  test('a replica that does not hear its primary on the bus is waited for', async t => {
    const proxies = new BusProxies();
    t.onTestFinished(() => proxies.close());
    const hosts = [1, 2, 3, 4, 5, 6].map(n => `127.0.0.${n}`);
    const { announcedBusPort } = proxies;
    const cluster = await start(t, { build, hosts, nodeTimeoutMs: 15_000, announcedBusPort });
    const replica = cluster.member(3);
    proxies.isolate(replica.host);
    const watch = (text: string) => {
      if (text.includes('does not hear its primary')) proxies.heal();
    };
    const words = ['failover', cluster.entry, replica.id, '--yes', '--json'];
    const { code, stdout } = await slotctl(words, { watch });
    expect(stdout).toContain('does not hear its primary on the cluster bus');
    expect(code).toBe(0);
    expect(await primariesAccordingTo(cluster, EVERYBODY)).toEqual([1, 2, 3]);
  });

  test('a failover for which nobody votes comes to nothing, and is begun again', async t => {
    const cluster = await start(t, { build, nodeTimeoutMs: 15_000 });
    const voters = [cluster.node(1), cluster.node(2)];
    const signal = (name: NodeJS.Signals) => {
      for (const voter of voters) voter.signal(name);
    };
    t.onTestFinished(() => signal('SIGCONT'));
    const watch = (text: string) => {
      if (text.includes('"event":"stage","steps":["fail-over"]')) signal('SIGSTOP');
      if (text.includes('has come to nothing')) signal('SIGCONT');
    };
    const words = ['failover', cluster.entry, cluster.member(3).id, '--yes', '--json'];
    const { code, stdout } = await slotctl(words, { watch });
    expect(stdout).toContain('has come to nothing');
    expect(code).toBe(0);
    expect(await primariesAccordingTo(cluster, EVERYBODY)).toEqual([1, 2, 3]);
  });

  test('a user without the right is told so, and Ctrl-C ends it well', async t => {
    const cluster = await start(t, { build });
    await Promise.all(
      cluster.nodes.map(node =>
        node.send('ACL', 'SETUSER', 'looker', 'on', '>looks', '+info', '+cluster|nodes', '+cluster|info'),
      ),
    );
    const login = ['--user', 'looker', '--pass', 'looks', '--no-auth-warning', '--yes'];
    const denied = await slotctl(['failover', cluster.entry, cluster.node(3).address, ...login]);
    expect(denied.stderr).toContain('NOPERM');
    expect(denied.stderr).toContain('+cluster|failover');
    expect(denied.code).toBe(4);
    expect(await primariesAccordingTo(cluster, EVERYBODY)).toEqual([0, 1, 2]);

    let pressed = false;
    const words = ['rolling-failover', cluster.entry, '--all', '--yes', '--trace'];
    const { code, stderr } = await slotctlProcess(words, {
      watch: (child, text) => {
        if (!pressed && text.includes('CLUSTER FAILOVER')) child.kill('SIGINT');
        pressed ||= text.includes('CLUSTER FAILOVER');
      },
    });
    expect(code).toBe(130);
    expect(stderr).toContain('Interrupted.');
    expect(stderr).toContain('slotctl failover --of');
    const nobody = await slotctl(['failover', cluster.entry, cluster.node(4).address]);
    expect(nobody.stderr).toContain('nobody answered; --yes');
    expect(nobody.code).toBe(4);
  });
});
