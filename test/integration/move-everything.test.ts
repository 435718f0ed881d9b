/** What else has to move, and where: giants, several databases, TLS, servers of different versions. */
import { describe, expect, test } from 'vitest';
import { inspect } from '../../src/live/look/inspect.ts';
import { keysLeftBehind } from '../../src/live/look/keys-left-behind.ts';
import { Fleet } from '../../src/resp/fleet.ts';
import { tlsSettings } from '../../src/resp/tls-files.ts';
import { SlotSet } from '../../src/topology/slot-set.ts';
import { makeCertificates } from '../support/certificates.ts';
import { TestCluster } from '../support/cluster.ts';
import { checked } from '../support/formed.ts';
import { reshard } from '../support/moving.ts';
import { until } from '../support/poll.ts';
import { type Run, slotctl } from '../support/run-slotctl.ts';
import { type ServerBuild, serversUnderTest } from '../support/servers.ts';
import { fillSlots, keyIn, keysPerNode } from '../support/slot-keys.ts';
import { removeFolder } from '../support/temp-folder.ts';

function build(name: string): ServerBuild[] {
  return serversUnderTest().filter(one => one.name === name);
}

const DONE: Partial<Run> = { code: 0, stderr: '' };

const ways = [
  ['redis-7.0', 'migrate'],
  ['redis-8.6', 'auto'],
  ['valkey-9.1', 'auto'],
].flatMap(([name = '', mover = '']) => build(name).map(server => ({ name, mover, server })));

describe.concurrent.each(ways)('$name by $mover', ({ server, mover }) => {
  test('200 MB, a million elements, a key without a name', async t => {
    const cluster = await TestCluster.startFor(t, {
      build: server,
      replicasPerPrimary: 0,
      nodeTimeoutMs: 15_000,
    });
    const [source, target] = [cluster.node(0), cluster.node(1)];
    await source.send('SET', keyIn(0, 'big'), Buffer.alloc(200_000_000, 'x'));
    const elements = Array.from({ length: 50_000 }, (_, i) => `element ${i}`);
    for (let i = 0; i < 20; i++) await source.send('RPUSH', keyIn(1, 'list'), ...elements);
    await source.send('SET', '', 'no name');
    // Far less than the giant takes: what is big is given more.
    const moved = await slotctl(reshard(cluster, '0-9', 1, '--mover', mover, '--cluster-timeout', '50'));
    expect(moved.code).toBe(0);
    // Whoever wonders why the servers pause is told.
    if (mover === 'migrate') expect(moved.stderr).toMatch(/moving "\S+big" alone: it takes \d+ MB/);
    else expect(moved.stderr).toBe('');
    expect(await target.send('STRLEN', keyIn(0, 'big'))).toBe(200_000_000);
    expect(await target.text('GETRANGE', keyIn(0, 'big'), '199999998', '-1')).toBe('xx');
    expect(await target.send('LLEN', keyIn(1, 'list'))).toBe(1_000_000);
    expect(await target.text('LINDEX', keyIn(1, 'list'), '999999')).toBe('element 49999');
    expect(await target.text('GET', '')).toBe('no name');
    await until('the source has deleted them', async () => `${await keysPerNode(cluster)}` === '0,3,0');
  });

  test('over TLS, with a password', async t => {
    const names = ['IP:127.0.0.1', 'IP:127.0.0.2', 'IP:127.0.0.3'];
    const { folder, ca, cert, key, config, read } = makeCertificates(names);
    t.onTestFinished(() => removeFolder(folder));
    const files = { ca: [read(ca)], cert: read(cert), key: read(key) };
    const tls = { ...(await tlsSettings(files, { insecure: false })), config };
    const cluster = await TestCluster.startFor(t, {
      build: server,
      replicasPerPrimary: 0,
      password: 'pw',
      tls,
    });
    const keys = await fillSlots(cluster, 0, { first: 0, last: 49 }, 10);
    const options = ['--mover', mover, '--tls', '--cacert', ca, '--cert', cert, '--key', key];
    const login = { env: { REDISCLI_AUTH: 'pw' } };
    expect(await slotctl(reshard(cluster, '0-49', 1, ...options), login)).toMatchObject(DONE);
    await until('the source has deleted them', async () => `${await keysPerNode(cluster)}` === `0,${keys},0`);
  });
});

describe.concurrent.each([build('redis-7.0'), build('valkey-8.1')].flat())('$name, with replicas', server => {
  test('they own and hold afterwards what their primaries do', async t => {
    const cluster = await TestCluster.startFor(t, { build: server });
    const keys = await fillSlots(cluster, 0, { first: 0, last: 299 }, 3);
    expect(await slotctl(reshard(cluster, '0-999', 1, '--mover', 'migrate'))).toMatchObject(DONE);
    await until(
      'replicas have followed',
      async () => `${await keysPerNode(cluster)}` === `0,${keys},0,0,${keys},0`,
    );
    expect(await checked(cluster.entry)).toMatchObject({ healthy: true });
  });
});

describe.concurrent('one cluster of Redis 7.0 and 8.6', () => {
  const [older, newer] = [build('redis-7.0'), build('redis-8.6')].flat();

  test.skipIf(!older || !newer).for([
    ['to a newer server', [1]],
    ['between two newer ones, beside an older one', [0, 1]],
  ] as const)('%s', async ([, positions], t) => {
    if (!older || !newer) return;
    const builds = Object.fromEntries(positions.map(position => [position, newer]));
    const cluster = await TestCluster.startFor(t, { build: older, builds, replicasPerPrimary: 0 });
    const keys = await fillSlots(cluster, 0, { first: 0, last: 49 }, 10);
    expect(await slotctl(reshard(cluster, '0-49', 1))).toMatchObject(DONE);
    await until('the source has deleted them', async () => `${await keysPerNode(cluster)}` === `0,${keys},0`);
    expect(await checked(cluster.entry)).toMatchObject({ healthy: true });
  });
});

describe.concurrent.each(build('valkey-9.1'))('several databases on $name', server => {
  test.for(['migrate', 'auto'])('keys of all of them go, by %s', async (mover, t) => {
    const config = ['cluster-databases 4'];
    const cluster = await TestCluster.startFor(t, { build: server, config, replicasPerPrimary: 0 });
    for (const database of [1, 3, 0]) {
      await cluster.node(0).send('SELECT', `${database}`);
      await fillSlots(cluster, 0, { first: 0, last: 49 }, 10);
    }
    expect(await slotctl(reshard(cluster, '0-49', 1, '--mover', mover))).toMatchObject(DONE);
    await until('the source has deleted them', async () => `${await keysPerNode(cluster)}` === '0,1500,0');
    await cluster.node(1).send('SELECT', '3');
    expect(await cluster.node(1).send('DBSIZE')).toBe(500);
  });
});

describe.concurrent.each([build('redis-7.0'), build('valkey-9.1')].flat())(
  'what a source still holds on $name',
  server => {
    test('of slots that it gave away is told, and what it owns is not', async t => {
      const cluster = await TestCluster.startFor(t, { build: server, replicasPerPrimary: 0 });
      const [source, target] = [cluster.member(1), cluster.member(0)];
      const holder = cluster.node(1);
      await holder.send('CLUSTER', 'SETSLOT', '5', 'IMPORTING', target.id);
      await Promise.all([holder.send('ASKING'), holder.send('SET', keyIn(5, 'left'), 'value')]);
      await holder.send('CLUSTER', 'SETSLOT', '5', 'STABLE');
      await holder.send('SET', keyIn(6000, 'own'), 'value');
      const entry = { kind: 'tcp', host: target.host, port: target.port } as const;
      const fleet = new Fleet({ entry, connectTimeoutMs: 5000, replyTimeoutMs: 5000 });
      t.onTestFinished(() => fleet.close());
      const move = { from: source.id, to: target.id, slots: SlotSet.parse('4-5,6000') };
      const left = await keysLeftBehind(fleet, await inspect(fleet), [move]);
      expect(left.map(({ node, slots, keys }) => `${node} ${slots} ${keys}`)).toEqual([`${source.id} 5 1`]);
    });
  },
);
