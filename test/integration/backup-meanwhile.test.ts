/** What happens to a cluster while it is backed up, and would leave keys in no file: none of it ends as a whole backup. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, type TestContext, test } from 'vitest';
import { TestCluster } from '../support/cluster.ts';
import { until } from '../support/poll.ts';
import { slotctl } from '../support/run-slotctl.ts';
import type { ServerProcess } from '../support/server-process.ts';
import { anyServer, EXPECTED, type ServerBuild, serversUnderTest } from '../support/servers.ts';
import { fillSlots, keyIn } from '../support/slot-keys.ts';
import { removeFolder, tempFolder } from '../support/temp-folder.ts';

const builds = serversUnderTest().filter(({ name }) => EXPECTED.includes(name));

function folderFor(t: TestContext): string {
  const folder = tempFolder('backup-meanwhile');
  t.onTestFinished(() => removeFolder(folder));
  return join(folder, 'saved');
}

function isSaving(node: ServerProcess): Promise<boolean> {
  return node.text('INFO', 'persistence').then(text => text.includes('rdb_bgsave_in_progress:1'));
}

/** Two primaries with 400 keys each; a save takes them seconds, and they are asked one after the other. */
async function slowPair(t: TestContext, build: ServerBuild): Promise<TestCluster> {
  const cluster = await TestCluster.startFor(t, { build, primaries: 2, replicasPerPrimary: 0 });
  await fillSlots(cluster, 0, { first: 0, last: 99 }, 4);
  await fillSlots(cluster, 1, { first: 16000, last: 16099 }, 4);
  return cluster;
}

const slowly = (cluster: TestCluster, position: number, microseconds: number) =>
  cluster.node(position).send('CONFIG', 'SET', 'rdb-key-save-delay', `${microseconds}`);

/** Their own tool's way, with nothing of ours in it. */
async function moveSlot(cluster: TestCluster, slot: number, from: number, to: number): Promise<void> {
  const [source, target] = [cluster.node(from), cluster.node(to)];
  await openSlot(cluster, slot, from, to);
  await migrateAll(cluster, slot, from, to);
  for (const node of [target, source])
    await node.send('CLUSTER', 'SETSLOT', `${slot}`, 'NODE', cluster.member(to).id);
}

async function openSlot(cluster: TestCluster, slot: number, from: number, to: number): Promise<void> {
  await cluster.node(to).send('CLUSTER', 'SETSLOT', `${slot}`, 'IMPORTING', cluster.member(from).id);
  await cluster.node(from).send('CLUSTER', 'SETSLOT', `${slot}`, 'MIGRATING', cluster.member(to).id);
}

async function migrateAll(cluster: TestCluster, slot: number, from: number, to: number): Promise<void> {
  const { host, port } = cluster.member(to);
  const keys = (await cluster.node(from).send('CLUSTER', 'GETKEYSINSLOT', `${slot}`, '1000')) as Buffer[];
  await cluster.node(from).send('MIGRATE', host, `${port}`, '', '0', '60000', 'KEYS', ...keys);
}

function atomically(cluster: TestCluster, slots: string, to: number): Promise<{ code: number | null }> {
  const words = ['reshard', cluster.entry, '--slots', slots, '--to', cluster.member(to).id, '--yes'];
  return slotctl([...words, '--mover', 'atomic']);
}

/** Backs up node 0 and then node 1; what is done in the middle of either save is done while that one is under way. */
async function backUpSlowly(
  cluster: TestCluster,
  folder: string,
  during: readonly (() => Promise<unknown>)[],
): Promise<{ code: number | null; stderr: string }> {
  for (const node of cluster.nodes)
    await until(`${node.address} saves no more`, async () => !(await isSaving(node)));
  const work = during.map(async (act, position) => {
    await until(`node ${position} saves`, () => isSaving(cluster.node(position)));
    await act();
  });
  const [result] = await Promise.all([
    slotctl(['backup', cluster.entry, folder, '--parallel', '1', '--replace']),
    ...work,
  ]);
  return result;
}

describe.concurrent.each(builds)('$name: slots that go and are back at the end', build => {
  const SLOT = 16000;

  test('are seen by what the way back has left in the config epochs', async t => {
    const cluster = await slowPair(t, build);
    const folder = folderFor(t);
    await slowly(cluster, 0, 5000);
    await slowly(cluster, 1, 5000);
    const { code, stderr } = await backUpSlowly(cluster, folder, [
      () => moveSlot(cluster, SLOT, 1, 0),
      () => moveSlot(cluster, SLOT, 0, 1),
    ]);
    expect(stderr).toMatch(/\[ERR\] (Slots moved|.* took over slots) during the backup/);
    expect(code).toBe(1);
    expect(existsSync(join(folder, 'manifest.json'))).toBe(false);
  });

  test('only with their keys, of which no epoch tells, are seen while they are open', async t => {
    const cluster = await slowPair(t, build);
    const folder = folderFor(t);
    await slowly(cluster, 0, 5000);
    await slowly(cluster, 1, 5000);
    const { code, stderr } = await backUpSlowly(cluster, folder, [
      async () => {
        await openSlot(cluster, SLOT, 1, 0);
        await migrateAll(cluster, SLOT, 1, 0);
      },
      async () => {
        // The other way, and closed where it was.
        await migrateAll(cluster, SLOT, 0, 1).catch(() => {});
        for (const position of [0, 1])
          await cluster.node(position).send('CLUSTER', 'SETSLOT', `${SLOT}`, 'STABLE');
      },
    ]);
    expect(stderr).toContain(`(${SLOT})`);
    expect(code).toBe(1);
    expect(existsSync(join(folder, 'manifest.json'))).toBe(false);
  });

  if (build.name === 'redis-7.0') return;

  test('atomically, are seen too', async t => {
    const cluster = await slowPair(t, build);
    const folder = folderFor(t);
    await slowly(cluster, 1, 20_000);
    // Before the first one has forked they go, and while the second one saves they come back.
    const moved: number[] = [];
    await slowly(cluster, 0, 2000);
    const { code, stderr } = await backUpSlowly(cluster, folder, [
      async () => {
        moved.push((await atomically(cluster, '16000-16099', 0)).code ?? -1);
      },
      async () => {
        await until('node 0 does not save', async () => !(await isSaving(cluster.node(0))));
        moved.push((await atomically(cluster, '16000-16099', 1)).code ?? -1);
      },
    ]);
    expect(moved).toEqual([0, 0]);
    expect(stderr).toMatch(/\[ERR\] (Slots moved|.* took over slots) during the backup/);
    expect(code).toBe(1);
    expect(existsSync(join(folder, 'manifest.json'))).toBe(false);
  });
});

describe.concurrent.each(builds)('$name: a node that comes back empty', build => {
  const wholeBackup = async (t: TestContext) => {
    const cluster = await slowPair(t, build);
    const folder = folderFor(t);
    expect((await slotctl(['backup', cluster.entry, folder])).code).toBe(0);
    return { cluster, folder, manifest: readFileSync(join(folder, 'manifest.json'), 'utf8') };
  };

  test('in the middle does not cost the backup that was there, nor in the classic spelling', async t => {
    const { cluster, folder, manifest } = await wholeBackup(t);
    await slowly(cluster, 0, 10_000);
    for (const words of [
      ['backup', cluster.entry, folder, '--parallel', '1', '--replace'],
      ['--cluster', 'backup', cluster.entry, folder],
    ]) {
      // The child of the backup before may not have been waited for yet.
      await until('node 0 saves no more', async () => !(await isSaving(cluster.node(0))));
      // All at once in the second spelling: the node has given its data by then.
      const isGiven = { seen: words[0] === 'backup' };
      const restart = async () => {
        await until('node 0 saves', () => isSaving(cluster.node(0)));
        await until('node 1 has given its data', () => isGiven.seen);
        cluster.node(0).signal('SIGSTOP');
        await cluster.node(1).restart();
        cluster.node(0).signal('SIGCONT');
      };
      const watch = (text: string) => {
        isGiven.seen ||= text.includes(`Saved ${cluster.node(1).address}`);
      };
      const [{ code, stdout, stderr }] = await Promise.all([slotctl(words, { watch }), restart()]);
      // The servers' own tools say it among the results.
      expect(stdout + stderr).toContain(`[ERR] ${cluster.node(1).address} was restarted during the backup`);
      expect(code).toBe(1);
      expect(readFileSync(join(folder, 'manifest.json'), 'utf8')).toBe(manifest);
      await cluster.settled();
      await fillSlots(cluster, 1, { first: 16000, last: 16099 }, 4);
    }
  });

  test('before it began does not cost it either, unless that is meant', async t => {
    const { cluster, folder, manifest } = await wholeBackup(t);
    await cluster.node(1).restart();
    await cluster.settled();
    for (const words of [
      ['backup', cluster.entry, folder, '--replace'],
      ['--cluster', 'backup', cluster.entry, folder],
    ]) {
      const { code, stdout, stderr } = await slotctl(words);
      expect(stdout + stderr).toContain('--accept-shrunk');
      expect(stdout + stderr).toContain('400 keys');
      expect(code).toBe(1);
      expect(readFileSync(join(folder, 'manifest.json'), 'utf8')).toBe(manifest);
    }
    const accepted = await slotctl(['backup', cluster.entry, folder, '--replace', '--accept-shrunk']);
    expect([accepted.code, accepted.stderr]).toEqual([0, '']);
    expect(readdirSync(folder).filter(name => name.startsWith('.'))).toEqual([]);
  });
});

const build = anyServer();

describe.concurrent('a backup', () => {
  test('is not whole where a shard has lost most of its keys since the first look', async t => {
    const cluster = await slowPair(t, build);
    const folder = folderFor(t);
    await slowly(cluster, 0, 5000);
    const { code, stderr } = await backUpSlowly(cluster, folder, [() => cluster.node(1).send('FLUSHALL')]);
    expect(stderr).toContain('--accept-shrunk');
    expect(code).toBe(1);
    expect(existsSync(join(folder, 'manifest.json'))).toBe(false);
  });

  test('of replicas has all that the primary had when it was first looked at', async t => {
    const cluster = await TestCluster.startFor(t, {
      build,
      primaries: 1,
      hosts: ['127.0.0.1'],
      config: ['repl-timeout 60'],
      nodeTimeoutMs: 30_000,
    });
    const folder = folderFor(t);
    const replica = cluster.node(1);
    // It stands still as far as its primary's words go, and answers everybody else.
    const stuck = replica.send('CLIENT', 'PAUSE', '3000', 'WRITE');
    await stuck;
    await cluster.node(0).send('SET', keyIn(5, 'late'), 'value');
    const { code, stderr } = await slotctl(['backup', cluster.entry, folder, '--from-replicas']);
    expect([code, stderr]).toEqual([0, '']);
    const { dumps } = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8'));
    expect(dumps[0].keys).toEqual({ '0': 1 });
  });

  test('does not wait for what is no file', async t => {
    const cluster = await TestCluster.startFor(t, { build, primaries: 1, replicasPerPrimary: 0 });
    const folder = folderFor(t);
    expect((await slotctl(['backup', cluster.entry, folder])).code).toBe(0);
    rmSync(join(folder, 'manifest.json'));
    execFileSync('mkfifo', [join(folder, 'manifest.json')]);
    const { code, stderr } = await slotctl(['backup', cluster.entry, folder, '--replace']);
    expect([code, stderr]).toEqual([0, '']);
    expect(readFileSync(join(folder, 'manifest.json'), 'utf8')).toContain('slotctl-backup');
  });
});
