/**
 * Replicas that copy all data of their primaries, and take their time: a copy that waits, or is on its way, is no failure.
 * Servers are made slow by what they have for that: a delay before they send, and one for each key that they save or load.
 */
import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { TestCluster } from '../support/cluster.ts';
import { checked } from '../support/formed.ts';
import { LoneNodes } from '../support/lone-nodes.ts';
import { until } from '../support/poll.ts';
import { type Run, slotctl } from '../support/run-slotctl.ts';
import type { ServerProcess } from '../support/server-process.ts';
import { EXPECTED, serversUnderTest } from '../support/servers.ts';
import { keyIn } from '../support/slot-keys.ts';

const nodeTimeoutMs = 2000;
const KEYS = 200;
/** Longer than any test takes: whoever waits for that waits in vain. */
const AN_HOUR = '3600';
const SHORT = ['--yes', '--join-timeout', '3'];

function expectDone({ code, stderr }: Run): void {
  expect(stderr).toBe('');
  expect(code).toBe(0);
}

async function configure(node: ServerProcess, ...pairs: string[]): Promise<void> {
  expect(await node.text('CONFIG', 'SET', ...pairs)).toBe('OK');
}

/** It lets replicas in, and sends nothing. */
function makeHesitant(node: ServerProcess): Promise<void> {
  return configure(node, 'repl-diskless-sync', 'yes', 'repl-diskless-sync-delay', AN_HOUR);
}

/** A save takes so long. */
async function makeSlow(
  cluster: TestCluster,
  position: number,
  saveSeconds: number,
  ofEach = 1,
): Promise<ServerProcess> {
  const { first } = cluster.member(position).slots.ranges[0] ?? { first: 0 };
  const node = cluster.node(position);
  // So large that a server which loads looks around after each of them.
  const values = Array.from({ length: KEYS * ofEach }, () => randomBytes(1024));
  await Promise.all(values.map((value, i) => node.send('SET', keyIn(first + (i % KEYS), `k${i}`), value)));
  await configure(node, 'rdb-key-save-delay', `${(saveSeconds * 1_000_000) / (KEYS * ofEach)}`);
  return node;
}

async function linkOf(node: ServerProcess): Promise<string | undefined> {
  return /^master_link_status:(\w+)/m.exec(await node.text('INFO', 'replication'))?.[1];
}

describe.concurrent.each(serversUnderTest().filter(build => EXPECTED.includes(build.name)))(
  '$name',
  build => {
    test('add-node --replica and replicate are done when the primary has let the replica in', async t => {
      const cluster = await TestCluster.startFor(t, { build, nodeTimeoutMs, replicasPerPrimary: 0 });
      const lone = await LoneNodes.startFor(t, { build, nodeTimeoutMs, count: 1 });
      const replica = lone.node(0);
      await makeHesitant(cluster.node(0));
      const home = ['--replica', '--cluster-master-id', cluster.member(0).id];
      const added = await slotctl(['add-node', replica.address, cluster.entry, ...home, ...SHORT]);
      expectDone(added);
      expect(added.stdout).toContain(
        `${replica.address} is waiting for its primary ${cluster.entry} to start sending data`,
      );
      expect(added.stdout).toContain(`slotctl check ${cluster.entry}`);
      expect(await linkOf(replica)).toBe('down');
      // Nothing is wrong with it: a warning.
      const seen = await slotctl(['check', cluster.entry]);
      expect(seen.stdout).toContain(
        `[WARNING] ${replica.address} is waiting for its primary ${cluster.entry}`,
      );
      expectDone(seen);
      const early = await slotctl(['failover', cluster.entry, replica.address, '--yes']);
      expect(early.stderr).toContain('is still copying');
      expect(early.code).toBe(4);
      // A save that goes on before the copy is one of the things that it may wait for.
      const other = await makeSlow(cluster, 1, 60);
      expect(await other.text('BGSAVE')).toContain('Background saving started');
      const words = ['replicate', cluster.entry, replica.address, other.address];
      const moved = await slotctl([...words, ...SHORT]);
      expectDone(moved);
      expect(moved.stdout).toContain(`${replica.address} is waiting for its primary ${other.address}`);
      expectDone(await slotctl([...words, ...SHORT]));
      // Asked to wait, it says how long nothing has got on.
      await makeHesitant(cluster.node(2));
      const toThird = ['replicate', cluster.entry, replica.address, cluster.node(2).address, '--wait-copies'];
      for (let run = 0; run < 2; run++) {
        const inVain = await slotctl([...toThird, ...SHORT]);
        expect(inVain.stderr).toContain('no copy has made progress for 3 s (--join-timeout)');
        expect(inVain.stderr).not.toContain('password');
        expect(inVain.code).toBe(1);
      }
    }, 180_000);

    test('--wait-copies waits as long as a save goes on, bytes come, or the replica loads', async t => {
      const cluster = await TestCluster.startFor(t, { build, nodeTimeoutMs, replicasPerPrimary: 0 });
      const lone = await LoneNodes.startFor(t, { build, nodeTimeoutMs, count: 1 });
      const replica = lone.node(0);
      await makeSlow(cluster, 0, 8, 5);
      await configure(replica, 'key-load-delay', '8000', 'loading-process-events-interval-bytes', '1024');
      const home = ['--replica', '--cluster-master-id', cluster.member(0).id];
      const words = ['add-node', replica.address, cluster.entry, ...home, '--yes'];
      const added = await slotctl([...words, '--wait-copies', '--join-timeout', '5']);
      expectDone(added);
      expect(added.stdout).not.toContain('waits for');
      expect(await linkOf(replica)).toBe('up');
      expect(await replica.send('DBSIZE')).toBe(KEYS * 5);
    }, 180_000);

    test('a replica that is loading is no reason to fail, nor to call the cluster broken', async t => {
      const cluster = await TestCluster.startFor(t, { build, nodeTimeoutMs, replicasPerPrimary: 0 });
      const lone = await LoneNodes.startFor(t, { build, nodeTimeoutMs, count: 1 });
      const replica = lone.node(0);
      await makeSlow(cluster, 0, 0, 5);
      const slowly = ['key-load-delay', '10000', 'loading-process-events-interval-bytes', '1024'];
      await configure(replica, ...slowly);
      const home = ['--replica', '--cluster-master-id', cluster.member(0).id];
      expectDone(await slotctl(['add-node', replica.address, cluster.entry, ...home, ...SHORT]));
      await until('the replica loads', async () =>
        (await replica.text('INFO', 'persistence')).includes('loading:1'),
      );
      const { healthy, kinds } = await checked(cluster.entry);
      // Valkey tells what it knows of the cluster while it loads.
      expect(kinds).toContain(build.product === 'valkey' ? 'replica-link-down' : 'node-unreachable');
      expect(healthy).toBe(true);
      expectDone(await slotctl(['add-node', replica.address, cluster.entry, ...home, ...SHORT]));
    }, 180_000);

    test('moves and drains that empty a primary do not wait for the copy that it takes then', async t => {
      const config = ['cluster-allow-replica-migration yes'];
      const cluster = await TestCluster.startFor(t, {
        build,
        nodeTimeoutMs,
        config,
        primaries: 4,
        replicasPerPrimary: 0,
      });
      const [entry, target] = [cluster.entry, cluster.node(1)];
      await makeHesitant(target);
      await makeHesitant(cluster.node(0));
      const all = cluster.member(2).slots.toString();
      const to = ['--cluster-to', cluster.member(1).id];
      const moved = await slotctl(['reshard', entry, '--slots', all, ...to, ...SHORT]);
      expectDone(moved);
      expect(moved.stdout).toContain(
        `${cluster.node(2).address} is waiting for its primary ${target.address}`,
      );
      const drained = await slotctl(['del-node', entry, cluster.member(3).id, '--drain', ...SHORT]);
      expectDone(drained);
      expect(drained.stdout).toContain('[OK] The node is removed');
    }, 180_000);

    test('a drained node that copies, and then loads, is removed all the same', async t => {
      const config = ['cluster-allow-replica-migration yes', 'loading-process-events-interval-bytes 1024'];
      const cluster = await TestCluster.startFor(t, { build, nodeTimeoutMs, config, replicasPerPrimary: 0 });
      for (const position of [0, 1]) await makeSlow(cluster, position, 0, 5);
      const victim = cluster.node(2);
      await configure(victim, 'key-load-delay', '8000');
      // By itself it becomes a replica of whoever took its last slots, and may be at any stage of its copy when it is removed.
      const words = ['del-node', cluster.entry, cluster.member(2).id, '--drain', '--yes'];
      const removed = await slotctl(words);
      expect(removed.code, removed.stderr).toBe(0);
      expect(removed.stdout).toContain('[OK] The node is removed');
      expect((await checked(cluster.entry)).healthy).toBe(true);
    }, 180_000);

    test('failover waits for an old primary that has to copy everything', async t => {
      const config = ['enable-debug-command yes', 'loading-process-events-interval-bytes 1024'];
      const cluster = await TestCluster.startFor(t, { build, nodeTimeoutMs, config });
      const [old, heir] = [await makeSlow(cluster, 0, 0, 5), cluster.node(3)];
      await until('the replica has them', async () => Number(await heir.send('DBSIZE')) === KEYS * 5);
      await configure(heir, 'rdb-key-save-delay', `${8_000_000 / (KEYS * 5)}`);
      // Nobody can go on from where it was with a history of another name.
      expect(await heir.text('DEBUG', 'CHANGE-REPL-ID')).toBe('OK');
      const words = ['failover', cluster.entry, heir.address, '--yes', '--join-timeout', '5'];
      const { code, stdout } = await slotctl(words);
      expect(stdout).toContain('are in step');
      expect(code).toBe(0);
      expect(await linkOf(old)).toBe('up');
      expect(heir.log()).toContain('Starting BGSAVE for SYNC');
    }, 180_000);

    test('a link that is refused is an error, and asks about passwords', async t => {
      const cluster = await TestCluster.startFor(t, {
        build,
        nodeTimeoutMs,
        replicasPerPrimary: 0,
        password: 'pw',
      });
      const config = () => ['masterauth wrong'];
      const lone = await LoneNodes.startFor(t, { build, nodeTimeoutMs, count: 1, password: 'pw', config });
      const words = ['add-node', lone.node(0).address, cluster.entry, '--replica', ...SHORT];
      const { code, stderr } = await slotctl(words, { env: { REDISCLI_AUTH: 'pw' } });
      expect(stderr).toMatch(/The replica \S+ gets no data from \S+\. Check its password \(masterauth/);
      expect(code).toBe(1);
    });

    test('create waits for copies that take longer than --join-timeout and get on', async t => {
      const lone = await LoneNodes.startFor(t, { build, nodeTimeoutMs, count: 6 });
      // A primary that has its slots from an earlier run may have keys.
      const words = ['create', ...lone.addresses, '--cluster-replicas', '1'];
      const primary = lone.node(0);
      await primary.send('CONFIG', 'SET', 'repl-diskless-sync', 'yes', 'repl-diskless-sync-delay', AN_HOUR);
      const inVain = await slotctl([...words, ...SHORT]);
      expect(inVain.stderr).not.toContain('password');
      expect(inVain.stderr).toMatch(/\S+ is waiting for its primary \S+ to start sending data/);
      expect(inVain.code).toBe(1);
      await until('it takes writes', async () =>
        (await primary.text('CLUSTER', 'INFO')).includes('cluster_state:ok'),
      );
      await configure(primary, 'repl-diskless-sync', 'no');
      for (let i = 0; i < KEYS; i++) expect(await primary.text('SET', keyIn(i, 'k'), 'v')).toBe('OK');
      await configure(primary, 'rdb-key-save-delay', `${4_000_000 / KEYS}`);
      const replica = lone.nodes.find(node => node !== primary && node.address === waitingIn(inVain.stderr));
      // It asks again, and is given the data by way of a file.
      await replica?.send('CLIENT', 'KILL', 'TYPE', 'master');
      await primary.send('CLIENT', 'KILL', 'TYPE', 'replica');
      expectDone(await slotctl([...words, ...SHORT]));
      expect(replica && (await linkOf(replica))).toBe('up');
    }, 180_000);
  },
);

function waitingIn(text: string): string | undefined {
  return /(\S+) is waiting for its primary/.exec(text)?.[1];
}
