/** A cluster is backed up while clients write to it, and is restored into clusters of other shapes and versions. */
import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, type TestContext, test } from 'vitest';
import type { Reply } from '../../src/resp/reply.ts';
import { tlsSettings } from '../../src/resp/tls-files.ts';
import { keySlot } from '../../src/topology/key-slot.ts';
import { makeCertificates } from '../support/certificates.ts';
import { nodesAccordingTo, TestCluster } from '../support/cluster.ts';
import { keyCounts } from '../support/data.ts';
import { slotctl, slotctlProcess } from '../support/run-slotctl.ts';
import type { ServerProcess } from '../support/server-process.ts';
import { anyServer, EXPECTED, serversUnderTest } from '../support/servers.ts';
import { fillSlots, keyIn } from '../support/slot-keys.ts';
import { removeFolder, tempFolder } from '../support/temp-folder.ts';
import { type Sample, samplesFor } from '../support/values.ts';

const LIBRARY = "#!lua name=lib\nredis.register_function('f', function() return 1 end)\n";
const PASSWORD = { env: { REDISCLI_AUTH: 'pw' } };

function folderFor(t: TestContext): string {
  const folder = tempFolder('backup');
  t.onTestFinished(() => removeFolder(folder));
  return join(folder, 'saved');
}

async function ownersIn(cluster: TestCluster): Promise<(key: Buffer) => ServerProcess> {
  const nodes = await nodesAccordingTo(cluster.node(0));
  return key => {
    const owner = nodes.find(node => node.role === 'primary' && node.slots.has(keySlot(key)));
    return cluster.node(cluster.members.findIndex(({ id }) => id === owner?.id));
  };
}

async function fill(cluster: TestCluster, samples: readonly Sample[]): Promise<void> {
  const owner = await ownersIn(cluster);
  for (const { key, make } of samples) for (const words of make) await owner(key).send(...words);
}

function shown(reply: Reply): string {
  if (Buffer.isBuffer(reply)) return reply.toString('latin1');
  return Array.isArray(reply) ? `[${(reply as readonly Reply[]).map(shown).join(',')}]` : `${reply}`;
}

async function contents(cluster: TestCluster, samples: readonly Sample[]): Promise<string[]> {
  const owner = await ownersIn(cluster);
  return Promise.all(
    samples.map(async ({ key, read }) => {
      const [value, until] = await Promise.all([
        owner(key).send(...read),
        owner(key).send('PEXPIRETIME', key),
      ]);
      return `${key.toString('latin1').slice(0, 40)} ${until} ${shown(value)}`;
    }),
  );
}

/** Every node's keys are written to until it is told to stop. */
function writing(cluster: TestCluster): { stop(): Promise<void> } {
  let isOver = false;
  const loops = cluster.nodes.map(async (node, i) => {
    const slot = cluster.member(i).slots.ranges[0]?.first ?? 0;
    for (let n = 0; !isOver; n++) await node.send('SET', keyIn(slot, `${n % 500}`), `${n}`, 'PX', '600000');
  });
  return {
    async stop() {
      isOver = true;
      await Promise.all(loops);
    },
  };
}

const builds = serversUnderTest().filter(({ name }) => EXPECTED.includes(name));
const newest = builds.filter(({ name }) => name !== 'redis-7.0');

describe.concurrent.each(builds)('$name', build => {
  test('every type of value, times to live and functions come through, into other shapes and newer servers', async t => {
    const folder = folderFor(t);
    // Only there a cluster can have more than one.
    const config = build.name === 'valkey-9.1' ? ['cluster-databases 4'] : [];
    const cluster = await TestCluster.startFor(t, { build, replicasPerPrimary: 0, password: 'pw', config });
    const inDatabase2 = keyIn(3, 'in database 2');
    if (config.length > 0)
      for (const words of [
        ['SELECT', '2'],
        ['SET', inDatabase2, 'value'],
        ['SELECT', '0'],
      ])
        await cluster.node(0).send(...words);
    const samples = samplesFor(build);
    await fill(cluster, samples);
    for (const node of cluster.nodes) await node.send('FUNCTION', 'LOAD', LIBRARY);
    // One saves to its own disk first, the others send as they read.
    await cluster.node(1).send('CONFIG', 'SET', 'repl-diskless-sync', 'no');
    const before = await contents(cluster, samples);
    const load = writing(cluster);
    const saved = await slotctl(['backup', cluster.entry, folder], PASSWORD);
    await load.stop();
    expect(saved.stderr).toBe('');
    expect(saved.code).toBe(0);
    expect(saved.stdout).toMatch(/^>>> Node \S+ -> Saving RDB\.\.\.$/m);
    expect(saved.stdout).toContain(`Saving cluster configuration to: ${folder}/nodes.json\n`);
    expect(saved.stdout).toContain(`[OK] Backup created into: ${folder}\n`);
    expect(readdirSync(folder).filter(name => name.startsWith('.'))).toEqual([]);
    for (const name of readdirSync(folder).filter(file => file.endsWith('.rdb')))
      expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600);
    const targets = build.name === 'redis-7.0' ? [build, ...newest] : [build];
    for (const target of targets) {
      const other = await TestCluster.startFor(t, {
        build: target,
        primaries: 4,
        replicasPerPrimary: 0,
        config,
      });
      const restored = await slotctl(['restore', folder, other.entry, '--yes']);
      expect(restored.stderr).toBe('');
      expect(restored.code).toBe(0);
      expect(restored.stdout).toMatch(/\[OK\] (\d+) of \1 keys restored/);
      expect(await contents(other, samples)).toEqual(before);
      for (const node of other.nodes) expect(await node.text('FUNCTION', 'LIST')).toContain('lib');
      if (config.length === 0) continue;
      await other.node(0).send('SELECT', '2');
      expect(await other.node(0).text('GET', inDatabase2)).toBe('value');
    }
  });
});

const build = anyServer();

async function backedUp(
  t: TestContext,
  ofEach = 2,
): Promise<{ cluster: TestCluster; folder: string; keys: number }> {
  const folder = folderFor(t);
  const cluster = await TestCluster.startFor(t, { build, replicasPerPrimary: 0 });
  const keys = await Promise.all(
    cluster.members.map(({ slots }, i) =>
      fillSlots(cluster, i, rangeFrom(slots.ranges[0]?.first ?? 0), ofEach),
    ),
  );
  const { code, stderr } = await slotctl(['backup', cluster.entry, folder]);
  expect([code, stderr]).toEqual([0, '']);
  return { cluster, folder, keys: keys.reduce((sum, n) => sum + n, 0) };
}

const rangeFrom = (first: number) => ({ first, last: first + 99 });

function dumpsIn(folder: string): string[] {
  return readdirSync(folder)
    .filter(name => name.endsWith('.rdb'))
    .map(name => join(folder, name));
}

describe.concurrent('a backup', () => {
  test('is that of the servers’ own tool, which can be restored as well', async t => {
    const { cluster, folder, keys } = await backedUp(t);
    const theirs = folderFor(t);
    mkdirSync(theirs);
    execFileSync(build.cli, ['--cluster', 'backup', cluster.entry, theirs], { stdio: 'pipe' });
    expect(readFileSync(join(folder, 'nodes.json'), 'utf8')).toBe(
      readFileSync(join(theirs, 'nodes.json'), 'utf8'),
    );
    expect(readdirSync(folder).filter(name => name !== 'manifest.json')).toEqual(readdirSync(theirs));
    for (const node of cluster.nodes) await node.send('FLUSHALL');
    const restored = await slotctl(['restore', theirs, cluster.entry, '--yes']);
    expect([restored.code, restored.stderr]).toEqual([0, '']);
    expect(await keyCounts(cluster)).toBe(keys);
  });

  test('is not overwritten, unless it is to be', async t => {
    const { cluster, folder } = await backedUp(t);
    const manifest = readFileSync(join(folder, 'manifest.json'), 'utf8');
    const refused = await slotctl(['backup', cluster.entry, folder]);
    expect(refused.code).toBe(4);
    expect(refused.stderr).toContain('--replace');
    expect(readFileSync(join(folder, 'manifest.json'), 'utf8')).toBe(manifest);
    const replaced = await slotctl(['backup', cluster.entry, folder, '--replace', '--json']);
    expect(replaced.code).toBe(0);
    const events = replaced.stdout
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line).event);
    expect(events.filter(event => event === 'saved')).toHaveLength(3);
    expect(events.at(-1)).toBe('end');
  });

  test('of replicas is the same data, and one of a shard without any is none', async t => {
    const cluster = await TestCluster.startFor(t, { build });
    const folder = folderFor(t);
    const keys = await fillSlots(cluster, 0, rangeFrom(0), 3);
    for (const position of [0, 1, 2]) await cluster.node(position).send('WAIT', '1', '5000');
    const saved = await slotctl(['backup', cluster.entry, folder, '--from-replicas', '--parallel', '1']);
    expect([saved.code, saved.stderr]).toEqual([0, '']);
    const files = readdirSync(folder).sort();
    const { dumps } = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8'));
    expect(dumps.map((dump: { role: string }) => dump.role)).toEqual(['replica', 'replica', 'replica']);
    expect(dumps.flatMap((dump: { keys: object }) => Object.values(dump.keys))).toEqual([keys]);
    await cluster.node(3).kill();
    const missing = await slotctl(['backup', cluster.entry, folder, '--from-replicas', '--replace']);
    expect(missing.code).toBe(1);
    expect(missing.stderr).toContain('no replica of it is in sync');
    // The one before is not given up for one that does not come about.
    expect(readdirSync(folder).sort()).toEqual(files);
    expect((await slotctl(['restore', folder, cluster.entry, '--replace', '--yes'])).code).toBe(0);
  });

  test('of which a node dies, even the one that was named, is no backup; what is whole stays, and nothing half', async t => {
    const cluster = await TestCluster.startFor(t, { build, replicasPerPrimary: 0 });
    const folder = folderFor(t);
    await fillSlots(cluster, 0, rangeFrom(0), 20);
    await cluster.node(0).send('CONFIG', 'SET', 'rdb-key-save-delay', '20000');
    const running = slotctl(['backup', cluster.entry, folder], {
      watch: text => {
        if (text.includes('Saved')) void cluster.node(0).kill();
      },
    });
    const { code, stderr } = await running;
    expect(code).toBe(1);
    expect(stderr).toContain(`[ERR] Node ${cluster.node(0).address}: `);
    expect(readdirSync(folder).filter(name => !name.endsWith('.rdb'))).toEqual([]);
    expect(dumpsIn(folder)).toHaveLength(2);
    expect((await slotctl(['restore', folder, cluster.entry, '--yes'])).code).toBe(2);
  });

  test('that is interrupted leaves nothing half', async t => {
    const cluster = await TestCluster.startFor(t, { build, replicasPerPrimary: 0 });
    const folder = folderFor(t);
    await fillSlots(cluster, 1, { first: 6000, last: 6099 }, 20);
    await cluster.node(1).send('CONFIG', 'SET', 'rdb-key-save-delay', '20000');
    const interrupt: { press?: () => void } = {};
    const { code } = await slotctl(['backup', cluster.entry, folder], {
      interrupt,
      watch: text => {
        if (text.includes('Saved')) interrupt.press?.();
      },
    });
    expect(code).toBe(130);
    expect(readdirSync(folder).filter(name => !name.endsWith('.rdb'))).toEqual([]);
  });

  test('needs a folder, and the right password', async t => {
    const cluster = await TestCluster.startFor(t, { build, replicasPerPrimary: 0, password: 'pw' });
    const folder = folderFor(t);
    const wrong = await slotctl(['backup', cluster.entry, folder], { env: { REDISCLI_AUTH: 'no' } });
    expect(wrong.code).toBe(3);
    expect(existsSync(folder)).toBe(false);
    const file = `${folder}.txt`;
    writeFileSync(file, '');
    const noFolder = await slotctl(['backup', cluster.entry, file], PASSWORD);
    expect(noFolder.code).toBe(1);
    expect(noFolder.stderr).toContain(`${file} cannot be written to`);
    expect((await slotctl(['backup', cluster.entry], PASSWORD)).code).toBe(2);
  });

  test('goes over TLS, for a user who may do no more than it takes', async t => {
    const certificates = makeCertificates(['IP:127.0.0.1', 'IP:127.0.0.2', 'IP:127.0.0.3']);
    t.onTestFinished(() => removeFolder(certificates.folder));
    const { ca, cert, key, config, read } = certificates;
    const settings = await tlsSettings(
      { ca: [read(ca)], cert: read(cert), key: read(key) },
      { insecure: false },
    );
    const cluster = await TestCluster.startFor(t, {
      build,
      replicasPerPrimary: 0,
      tls: { ...settings, config },
    });
    const rights = '+info +cluster|nodes +cluster|info +dbsize +psync +replconf';
    for (const node of cluster.nodes)
      await node.send('ACL', 'SETUSER', 'keeper', 'on', '>pw', ...rights.split(' '));
    await fillSlots(cluster, 0, rangeFrom(0), 3);
    const folder = folderFor(t);
    const words = ['--user', 'keeper', '--tls', '--cacert', ca, '--cert', cert, '--key', key];
    const { code, stderr } = await slotctl(['backup', cluster.entry, folder, ...words], PASSWORD);
    expect([code, stderr]).toEqual([0, '']);
    for (const file of readdirSync(folder))
      expect(readFileSync(join(folder, file), 'latin1')).not.toContain('pw');
    for (const node of cluster.nodes) {
      await node.send('FLUSHALL');
      await node.send('ACL', 'SETUSER', 'keeper', '-psync', '-replconf', '+restore', '~*');
    }
    const restored = await slotctl(['restore', folder, cluster.entry, '--yes', ...words], PASSWORD);
    expect([restored.code, restored.stderr]).toEqual([0, '']);
  });
});

describe.concurrent('a restore', () => {
  test('refuses what is damaged before it writes anything', async t => {
    const { cluster, folder } = await backedUp(t);
    for (const node of cluster.nodes) await node.send('FLUSHALL');
    const damages: readonly [string, (file: string, folder: string) => void, string][] = [
      ['short', file => writeFileSync(file, readFileSync(file).subarray(0, -100)), 'cut short'],
      ['flipped', file => writeFileSync(file, flipped(readFileSync(file))), 'checksum'],
      ['empty', file => writeFileSync(file, ''), 'does not begin as an RDB file'],
      [
        'exchanged',
        (file, at) => writeFileSync(file, readFileSync(dumpsIn(at)[1] ?? '')),
        'not the file that was saved',
      ],
    ];
    for (const [name, damage, complaint] of damages) {
      const damaged = `${folder}-${name}`;
      cpSync(folder, damaged, { recursive: true });
      damage(dumpsIn(damaged)[0] ?? '', damaged);
      const { code, stderr } = await slotctl(['restore', damaged, cluster.entry, '--yes']);
      expect(stderr).toContain(complaint);
      expect(code).toBe(4);
    }
    expect(await keyCounts(cluster)).toBe(0);
  });

  test('leaves keys that exist as they are, unless they are to be overwritten', async t => {
    const { cluster, folder, keys } = await backedUp(t);
    const [key] = (await cluster.node(0).send('KEYS', '*')) as Buffer[];
    await cluster.node(0).send('SET', key ?? '', 'of today');
    const kept = await slotctl(['restore', folder, cluster.entry, '--yes']);
    expect(kept.code).toBe(1);
    expect(kept.stderr).toContain(
      `0 of ${keys} keys restored, ${keys - 1} were there already, 1 existed with another value.`,
    );
    expect(await cluster.node(0).text('GET', key ?? '')).toBe('of today');
    const replaced = await slotctl(['restore', folder, cluster.entry, '--cluster-replace'], {
      answer: 'yes',
    });
    expect([replaced.code, replaced.stderr]).toEqual([0, '']);
    expect(replaced.stdout).toContain(`It holds ${keys} keys already.`);
    expect(await cluster.node(0).text('GET', key ?? '')).toBe('value');
    const asked = await slotctl(['restore', folder, cluster.entry]);
    expect(asked.code).toBe(4);
  });

  test('skips keys whose time is up', async t => {
    const cluster = await TestCluster.startFor(t, { build, replicasPerPrimary: 0 });
    const folder = folderFor(t);
    await cluster.node(0).send('SET', keyIn(7, 'stays'), 'value');
    await cluster.node(0).send('SET', keyIn(7, 'goes'), 'value', 'PX', '60000');
    expect((await slotctl(['backup', cluster.entry, folder])).code).toBe(0);
    await cluster.node(0).send('FLUSHALL');
    // The file says until when it lives; a moment later than that it is not there.
    for (const file of dumpsIn(folder)) {
      const bytes = readFileSync(file);
      // Before the name stand the time, the type and the length of the name.
      const at = bytes.indexOf(keyIn(7, 'goes')) - 10;
      if (at > 0) bytes.writeBigInt64LE(1n, at);
      bytes.fill(0, bytes.length - 8);
      writeFileSync(file, bytes);
    }
    rmSync(join(folder, 'manifest.json'));
    const { code, stdout } = await slotctl(['restore', folder, cluster.entry, '--yes']);
    expect(stdout).toContain('[OK] 1 of 2 keys restored, 1 had expired.');
    expect(code).toBe(0);
  });

  test('goes on while slots move', async t => {
    const { cluster, folder, keys } = await backedUp(t, 60);
    for (const node of cluster.nodes) await node.send('FLUSHALL');
    const { id } = cluster.member(1);
    const [restored, moved] = await Promise.all([
      slotctlProcess(['restore', folder, cluster.entry, '--yes']),
      slotctlProcess(['reshard', cluster.entry, '--slots', '0-99', '--cluster-to', id, '--yes']),
    ]);
    expect([moved.code, moved.stderr]).toEqual([0, '']);
    expect([restored.code, restored.stderr]).toEqual([0, '']);
    expect(await keyCounts(cluster)).toBe(keys);
  });

  test('of a key that a broken move has left in two places it takes the value of the owner', async t => {
    const cluster = await TestCluster.startFor(t, { build, primaries: 2, replicasPerPrimary: 0 });
    const folder = folderFor(t);
    const [low, high] = [keyIn(0, 'k'), keyIn(16383, 'k')];
    for (const [key, owner, other] of [
      [low, 0, 1],
      [high, 1, 0],
    ] as const) {
      await cluster.node(owner).send('SET', key, 'of the owner');
      const slot = `${keySlot(Buffer.from(key))}`;
      await cluster.node(other).send('CLUSTER', 'SETSLOT', slot, 'IMPORTING', cluster.member(owner).id);
      await cluster.node(other).send('ASKING');
      await cluster.node(other).send('SET', key, 'left behind');
      await cluster.node(other).send('CLUSTER', 'SETSLOT', slot, 'STABLE');
    }
    expect((await slotctl(['backup', cluster.entry, folder])).code).toBe(0);
    for (const flags of [[], ['--replace']]) {
      const other = await TestCluster.startFor(t, { build, primaries: 1, replicasPerPrimary: 0 });
      const { code, stderr } = await slotctl(['restore', folder, other.entry, '--yes', ...flags]);
      expect(stderr).toContain('2 of 4 keys restored, 2 existed with another value.');
      expect(code).toBe(1);
      for (const key of [low, high]) expect(await other.node(0).text('GET', key)).toBe('of the owner');
    }
  });

  test('puts no key of one database into another', async t => {
    const valkey = builds.find(({ name }) => name === 'valkey-9.1');
    if (!valkey) return t.skip('there is no valkey-9.1');
    const shape = { build: valkey, primaries: 1, replicasPerPrimary: 0 };
    const [from, fewer, to] = await Promise.all([
      TestCluster.startFor(t, { ...shape, config: ['cluster-databases 4'] }),
      TestCluster.startFor(t, shape),
      TestCluster.startFor(t, { ...shape, config: ['cluster-databases 4'] }),
    ]);
    await from.node(0).send('SET', 'k', 'of 0');
    await from.node(0).send('SELECT', '3');
    await from.node(0).send('SET', 'k', 'of 3');
    const folder = folderFor(t);
    expect((await slotctl(['backup', from.entry, folder])).code).toBe(0);
    const refused = await slotctl(['restore', folder, fewer.entry, '--replace', '--yes']);
    expect(refused.stderr).toContain(`${fewer.entry} has no database 3`);
    expect(refused.code).toBe(4);
    expect(await keyCounts(fewer)).toBe(0);
    // Who may not go to the other database must not write to the first one instead.
    await to.node(0).send('ACL', 'SETUSER', 'keeper', 'on', '>pw', '~*', '+@all', '-select');
    const stuck = await slotctl(['restore', folder, to.entry, '--yes', '--user', 'keeper'], PASSWORD);
    expect(stuck.stderr).toContain('SELECT was refused');
    expect(stuck.code).toBe(1);
    expect(await to.node(0).text('GET', 'k')).toBe('of 0');
    expect((await slotctl(['restore', folder, to.entry, '--replace', '--yes'])).code).toBe(0);
    expect(await to.node(0).text('GET', 'k')).toBe('of 0');
    await to.node(0).send('SELECT', '3');
    expect(await to.node(0).text('GET', 'k')).toBe('of 3');
  });

  test('refuses values that a node does not take, before it writes anything', async t => {
    const newer = builds.find(({ name }) => name === 'redis-8.6');
    const older = builds.find(({ name }) => name === 'redis-7.0');
    if (!newer || !older) return;
    const folder = folderFor(t);
    const from = await TestCluster.startFor(t, { build: newer, primaries: 1, replicasPerPrimary: 0 });
    await fillSlots(from, 0, rangeFrom(0), 1);
    expect((await slotctl(['backup', from.entry, folder])).code).toBe(0);
    const to = await TestCluster.startFor(t, { build: older, primaries: 1, replicasPerPrimary: 0 });
    const { code, stderr } = await slotctl(['restore', folder, to.entry, '--yes']);
    expect(stderr).toContain('does not take values of type 0 from an RDB file of version 13');
    expect(code).toBe(4);
    expect(await keyCounts(to)).toBe(0);
  });
});

function flipped(file: Buffer): Buffer {
  const at = file.length >> 1;
  file[at] = (file[at] ?? 0) ^ 1;
  return file;
}
