/** What happens to a cluster while it is restored to: exit 0 means that every key of the backup is there. */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, type TestContext, test } from 'vitest';
import { keySlot } from '../../src/topology/key-slot.ts';
import { nodesAccordingTo, TestCluster } from '../support/cluster.ts';
import { ownersIn } from '../support/data.ts';
import { LoneNodes } from '../support/lone-nodes.ts';
import { until } from '../support/poll.ts';
import { slotctl } from '../support/run-slotctl.ts';
import type { ServerProcess } from '../support/server-process.ts';
import { anyServer, EXPECTED, type ServerBuild, serversUnderTest } from '../support/servers.ts';
import { fillSlots, keyIn } from '../support/slot-keys.ts';
import { removeFolder, tempFolder } from '../support/temp-folder.ts';
import { samplesFor } from '../support/values.ts';

const builds = serversUnderTest().filter(({ name }) => EXPECTED.includes(name));
const build = anyServer();

function folderFor(t: TestContext): string {
  const folder = tempFolder('restore-meanwhile');
  t.onTestFinished(() => removeFolder(folder));
  return join(folder, 'saved');
}

const VALUE_BYTES = 400;

/** So many keys, with values that nothing compresses; told are their names. */
async function fillLarge(cluster: TestCluster, keys: number): Promise<string[]> {
  const owner = await ownersIn(cluster);
  const names = Array.from({ length: keys }, (_, i) => `large:${i}`);
  for (let from = 0; from < keys; from += 2000)
    await Promise.all(
      names
        .slice(from, from + 2000)
        .map(name => owner(Buffer.from(name)).send('SET', name, randomBytes(VALUE_BYTES))),
    );
  return names;
}

/** By a client of its own. */
async function missingFrom(cluster: TestCluster, names: readonly string[]): Promise<number> {
  const owner = await ownersIn(cluster);
  let missing = 0;
  for (let from = 0; from < names.length; from += 2000) {
    const found = await Promise.all(
      names.slice(from, from + 2000).map(name => owner(Buffer.from(name)).send('EXISTS', name)),
    );
    missing += found.filter(there => there !== 1).length;
  }
  return missing;
}

async function backedUp(t: TestContext, cluster: TestCluster): Promise<string> {
  const folder = folderFor(t);
  const { code, stderr, stdout } = await slotctl(['backup', cluster.entry, folder]);
  expect([code, stderr], stdout).toEqual([0, '']);
  return folder;
}

async function flush(cluster: TestCluster): Promise<void> {
  for (const [i, node] of cluster.nodes.entries())
    if (cluster.member(i).primary === undefined) await node.send('FLUSHALL', 'SYNC');
}

/** Does something once, when this share of the files was read. */
function atShare(share: number, work: () => Promise<unknown>) {
  let done: Promise<unknown> | undefined;
  return {
    watch: (text: string) => {
      for (const line of text.split('\n').filter(Boolean)) {
        const { event, bytes, of } = JSON.parse(line);
        if (event === 'read' && bytes >= of * share) done ??= work();
      }
    },
    finished: async () => {
      expect(done).toBeDefined();
      await done;
    },
  };
}

const pair = (t: TestContext, of: ServerBuild, more: Partial<Parameters<typeof TestCluster.start>[0]> = {}) =>
  TestCluster.startFor(t, { build: of, primaries: 2, replicasPerPrimary: 0, ...more });

async function memoryOf(cluster: TestCluster, position: number): Promise<number> {
  const info = await cluster.node(position).text('INFO', 'memory');
  return Number(/used_memory:(\d+)/.exec(info)?.[1]);
}

describe.concurrent.each(builds)('$name: a restore', of => {
  test('into nodes without room is refused before anything is written; who insists is told what was evicted', async t => {
    const cluster = await pair(t, of);
    const names = await fillLarge(cluster, 20_000);
    const folder = await backedUp(t, cluster);
    await flush(cluster);
    const limit = (await memoryOf(cluster, 0)) + 2_500_000;
    for (const policy of ['allkeys-lru', 'volatile-ttl', 'noeviction']) {
      for (const node of cluster.nodes) {
        await node.send('CONFIG', 'SET', 'maxmemory-policy', policy);
        await node.send('CONFIG', 'SET', 'maxmemory', `${limit}`);
      }
      const refused = await slotctl(['restore', folder, cluster.entry, '--yes']);
      expect(refused.stderr).toContain(`[ERR] ${cluster.entry} has no room`);
      expect(refused.stderr).toContain('--despite-findings');
      expect(refused.code).toBe(4);
      expect(await missingFrom(cluster, names)).toBe(names.length);
    }
    for (const flags of [[], ['--replace']]) {
      await flush(cluster);
      // A server does not give all memory back, and one that is above its limit when empty refuses even the trial.
      for (const [i, node] of cluster.nodes.entries()) {
        await node.send('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru');
        await node.send('CONFIG', 'SET', 'maxmemory', `${(await memoryOf(cluster, i)) + 2_500_000}`);
      }
      const words = ['restore', folder, cluster.entry, '--yes', '--despite-findings', ...flags];
      const { code, stderr } = await slotctl(words);
      expect(await missingFrom(cluster, names)).toBeGreaterThan(0);
      expect(stderr).toMatch(/\[ERR\] \S+ has evicted \d+ keys since the restore began/);
      expect(code).toBe(1);
    }
  });

  test('stops at the first eviction that began while it ran', async t => {
    const cluster = await pair(t, of, { config: ['maxmemory-policy allkeys-lru'] });
    const names = await fillLarge(cluster, 20_000);
    const folder = await backedUp(t, cluster);
    await flush(cluster);
    const limit = (await memoryOf(cluster, 1)) + 1_000_000;
    // After the question there is less room than when it was looked for.
    const { code, stderr } = await slotctl(['restore', folder, cluster.entry], {
      answer: async () => {
        await cluster.node(1).send('CONFIG', 'SET', 'maxmemory', `${limit}`);
        return 'yes';
      },
    });
    expect(await missingFrom(cluster, names)).toBeGreaterThan(0);
    expect(stderr).toMatch(new RegExp(`${cluster.node(1).address} (has evicted|is full)`));
    expect(stderr).toMatch(/sending has stopped/i);
    expect(code).toBe(1);
  });

  test.for([
    // Before anything is sent, when a value is tried.
    { refusal: 'NOREPLICAS', share: 0 },
    { refusal: 'NOREPLICAS', share: 0.3 },
    { refusal: 'BUSY', share: 0.3 },
  ])('waits for a node that says $refusal for a while, from $share on, and says so', async (row, t) => {
    const cluster = await pair(t, of, { config: ['lua-time-limit 1'] });
    const names = await fillLarge(cluster, 10_000);
    const folder = await backedUp(t, cluster);
    await flush(cluster);
    const node = cluster.node(0);
    const { host, port } = node.setup;
    const require = (replicas: string) => node.send('CONFIG', 'SET', 'min-replicas-to-write', replicas);
    const runScript = () => node.send('EVAL', 'while true do end', '0').catch(() => {});
    const killScript = () => execFileSync(of.cli, ['-h', host, '-p', `${port}`, 'SCRIPT', 'KILL']);
    const [begin, end] =
      row.refusal === 'BUSY'
        ? [runScript, async () => killScript()]
        : [() => require('1'), () => require('0')];
    if (row.share === 0) await begin();
    const trouble = atShare(row.share, begin);
    let ended: Promise<unknown> | undefined;
    const { code, stdout, stderr } = await slotctl(['restore', folder, cluster.entry, '--yes', '--json'], {
      watch: text => {
        if (row.share > 0) trouble.watch(text);
        if (text.includes(`RESTORE was refused: ${row.refusal} `) && text.includes('trying again'))
          ended ??= end();
      },
    });
    expect([code, stderr], stdout.slice(-2000)).toEqual([0, '']);
    expect(ended).toBeDefined();
    expect(await missingFrom(cluster, names)).toBe(0);
  });

  test.for([{ flags: [] }, { flags: ['--replace'] }])(
    'sends what a node has lost that comes back empty once more %j',
    async ({ flags }, t) => {
      const cluster = await pair(t, of);
      const names = await fillLarge(cluster, 30_000);
      const folder = await backedUp(t, cluster);
      if (flags.length === 0) await flush(cluster);
      const kill = atShare(0.5, () => cluster.node(1).restart());
      const words = ['restore', folder, cluster.entry, '--yes', '--json', ...flags];
      const { code, stdout } = await slotctl(words, { watch: kill.watch });
      await kill.finished();
      expect(await missingFrom(cluster, names)).toBe(0);
      expect(stdout).toContain(`${cluster.node(1).address} was restarted`);
      expect(code).toBe(0);
    },
  );

  test('sends what was lost in a failover once more', async t => {
    const cluster = await pair(t, of, { replicasPerPrimary: 1, nodeTimeoutMs: 30_000 });
    const names = await fillLarge(cluster, 30_000);
    const folder = await backedUp(t, cluster);
    await flush(cluster);
    const replica = cluster.node(3);
    // It says yes to its primary, and applies nothing.
    await replica.send('CLIENT', 'PAUSE', '600000', 'WRITE');
    const takeOver = atShare(0.6, async () => {
      await cluster.node(1).kill();
      await replica.send('CLUSTER', 'FAILOVER', 'TAKEOVER');
      await replica.send('CLIENT', 'UNPAUSE');
    });
    const { code, stdout } = await slotctl(['restore', folder, cluster.entry, '--yes', '--json'], {
      watch: takeOver.watch,
    });
    await takeOver.finished();
    expect(code, stdout.slice(-2000)).toBe(0);
    expect(await ownersAfter([cluster.node(0), replica], names)).toBe(0);
  });

  test('that is run again finds all there, whatever the type of its values', async t => {
    const cluster = await pair(t, of);
    const owner = await ownersIn(cluster);
    for (const { key, make } of samplesFor(of)) for (const words of make) await owner(key).send(...words);
    const many = Array.from({ length: 2000 }, (_, i) => `member ${i}`);
    await owner(Buffer.from('a set')).send('SADD', 'a set', ...many);
    await owner(Buffer.from('a hash')).send('HSET', 'a hash', ...many.flatMap(name => [name, `of ${name}`]));
    await owner(Buffer.from('a zset')).send(
      'ZADD',
      'a zset',
      ...many.flatMap((name, i) => [`${i % 7}`, name]),
    );
    await owner(Buffer.from('mortal')).send('SET', 'mortal', 'value', 'PX', '10000000');
    const folder = await backedUp(t, cluster);
    for (const to of builds.filter(({ name }) => of.name === 'redis-7.0' || name === of.name)) {
      const other = await TestCluster.startFor(t, { build: to, primaries: 3, replicasPerPrimary: 0 });
      const first = await slotctl(['restore', folder, other.entry, '--yes']);
      expect([first.code, first.stderr]).toEqual([0, '']);
      const before = await Promise.all(other.nodes.map(node => node.send('DBSIZE')));
      const again = await slotctl(['restore', folder, other.entry, '--yes']);
      expect(again.stderr).toBe('');
      expect(again.stdout).toMatch(/\[OK\] 0 of (\d+) keys restored, \1 were there already\./);
      expect(again.code).toBe(0);
      expect(await Promise.all(other.nodes.map(node => node.send('DBSIZE')))).toEqual(before);
      // One member less, one time to live more: neither is the same.
      const there = await ownersIn(other);
      await there(Buffer.from('a set')).send('SREM', 'a set', 'member 7');
      await there(Buffer.from('a zset')).send('PEXPIRE', 'a zset', '10000000');
      const differ = await slotctl(['restore', folder, other.entry, '--yes']);
      expect(differ.stderr).toContain('2 existed with another value');
      expect(differ.code).toBe(1);
    }
  });

  test('says which key is missing, however many others have come to its slot', async t => {
    const cluster = await pair(t, of);
    const taken = new Set((await fillLarge(cluster, 20_000)).map(name => keySlot(Buffer.from(name))));
    const slot = Array.from({ length: 8000 }, (_, i) => i).find(i => !taken.has(i as never)) ?? 0;
    const victim = keyIn(slot, 'victim');
    await cluster.node(0).send('SET', victim, 'value');
    const folder = await backedUp(t, cluster);
    await flush(cluster);
    const owner = cluster.node(0);
    // Another client takes it away as soon as it is there, and writes others.
    let isOver = false;
    const rival = (async () => {
      for (let i = 0; !isOver; i++) {
        await owner.send('DEL', victim);
        if (i < 50) await owner.send('SET', keyIn(slot, `other ${i}`), 'value');
      }
    })();
    const { code, stderr } = await slotctl(['restore', folder, cluster.entry, '--yes']);
    isOver = true;
    await rival;
    expect(stderr).toContain('[ERR] 1 key of the backup is missing');
    expect(stderr).toContain('victim');
    expect(code).toBe(1);
  });
});

const older = builds.filter(({ name }) => name === 'redis-7.0');
const newer = builds.filter(({ name }) => name === 'redis-8.6');
const pairs = newer.flatMap(build => older.map(than => ({ name: build.name, build, than })));

/** It takes no values of its primary, neither from it nor from a backup. */
async function addOlderReplica(t: TestContext, cluster: TestCluster, of: ServerBuild, position: number) {
  const lone = await LoneNodes.startFor(t, {
    build: of,
    count: 1,
    hosts: ['127.0.0.9'],
    nodeTimeoutMs: 30_000,
  });
  const replica = lone.node(0);
  const { host, port, busPort } = cluster.member(0);
  await replica.send('CLUSTER', 'MEET', host, `${port}`, `${busPort}`);
  const hears = async () => (await nodesAccordingTo(replica)).filter(({ linked }) => linked).length;
  await until('it knows all nodes', async () => (await hears()) === cluster.nodes.length + 1);
  await replica.send('CLUSTER', 'REPLICATE', cluster.member(position).id);
  for (const node of cluster.nodes)
    await until('all know it as a replica', async () =>
      (await nodesAccordingTo(node)).some(({ role, linked }) => role === 'replica' && linked),
    );
  return replica;
}

describe.concurrent.each(pairs)(
  '$name: a restore to a cluster with an older replica',
  ({ build: of, than }) => {
    test.for([0.5, 1])(
      'that takes over when %d of it is read: all that it refuses is counted',
      async (share, t) => {
        const cluster = await TestCluster.startFor(t, {
          build: of,
          primaries: 2,
          replicasPerPrimary: 0,
          nodeTimeoutMs: 30_000,
        });
        const names = await fillLarge(cluster, 10_000);
        const folder = await backedUp(t, cluster);
        await flush(cluster);
        const replica = await addOlderReplica(t, cluster, than, 1);
        const takeOver = atShare(share, async () => {
          await cluster.node(1).kill();
          await replica.send('CLUSTER', 'FAILOVER', 'TAKEOVER');
        });
        const { code, stdout } = await slotctl(
          ['restore', folder, cluster.entry, '--yes', '--json', '--despite-findings'],
          { watch: takeOver.watch },
        );
        await takeOver.finished();
        const missing = await ownersAfter([cluster.node(0), replica], names);
        expect(missing).toBeGreaterThan(0);
        expect(stdout.slice(-400)).toContain(`, ${missing} were not taken`);
        expect(stdout).toContain(`${names.length - missing} of ${names.length} keys restored`);
        expect(stdout).not.toMatch(/not there/);
        expect(code).toBe(1);
      },
    );
  },
);

/** The one that was killed knows nothing; who took over is asked for what was its primary's. */
async function ownersAfter(nodes: readonly ServerProcess[], names: readonly string[]): Promise<number> {
  let missing = 0;
  for (let from = 0; from < names.length; from += 2000) {
    const some = names.slice(from, from + 2000);
    const found = await Promise.all(
      some.map(async name => {
        const asked = await Promise.all(nodes.map(node => node.send('EXISTS', name).catch(() => 0)));
        return asked.includes(1);
      }),
    );
    missing += found.filter(there => !there).length;
  }
  return missing;
}

describe.concurrent('a restore', () => {
  test('tries nothing on servers before somebody has agreed, and names the libraries that they would run', async t => {
    const cluster = await pair(t, build);
    await fillSlots(cluster, 0, { first: 0, last: 9 }, 1);
    for (const node of cluster.nodes)
      await node.send(
        'FUNCTION',
        'LOAD',
        "#!lua name=mine\nredis.register_function('f', function() return 1 end)\n",
      );
    const folder = await backedUp(t, cluster);
    const { code, stdout } = await slotctl(['restore', folder, cluster.entry]);
    expect(code).toBe(4);
    expect(stdout).toContain('1 function library (mine)');
    for (const node of cluster.nodes)
      expect(await node.text('INFO', 'commandstats')).not.toContain('cmdstat_restore:');
  });

  test('does not wait for what is no file', async t => {
    const cluster = await pair(t, build);
    const folder = await backedUp(t, cluster);
    for (const name of readdirSync(folder).filter(file => file !== 'nodes.json')) {
      const path = join(folder, name);
      execFileSync('mv', [path, `${path}.kept`]);
      for (const make of [
        ['mkfifo', path],
        ['mkdir', path],
        ['ln', '-s', '/dev/zero', path],
      ]) {
        execFileSync(make[0] ?? '', make.slice(1));
        const { code, stderr } = await slotctl(['restore', folder, cluster.entry, '--yes']);
        expect(stderr).toContain(`${path} cannot be read: it is not a regular file`);
        expect(code).not.toBe(0);
        rmSync(path, { recursive: true });
      }
      execFileSync('mv', [`${path}.kept`, path]);
    }
    expect((await slotctl(['restore', folder, cluster.entry, '--yes'])).code).toBe(0);
  });

  test('reads what was saved from an address with a zone', async t => {
    if (!existsSync('/proc/net/if_inet6')) return;
    const cluster = await TestCluster.startFor(t, {
      build,
      primaries: 1,
      replicasPerPrimary: 0,
      config: ['bind 127.0.0.1 ::1'],
      hosts: ['127.0.0.1'],
    });
    await fillSlots(cluster, 0, { first: 0, last: 9 }, 1);
    const folder = folderFor(t);
    const saved = await slotctl(['backup', `[::1%lo]:${cluster.member(0).port}`, folder]);
    expect([saved.code, saved.stderr]).toEqual([0, '']);
    await flush(cluster);
    for (const leftOut of ['', 'manifest.json']) {
      if (leftOut !== '') rmSync(join(folder, leftOut));
      const { code, stderr } = await slotctl(['restore', folder, cluster.entry, '--yes']);
      expect([code, stderr]).toEqual([0, '']);
    }
    expect(await cluster.node(0).send('DBSIZE')).toBe(10);
  });
});
