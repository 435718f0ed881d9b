/** Slots move between real servers, with every kind of key in them, and nothing is lost. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { nodesAccordingTo, TestCluster } from '../support/cluster.ts';
import { contents, fill, keyCounts } from '../support/data.ts';
import { checked, formationOf } from '../support/formed.ts';
import { LoneNodes } from '../support/lone-nodes.ts';
import { slotctl, slotctlProcess } from '../support/run-slotctl.ts';
import { anyServer, serversUnderTest } from '../support/servers.ts';
import { removeFolder, tempFolder } from '../support/temp-folder.ts';

async function sizesOf(cluster: TestCluster): Promise<number[]> {
  const { primaries } = await formationOf(cluster.node(0));
  return primaries.map(node => (node.role === 'primary' ? node.slots.size : 0)).sort((a, b) => a - b);
}

describe.concurrent.each(serversUnderTest())('$name', build => {
  test.each(['migrate', 'auto'])('by %s: exactly so many slots, and every key as it was', async mover => {
    const cluster = await TestCluster.start({ build, replicasPerPrimary: 0, password: 'pw' });
    try {
      const login = { env: { REDISCLI_AUTH: 'pw' } };
      const keys = await fill(cluster, 300);
      const before = await contents(cluster, keys);
      const [a, b, c] = cluster.members.map(member => member.id);
      const words = ['reshard', cluster.entry, '--mover', mover, '--yes'];
      const one = await slotctl(
        [...words, '--cluster-from', `${a}`, '--cluster-to', `${b}`, '--cluster-slots', '700'],
        login,
      );
      expect(one.stderr).toBe('');
      expect(one.code).toBe(0);
      expect(await sizesOf(cluster)).toEqual([4761, 5461, 6162]);
      const all = await slotctl(
        [...words, '--cluster-from', 'all', '--cluster-to', `${c}`, '--cluster-slots', '1001'],
        login,
      );
      expect(all.stderr).toBe('');
      expect(all.code).toBe(0);
      const named = await slotctl(
        [...words, '--slots', '0-99,16000', '--cluster-to', cluster.node(1).address],
        login,
      );
      expect(named.stderr).toBe('');
      expect(named.code).toBe(0);
      // What scripts look for.
      expect(named.stdout.match(/^Moving slot \d+ from \S+ to \S+$/gm)).toHaveLength(101);
      expect(await contents(cluster, keys)).toEqual(before);
      expect(await keyCounts(cluster)).toBe(keys.length);
      const { stdout } = await slotctl(['check', cluster.entry, '--json'], login);
      expect(JSON.parse(stdout)).toMatchObject({ healthy: true });
    } finally {
      await cluster.dispose();
    }
  });

  test('rebalance evens out, fills new nodes, and empties two nodes in one run', async t => {
    const cluster = await TestCluster.startFor(t, {
      build,
      primaries: 5,
      replicasPerPrimary: 0,
      // As servers do unless they are told otherwise: an emptied primary turns into a replica.
      config: ['cluster-allow-replica-migration yes'],
    });
    const keys = await fill(cluster, 200);
    const before = await contents(cluster, keys);
    const weights = [`${cluster.member(0).id}=0`, `${cluster.member(3).id}=0`];
    const { code, stderr } = await slotctl([
      'rebalance',
      cluster.entry,
      '--cluster-weight',
      ...weights,
      '--yes',
    ]);
    expect(stderr).toBe('');
    expect(code).toBe(0);
    const owners = (await nodesAccordingTo(cluster.node(1))).filter(
      node => node.role === 'primary' && node.slots.size > 0,
    );
    expect(owners.map(node => node.role === 'primary' && node.slots.size).sort()).toEqual([5461, 5461, 5462]);
    expect(await contents(cluster, keys)).toEqual(before);
    const again = await slotctl(['rebalance', cluster.entry]);
    expect(again.stdout).toContain('No rebalancing needed!');
  });
});

describe.concurrent('on the way to something else', () => {
  test('a node is added with its share of the slots, and drained and removed again', async t => {
    const cluster = await TestCluster.startFor(t, {
      build: anyServer(),
      replicasPerPrimary: 0,
      nodeTimeoutMs: 1000,
    });
    const lone = await LoneNodes.startFor(t, { build: anyServer(), nodeTimeoutMs: 1000, count: 1 });
    const keys = await fill(cluster, 100);
    const before = await contents(cluster, keys);
    const [address = ''] = lone.addresses;
    const added = await slotctl(['add-node', address, cluster.entry, '--rebalance', '--yes']);
    expect(added.stderr).toBe('');
    expect(added.code).toBe(0);
    expect(await sizesOf(cluster)).toEqual([4096, 4096, 4096, 4096]);
    const refused = await slotctl(['del-node', cluster.entry, address, '--yes']);
    expect(refused.stderr).toContain('--drain');
    const removed = await slotctl(['del-node', cluster.entry, address, '--drain', '--yes', '--json']);
    expect(removed.stderr).toBe('');
    // Two plans, and one end.
    const events = removed.stdout.split('\n').flatMap(line => /"event":"(plan|end)"/.exec(line)?.[1] ?? []);
    expect(events).toEqual(['plan', 'plan', 'end']);
    expect(removed.code).toBe(0);
    expect((await sizesOf(cluster)).length).toBe(3);
    expect(await contents(cluster, keys)).toEqual(before);
  });
});

const build = anyServer();
const latest = serversUnderTest().at(-1) ?? build;

describe.concurrent('a move that is stopped', () => {
  test('finishes what is open at the first Ctrl-C, and goes on from the file that it leaves', async t => {
    for (const mover of ['migrate', 'auto']) {
      const cluster = await TestCluster.startFor(t, { build: latest, replicasPerPrimary: 0 });
      const keys = await fill(cluster, 300);
      const before = await contents(cluster, keys);
      const folder = tempFolder('plans');
      t.onTestFinished(() => removeFolder(folder));
      const words = ['reshard', cluster.entry, '--mover', mover, '--yes', '--trace', '--window', '8'];
      const which = [
        '--cluster-from',
        cluster.member(0).id,
        '--cluster-to',
        cluster.member(1).id,
        '--cluster-slots',
        '2000',
      ];
      let pressed = false;
      const run = await slotctlProcess([...words, ...which], {
        cwd: folder,
        watch: (child, text) => {
          if (pressed) return;
          pressed = /> (MIGRATE|CLUSTER MIGRATION IMPORT|CLUSTER MIGRATESLOTS)/.test(text);
          if (pressed) child.kill('SIGINT');
        },
      });
      const [file] = readdirSync(folder);
      if (run.code === 0) continue;
      expect(run.code).toBe(130);
      expect(run.stderr).toContain(`slotctl apply ${file}`);
      expect((await checked(cluster.entry)).kinds).not.toContain('slots-open');
      expect(await contents(cluster, keys)).toEqual(before);
      const applied = await slotctl(['apply', join(folder, `${file}`), '--yes']);
      expect(applied.stderr).toBe('');
      expect(applied.code).toBe(0);
      expect(await contents(cluster, keys)).toEqual(before);
      expect((await slotctl(['apply', join(folder, `${file}`)])).stdout).toContain('Nothing to do.');
    }
  });

  test.each([1, 2, 5, 9, 14, 20, 33])('is killed at command %d, and its plan goes on', async position => {
    const cluster = await TestCluster.start({ build, replicasPerPrimary: 0 });
    try {
      const keys = await fill(cluster, 150);
      const before = await contents(cluster, keys);
      const folder = tempFolder('plans');
      const file = join(folder, 'plan.json');
      const which = ['--cluster-from', 'all', '--cluster-to', cluster.member(1).id, '--cluster-slots', '300'];
      const planned = await slotctl(['reshard', cluster.entry, ...which, '--plan-out', file]);
      expect(planned.stdout).toContain(`slotctl apply ${file}`);
      let sent = 0;
      await slotctlProcess(['apply', file, '--yes', '--trace', '--mover', 'migrate', '--window', '4'], {
        cwd: folder,
        watch: (child, text) => {
          sent += text.match(/> (MIGRATE|CLUSTER SETSLOT \d+ NODE)/g)?.length ?? 0;
          if (sent >= position) child.kill('SIGKILL');
        },
      });
      const applied = await slotctl(['apply', file, '--yes', '--mover', 'migrate']);
      expect(applied.stderr).toBe('');
      expect(applied.code).toBe(0);
      expect(await contents(cluster, keys)).toEqual(before);
      expect(await checked(cluster.entry)).toMatchObject({ healthy: true });
      removeFolder(folder);
    } finally {
      await cluster.dispose();
    }
  });
});

describe.concurrent('what is refused', () => {
  test('numbers that are none, or that would do harm', async t => {
    const cluster = await TestCluster.startFor(t, { build, replicasPerPrimary: 0 });
    for (const words of [
      ['reshard', cluster.entry, '--cluster-pipeline', '0'],
      ['reshard', cluster.entry, '--cluster-timeout', 'soon'],
      ['reshard', cluster.entry, '--cluster-slots', '-5'],
      ['rebalance', cluster.entry, '--cluster-threshold', '-1'],
      ['rebalance', cluster.entry, '--cluster-weight', 'abc=-1'],
    ]) {
      const { code, stdout } = await slotctl(words);
      expect(stdout).toBe('');
      expect(code).toBe(2);
    }
    const words = ['reshard', cluster.entry, '--yes', '--cluster-to', cluster.member(0).id];
    const tooMany = await slotctl([
      ...words,
      '--cluster-from',
      cluster.member(1).id,
      '--cluster-slots',
      '9000',
    ]);
    expect(tooMany.stderr).toContain('owns 5462 slots that could move, and 9000 are wanted');
    expect(tooMany.code).toBe(4);
    expect((await checked(cluster.entry)).healthy).toBe(true);
  });
});
