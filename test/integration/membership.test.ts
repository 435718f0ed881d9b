/** Nodes come and go: `add-node`, `del-node`, `forget-failed`, `replicate` and `place-replicas` on real servers. */
import { describe, expect, test } from 'vitest';
import { nodesAccordingTo, TestCluster } from '../support/cluster.ts';
import { checked, duties, formationOf, replicaCounts } from '../support/formed.ts';
import { LoneNodes } from '../support/lone-nodes.ts';
import { until } from '../support/poll.ts';
import { slotctl } from '../support/run-slotctl.ts';
import type { ServerProcess } from '../support/server-process.ts';
import { anyServer, EXPECTED, serversUnderTest } from '../support/servers.ts';

const nodeTimeoutMs = 1000;

async function idOf(node: ServerProcess): Promise<string> {
  return node.text('CLUSTER', 'MYID');
}

/** How many each has sent so far. */
function pingsOf(nodes: readonly ServerProcess[]): Promise<number[]> {
  return Promise.all(
    nodes.map(async node => {
      const sent = /cluster_stats_messages_ping_sent:(\d+)/.exec(await node.text('CLUSTER', 'INFO'));
      return Number(sent?.[1] ?? 0);
    }),
  );
}

async function expectAgreement(nodes: readonly ServerProcess[]): Promise<void> {
  const [first, ...others] = await Promise.all(nodes.map(duties));
  for (const other of others) expect(other).toBe(first);
}

async function knows(node: ServerProcess, id: string): Promise<boolean> {
  return (await nodesAccordingTo(node)).some(known => known.id === id);
}

const LIBRARY = '#!lua name=lib1\nredis.register_function("f1", function() return 1 end)';

describe.concurrent.each(serversUnderTest().filter(build => EXPECTED.includes(build.name)))(
  '$name',
  build => {
    test('two primaries and two replicas come at once, and leave again, alive and dead', async t => {
      const cluster = await TestCluster.startFor(t, { nodeTimeoutMs, build });
      const lone = await LoneNodes.startFor(t, { nodeTimeoutMs, build, count: 4 });
      const everybody = [...cluster.nodes, ...lone.nodes];
      await cluster.node(0).send('FUNCTION', 'LOAD', LIBRARY);
      const [a, b, c, d] = lone.addresses as [string, string, string, string];
      const words = ['add-node', a, b, '--as-replicas', `${c},${d}`, cluster.entry, '--yes'];

      const added = await slotctl(words);
      expect(added.stderr).toBe('');
      expect(added.code).toBe(0);
      expect(added.stdout).toContain(`>>> Adding node ${a} to cluster ${cluster.entry}`);
      expect(added.stdout).toContain('[OK] New node added correctly');
      await expectAgreement(everybody);
      const formation = await formationOf(cluster.node(2));
      expect(formation.primaries).toHaveLength(5);
      expect(replicaCounts(formation)).toEqual([1, 1, 1, 1, 1]);
      for (const position of [0, 1]) {
        expect(await lone.node(position).text('FUNCTION', 'LIST')).toContain('lib1');
        expect(await lone.node(position).text('CLUSTER', 'INFO')).toContain('cluster_state:ok');
      }
      expect((await checked(cluster.entry)).healthy).toBe(true);
      const again = await slotctl(words);
      expect(again.stdout).toContain('The cluster has these nodes already. Nothing to do.');
      expect(again.code).toBe(0);

      // A living primary with a replica, by its id; the replica is given to somebody else.
      const idOfA = await idOf(lone.node(0));
      const deleted = await slotctl(['del-node', cluster.entry, idOfA, '--yes']);
      expect(deleted.stderr).toBe('');
      expect(deleted.code).toBe(0);
      expect(deleted.stdout).toContain(`>>> Removing node ${idOfA} from cluster`);
      expect(deleted.stdout).toContain('CLUSTER RESET HARD');
      const left = everybody.filter(node => node !== lone.node(0));
      for (const node of left) expect(await knows(node, idOfA)).toBe(false);
      expect(await nodesAccordingTo(lone.node(0))).toHaveLength(1);
      await expectAgreement(left);
      for (const replica of (await formationOf(cluster.node(0))).replicas)
        expect(replica).toMatchObject({ primary: expect.any(String) });

      // Dead ones: a primary by its address, and a replica by the beginning of its id.
      const dead = [lone.node(1), lone.node(2)];
      const idOfC = await idOf(lone.node(2));
      for (const node of dead) await node.kill();
      const fast = ['--yes', '--reply-timeout', '4', '--connect-timeout', '4'];
      const first = await slotctl(['del-node', cluster.entry, b, ...fast]);
      expect(first.stdout).toMatch(/\[WARNING\] \S+ does not answer and cannot be told/);
      expect(first, first.stderr).toMatchObject({ code: 0 });
      const second = await slotctl(['del-node', cluster.entry, idOfC.slice(0, 10), ...fast]);
      expect(second.stderr).toBe('');
      expect(second.code).toBe(0);
      for (const node of left.filter(n => !dead.includes(n))) expect(await knows(node, idOfC)).toBe(false);
      expect((await checked(cluster.entry)).healthy).toBe(true);
    });

    test('a node that was just forgotten comes back within the ban', async t => {
      const cluster = await TestCluster.startFor(t, { nodeTimeoutMs, build, replicasPerPrimary: 0 });
      const lone = await LoneNodes.startFor(t, { nodeTimeoutMs, build, count: 1 });
      const [address = ''] = lone.addresses;
      const id = await idOf(lone.node(0));
      for (const words of [
        ['add-node', address, cluster.entry],
        ['del-node', cluster.entry, id, '--keep-data'],
      ]) {
        const { code, stderr } = await slotctl([...words, '--yes']);
        expect(stderr).toBe('');
        expect(code).toBe(0);
      }
      const back = await slotctl(['add-node', address, cluster.entry, '--yes']);
      const bansSpread = build.name !== 'redis-7.0';
      expect(back.stderr).toMatch(
        bansSpread ? /^\[WARNING\] the cluster was asked .* to forget this id.*\n$/ : /^$/,
      );
      expect(back.code).toBe(0);
      // Bans are spread with every PING, so whether it stays shows only when each has sent some to each.
      const pings = () => pingsOf(cluster.nodes);
      const enough = (await pings()).map(sent => sent + 10);
      await until('each has sent PINGs to each', async () =>
        (await pings()).every((sent, i) => sent >= (enough[i] ?? 0)),
      );
      for (const node of cluster.nodes) expect(await knows(node, id)).toBe(true);
      await expectAgreement([...cluster.nodes, ...lone.nodes]);
    });

    test('replicas are put back where a host may fail, with as few moves as there can be', async t => {
      const cluster = await TestCluster.startFor(t, { nodeTimeoutMs, build });
      // Two replicas swap their primaries, so that both are on the hosts of theirs.
      const [p0, p1] = [cluster.member(0), cluster.member(1)];
      const hosts = new Map(cluster.members.map(member => [member.id, member.host]));
      const replicas = cluster.members.filter(member => member.primary);
      const onHostOf = (host: string) => replicas.find(member => member.host === host);
      const [r0, r1] = [onHostOf(p0.host), onHostOf(p1.host)];
      if (!r0 || !r1) throw new Error('there is no replica on that host');
      for (const [replica, primary] of [
        [r0, p0],
        [r1, p1],
      ] as const) {
        const moved = await slotctl(['replicate', cluster.entry, replica.id, primary.id, '--yes']);
        expect(moved.stderr).toBe('');
        expect(moved.code).toBe(0);
      }
      expect((await checked(cluster.entry)).kinds).toContain('replica-on-primary-host');
      const { stdout, code } = await slotctl(['place-replicas', cluster.entry, '--yes']);
      expect(stdout).toContain('[OK] Perfect anti-affinity obtained!');
      expect(code).toBe(0);
      expect(stdout.match(/>>> Configure node/g)?.length).toBeLessThanOrEqual(3);
      for (const replica of (await formationOf(cluster.node(1))).replicas) {
        const of = replica.role === 'replica' ? replica.primary : undefined;
        expect(hosts.get(replica.id)).not.toBe(of && hosts.get(of));
      }
      const again = await slotctl(['place-replicas', cluster.entry]);
      expect(again.stdout).toContain('Nothing to do.');
      expect(again.code).toBe(0);
    });

    test('ghosts are listed and forgotten; a dead owner of slots is kept', async t => {
      const cluster = await TestCluster.startFor(t, {
        nodeTimeoutMs,
        build,
        primaries: 4,
        replicasPerPrimary: 1,
      });
      const [owner, replica] = [cluster.node(3), cluster.node(5)];
      const replicaId = cluster.member(5).id;
      await owner.kill();
      await replica.kill();
      await until(
        'both are flagged fail',
        async () => (await nodesAccordingTo(cluster.node(0))).filter(n => n.health === 'failed').length === 2,
      );
      const fast = ['--reply-timeout', '4', '--connect-timeout', '4'];
      const { stdout, stderr, code } = await slotctl(['forget-failed', cluster.entry, '--yes', ...fast]);
      expect(stdout).toContain(replicaId);
      expect(stdout).toMatch(
        new RegExp(`\\[WARNING\\] ${owner.address} is kept: gone, but the owner of slots`),
      );
      expect(stderr).toContain('Done, except for what the warnings name.');
      expect(code).toBe(1);
      for (const node of cluster.nodes.filter(n => n !== owner && n !== replica)) {
        expect(await knows(node, replicaId)).toBe(false);
        expect(await knows(node, cluster.member(3).id)).toBe(true);
      }
    });
  },
);

const build = anyServer();

describe.concurrent('add-node', () => {
  test('refuses what is not fit, a replica as primary, and a damaged cluster, each with a reason', async t => {
    const cluster = await TestCluster.startFor(t, { nodeTimeoutMs, build });
    const lone = await LoneNodes.startFor(t, { nodeTimeoutMs, build, count: 2 });
    const [a = '', b = ''] = lone.addresses;
    await cluster.node(0).send('FUNCTION', 'LOAD', LIBRARY);
    await lone.node(0).send('FUNCTION', 'LOAD', LIBRARY.replace('return 1', 'return 2'));
    await lone.node(1).send('CLUSTER', 'ADDSLOTS', '5');
    const unfit = await slotctl(['add-node', a, b, cluster.entry, '--yes']);
    expect(unfit.stderr).toMatch(
      new RegExp(`\\[ERR\\] Node ${a} has function libraries that differ .*: lib1`),
    );
    expect(unfit.stderr).toContain(`[ERR] Node ${b} already owns slot 5`);
    expect(unfit.code).toBe(4);

    await lone.node(0).send('FUNCTION', 'FLUSH');
    const replica = cluster.member(3).id;
    const words = ['add-node', a, cluster.entry, '--cluster-slave', '--yes', '--cluster-master-id'];
    const ofReplica = await slotctl([...words, replica]);
    expect(ofReplica.stderr).toMatch(/is not a primary; a replica can only replicate a primary/);
    expect(ofReplica.code).toBe(4);
    const ofNobody = await slotctl([...words, 'f'.repeat(40)]);
    expect(ofNobody.stderr).toContain(`[ERR] No such master ID ${'f'.repeat(40)}`);
    for (const node of lone.nodes) expect(await nodesAccordingTo(node)).toHaveLength(1);

    await cluster.node(5).kill();
    const fast = ['--reply-timeout', '4', '--connect-timeout', '4'];
    const damaged = await slotctl(['add-node', a, cluster.entry, '--yes', ...fast]);
    expect(damaged.stderr).toMatch(/\[ERR\] The cluster is not healthy: .*--despite-findings/);
    expect(damaged.code).toBe(4);
    const despite = await slotctl(['add-node', a, cluster.entry, '--yes', '--despite-findings', ...fast]);
    expect(despite.stderr).toBe('');
    expect(despite.code).toBe(0);
  });

  test('waits for a node that loads its data, and then looks at what it has', async t => {
    const cluster = await TestCluster.startFor(t, { nodeTimeoutMs, build, replicasPerPrimary: 0 });
    const lone = await LoneNodes.startFor(t, { nodeTimeoutMs, build, count: 1 });
    const node = lone.node(0);
    const [address = ''] = lone.addresses;
    await node.send('CLUSTER', 'ADDSLOTSRANGE', '0', '16383');
    await until('it takes keys', async () =>
      (await node.text('CLUSTER', 'INFO')).includes('cluster_state:ok'),
    );
    await Promise.all(Array.from({ length: 1000 }, (_, i) => node.send('SET', `key${i}`, 'x'.repeat(100))));
    await node.send('SAVE');
    const slowly = ['key-load-delay 1000', 'loading-process-events-interval-bytes 1024'];
    await node.restart({ config: slowly, mayLoad: true });
    expect(await node.text('PING').catch(String)).toContain('LOADING');
    const { stderr, code } = await slotctl(['add-node', address, cluster.entry, '--yes']);
    expect(stderr).toContain(`[ERR] Node ${address} is not empty: it holds 1000 keys`);
    expect(code).toBe(4);
  });

  test('function libraries that the new node has already are no obstacle', async t => {
    const cluster = await TestCluster.startFor(t, { nodeTimeoutMs, build, replicasPerPrimary: 0 });
    const lone = await LoneNodes.startFor(t, { nodeTimeoutMs, build, count: 1 });
    for (const node of [cluster.node(0), lone.node(0)]) await node.send('FUNCTION', 'LOAD', LIBRARY);
    await cluster.node(0).send('FUNCTION', 'LOAD', LIBRARY.replaceAll('1', '2'));
    const { code, stderr } = await slotctl(['add-node', lone.node(0).address, cluster.entry, '--yes']);
    expect(stderr).toBe('');
    expect(code).toBe(0);
    expect(await lone.node(0).text('FUNCTION', 'LIST')).toMatch(/lib1.*lib2|lib2.*lib1/s);
  });

  test('a replica goes where host and count ask for it, or to the primary that is named', async t => {
    const cluster = await TestCluster.startFor(t, { nodeTimeoutMs, build });
    const lone = await LoneNodes.startFor(t, { nodeTimeoutMs, build, count: 2, hosts: ['127.0.0.1'] });
    const [a = '', b = ''] = lone.addresses;
    const placed = await slotctl(['add-node', a, cluster.entry, '--cluster-slave', '--yes']);
    expect(placed.stdout).toMatch(/Automatically selected (master|primary) 127\.0\.0\.[23]:/);
    expect(placed.code).toBe(0);
    const target = cluster.member(0);
    const words = ['add-node', b, cluster.entry, '--cluster-slave', '--yes', '--cluster-master-id'];
    const named = await slotctl([...words, target.id.slice(0, 8)]);
    expect(named.code).toBe(0);
    const self = (await nodesAccordingTo(lone.node(1))).find(
      node =>
        node.id !== target.id && node.flags.length > 0 && node.address?.port === lone.node(1).setup.port,
    );
    expect(self).toMatchObject({ role: 'replica', primary: target.id });
  });

  /** Most of the time goes into waiting for servers, so every third place is tried on a cluster of its own. */
  test.for([1, 2, 3])('stopped at any command it can be run again, part %d of 3', async (first, t) => {
    const cluster = await TestCluster.startFor(t, { nodeTimeoutMs, build, replicasPerPrimary: 0 });
    await cluster.node(0).send('FUNCTION', 'LOAD', LIBRARY);
    for (let position = first; ; position += 3) {
      const lone = await LoneNodes.startFor(t, { nodeTimeoutMs, build, count: 2 });
      const [a = '', b = ''] = lone.addresses;
      const words = ['add-node', a, '--as-replicas', b, cluster.entry, '--yes'];
      const interrupt: { press?: () => void } = {};
      let changes = 0;
      const watch = (text: string) => {
        if (/> (CLUSTER (?!NODES|INFO)|FUNCTION (?!LIST))/.test(text) && ++changes === position)
          interrupt.press?.();
      };
      const run = await slotctl([...words, '--trace'], { interrupt, watch });
      const stopped = changes >= position;
      expect(run.code).toBe(stopped ? 130 : 0);
      const again = await slotctl(words);
      expect({ position, ...again }).toMatchObject({ code: 0, stderr: '' });
      await expectAgreement([...cluster.nodes, ...lone.nodes]);
      for (const node of [...lone.nodes].reverse()) {
        const removed = await slotctl(['del-node', cluster.entry, node.address, '--yes']);
        expect({ position, ...removed }).toMatchObject({ code: 0, stderr: '' });
      }
      await lone.dispose();
      if (!stopped) break;
      expect(position).toBeLessThan(30);
    }
  });
});

describe.concurrent('del-node', () => {
  test('refuses who has slots, who holds keys, and who is not there', async t => {
    const cluster = await TestCluster.startFor(t, { nodeTimeoutMs, build });
    const owner = await slotctl(['del-node', cluster.entry, cluster.member(1).id, '--yes']);
    expect(owner.stderr).toContain(
      `[ERR] Node ${cluster.node(1).address} is not empty! Reshard data away and try again.`,
    );
    expect(owner.code).toBe(4);
    const nobody = await slotctl(['del-node', cluster.entry, 'e'.repeat(40), '--yes']);
    expect(nobody.stderr).toContain(`[ERR] No such node ID ${'e'.repeat(40)}`);
    expect(nobody.code).toBe(4);
  });

  test('--shutdown ends the node', async t => {
    const cluster = await TestCluster.startFor(t, { nodeTimeoutMs, build });
    const victim = cluster.node(4);
    const { code, stderr } = await slotctl([
      'del-node',
      cluster.entry,
      victim.address,
      '--yes',
      '--shutdown',
    ]);
    expect(stderr).toBe('');
    expect(code).toBe(0);
    await until('the server is gone', () => !victim.isRunning);
    expect(await knows(cluster.node(0), cluster.member(4).id)).toBe(false);
  });

  test('stopped at any command it can be run again', async t => {
    const cluster = await TestCluster.startFor(t, {
      nodeTimeoutMs,
      build,
      primaries: 3,
      replicasPerPrimary: 0,
    });
    const lone = await LoneNodes.startFor(t, { nodeTimeoutMs, build, count: 2 });
    const [a = '', b = ''] = lone.addresses;
    for (let position = 1; ; position++) {
      const added = await slotctl(['add-node', a, '--as-replicas', b, cluster.entry, '--yes']);
      expect({ position, ...added }).toMatchObject({ code: 0, stderr: '' });
      const onA = await slotctl(['replicate', cluster.entry, b, a, '--yes']);
      expect(onA.code).toBe(0);
      const id = await idOf(lone.node(0));
      const interrupt: { press?: () => void } = {};
      let changes = 0;
      const watch = (text: string) => {
        if (/> CLUSTER (?!NODES|INFO)/.test(text) && ++changes === position) interrupt.press?.();
      };
      const words = ['del-node', cluster.entry, a, '--yes'];
      const run = await slotctl([...words, '--trace'], { interrupt, watch });
      const stopped = changes >= position;
      expect(run.code).toBe(stopped ? 130 : 0);
      const again = await slotctl(words);
      expect({ position, ...again }).toMatchObject({ code: 0, stderr: '' });
      for (const node of [...cluster.nodes, lone.node(1)]) expect(await knows(node, id)).toBe(false);
      expect(await nodesAccordingTo(lone.node(0))).toHaveLength(1);
      await expectAgreement([...cluster.nodes, lone.node(1)]);
      const cleared = await slotctl(['del-node', cluster.entry, b, '--yes']);
      expect(cleared.code).toBe(0);
      if (!stopped) break;
      expect(position).toBeLessThan(30);
    }
  });
});
