/** Ways to lose data, or to be told what is not so, each tried on real servers. */
import { describe, expect, test } from 'vitest';
import { nodesAccordingTo, TestCluster } from '../support/cluster.ts';
import { checked, formationOf, replicaCounts } from '../support/formed.ts';
import { LoneNodes } from '../support/lone-nodes.ts';
import { until } from '../support/poll.ts';
import { freePort } from '../support/ports.ts';
import { BIN, slotctl, slotctlProcess, type TerminalSetup } from '../support/run-slotctl.ts';
import { anyServer, installedServers } from '../support/servers.ts';

const build = anyServer();
const nodeTimeoutMs = 800;
const FAST = ['--reply-timeout', '4', '--connect-timeout', '4'];

const LIBRARY = '#!lua name=lib1\nredis.register_function("f1", function() return 1 end)';

describe.concurrent('data', () => {
  test('the last copy of a dead primary’s keys is neither removed nor made to copy another', async t => {
    const cluster = await TestCluster.startFor(t, { build, nodeTimeoutMs });
    // Slot 8943 is in the middle third.
    const [owner, replica, entry] = [cluster.node(1), cluster.node(4), cluster.node(2)];
    await owner.send('SET', '{t1}key', 'value');
    await until('the replica has it', async () => (await replica.send('DBSIZE')) === 1);
    await owner.kill();
    for (const words of [
      ['del-node', entry.address, replica.address],
      ['del-node', entry.address, replica.address, '--keep-data'],
      ['replicate', entry.address, replica.address, entry.address],
    ]) {
      const { code, stderr } = await slotctl([...words, '--yes', ...FAST]);
      expect(stderr).toContain(`${replica.address} has the only copy of slots`);
      expect(code).toBe(4);
    }
    expect(await replica.send('DBSIZE')).toBe(1);
  });

  test('a node that was reset and filled again is not emptied, although members still list it', async t => {
    const cluster = await TestCluster.startFor(t, { build, nodeTimeoutMs, replicasPerPrimary: 0 });
    const lone = await LoneNodes.startFor(t, { build, nodeTimeoutMs, count: 1 });
    const [address = ''] = lone.addresses;
    expect((await slotctl(['add-node', address, cluster.entry, '--yes'])).code).toBe(0);
    await lone.node(0).send('CLUSTER', 'RESET', 'SOFT');
    await lone.node(0).send('CLUSTER', 'ADDSLOTSRANGE', '0', '99');
    const { code, stderr } = await slotctl([
      'add-node',
      address,
      cluster.entry,
      '--yes',
      '--despite-findings',
    ]);
    expect(stderr).toContain(`[ERR] Node ${address} already owns slots 0-99`);
    expect(code).toBe(4);
  });

  test('a foreign server at a mistyped port is not shut down', async t => {
    const cluster = await TestCluster.startFor(t, { build, nodeTimeoutMs, replicasPerPrimary: 0 });
    const foreign = await LoneNodes.startFor(t, { build, nodeTimeoutMs, count: 1 });
    const words = ['del-node', cluster.entry, foreign.node(0).address, '--shutdown', '--yes'];
    expect((await slotctl(words)).stdout).toContain('Nothing to do.');
    expect(await foreign.node(0).text('PING')).toBe('PONG');
  });

  test('a plan is made anew after the question, and not carried out where it has become another', async t => {
    const cluster = await TestCluster.startFor(t, { build, nodeTimeoutMs });
    const victim = cluster.node(4);
    const owner = cluster.members.findIndex(({ id }) => id === cluster.member(4).primary);
    let questions = 0;
    const setup: TerminalSetup = {
      answer: async () => {
        questions++;
        await cluster.node(owner).kill();
        return 'yes';
      },
    };
    const entry = cluster.node(owner === 0 ? 1 : 0).address;
    const { code, stderr } = await slotctl(['del-node', entry, victim.address, ...FAST], setup);
    expect(questions).toBe(1);
    expect(stderr).toContain('has the only copy of slots');
    expect(code).toBe(4);
    expect(await nodesAccordingTo(victim)).toHaveLength(6);
  });

  test('create --reset-failed refuses a cluster that works and holds keys', async t => {
    const cluster = await TestCluster.startFor(t, { build, nodeTimeoutMs, replicasPerPrimary: 0 });
    await cluster.node(1).send('SET', '{t1}key', 'value');
    const nodes = cluster.nodes.map(node => node.address);
    const { code, stderr } = await slotctl(['create', '--reset-failed', ...nodes, '--yes']);
    expect(stderr).toContain('These nodes are a working cluster that holds 1 key');
    expect(code).toBe(4);
  });

  test('a node that stays dead does not keep a failed create from being undone', async t => {
    const lone = await LoneNodes.startFor(t, { build, nodeTimeoutMs, count: 4 });
    expect((await slotctl(['create', ...lone.addresses, '--yes'])).code).toBe(0);
    await lone.node(3).kill();
    const { code, stdout } = await slotctl(['create', '--reset-failed', ...lone.addresses, '--yes', ...FAST]);
    expect(stdout).toContain(`[WARNING] ${lone.node(3).address} does not answer and is not reset.`);
    expect(code).toBe(1);
    for (const node of lone.nodes.slice(0, 3)) expect(await nodesAccordingTo(node)).toHaveLength(1);
  });
});

describe.concurrent('the truth', () => {
  test('replication that does not work is told of at every run', async t => {
    const config = () => ['masterauth ""'];
    const lone = await LoneNodes.startFor(t, { build, nodeTimeoutMs, count: 6, password: 'pw', config });
    const words = ['create', ...lone.addresses, '--cluster-replicas', '1', '--yes', '--join-timeout', '2'];
    for (let run = 0; run < 2; run++) {
      const { code, stderr } = await slotctl(words, { env: { REDISCLI_AUTH: 'pw' } });
      expect(stderr).toContain('gets no data from');
      expect(code).toBe(1);
    }
  });

  test('functions that the user may not see are a reason to refuse', async t => {
    const limited = 'user keeper on >keeper-pw +info +dbsize +cluster';
    const cluster = await TestCluster.startFor(t, {
      build,
      nodeTimeoutMs,
      replicasPerPrimary: 0,
      config: [limited],
    });
    const lone = await LoneNodes.startFor(t, { build, nodeTimeoutMs, count: 1, config: () => [limited] });
    await cluster.node(0).send('FUNCTION', 'LOAD', LIBRARY);
    const words = ['add-node', lone.node(0).address, cluster.entry, '--yes', '--user', 'keeper'];
    const { code, stderr } = await slotctl(words, { env: { REDISCLI_AUTH: 'keeper-pw' } });
    expect(stderr).toContain('for its functions (+function)');
    expect(code).toBe(4);
  });

  test('--json ends with a line on how it ended, whatever happens', async t => {
    const lone = await LoneNodes.startFor(t, { build, nodeTimeoutMs, count: 3 });
    const nobody = `127.0.0.1:${await freePort()}`;
    const runs = [
      { words: ['create', ...lone.addresses, '--dry-run'], code: 0 },
      { words: ['create', ...lone.addresses, '--cluster-replicas', '1', '--yes'], code: 4 },
      { words: ['create', ...lone.addresses], code: 4 },
      { words: ['create', ...lone.addresses], answer: 'no', code: 1 },
      { words: ['create', ...lone.addresses], answer: 'interrupted', code: 130 },
      { words: ['del-node', nobody, 'e'.repeat(40)], code: 3 },
      { words: ['create', ...lone.addresses, '--yes'], code: 0 },
    ] as const;
    for (const { words, code, ...rest } of runs) {
      const setup = 'answer' in rest ? { answer: rest.answer } : {};
      const run = await slotctl([...words, '--json'], setup);
      const lines = run.stdout
        .trimEnd()
        .split('\n')
        .map(line => JSON.parse(line) as { event: string });
      expect(lines.at(-1)).toMatchObject({ version: 1, event: 'end', code });
      expect(run.code).toBe(code);
    }
  });

  test('a node that has got slots since is in already', async t => {
    const cluster = await TestCluster.startFor(t, { build, nodeTimeoutMs, replicasPerPrimary: 0 });
    const { code, stdout } = await slotctl(['add-node', cluster.node(2).address, cluster.entry, '--yes']);
    expect(stdout).toContain('Nothing to do.');
    expect(code).toBe(0);
  });
});

describe.concurrent('odd ways to say it', () => {
  test('who replicates whom is said by name, with one value of the option or with several', async t => {
    const lone = await LoneNodes.startFor(t, { build, nodeTimeoutMs, count: 6 });
    const [a, b, c, d, e, f] = lone.addresses;
    const words = ['--primaries', `${a},${b},${c}`, '--replicas-of', `${a}=${d}`, `${b}=${e}`, `${c}=${f}`];
    const { code, stderr, stdout } = await slotctl(['create', ...words, '--yes']);
    expect(stderr).toBe('');
    expect(stdout).toContain(`Adding replica ${e} to ${b}`);
    expect(code).toBe(0);
    expect(replicaCounts(await formationOf(lone.node(0)))).toEqual([1, 1, 1]);
  });

  test('the new node is the entry node', async t => {
    const lone = await LoneNodes.startFor(t, { build, nodeTimeoutMs, count: 1 });
    const [address = ''] = lone.addresses;
    const { code } = await slotctlProcess(['add-node', address, address, '--yes', '--despite-findings'], {
      bin: BIN,
    });
    expect(code).not.toBeNull();
  });

  test('a cluster of one node that is known by a name only', async t => {
    const lone = await LoneNodes.startFor(t, { build, nodeTimeoutMs, count: 2, hosts: ['127.0.0.1'] });
    await lone.node(0).send('CLUSTER', 'ADDSLOTSRANGE', '0', '16383');
    const [entry, newcomer] = lone.nodes.map(node => `localhost:${node.setup.port}`);
    const { code, stderr } = await slotctl([
      'add-node',
      `${newcomer}`,
      `${entry}`,
      '--yes',
      '--despite-findings',
    ]);
    expect(stderr).toBe('');
    expect(code).toBe(0);
    expect(await nodesAccordingTo(lone.node(0))).toHaveLength(2);
    expect((await checked(lone.node(0).address)).kinds).not.toContain('members-disagree');
  });

  test('a member that is named by another of its names is that member, with all that stands against removing it', async t => {
    const cluster = await TestCluster.startFor(t, { build, nodeTimeoutMs, hosts: ['127.0.0.1'] });
    const victim = cluster.member(4);
    const alias = `localhost:${victim.port}`;
    const owner = await slotctl(['del-node', cluster.entry, `localhost:${cluster.member(1).port}`, '--yes']);
    expect(owner.stderr).toContain('is not empty! Reshard data away');
    const moved = await slotctl([
      'replicate',
      cluster.entry,
      alias,
      `localhost:${cluster.member(0).port}`,
      '--yes',
    ]);
    expect(moved.stderr).toBe('');
    expect(moved.code).toBe(0);
    const { code, stderr } = await slotctl(['del-node', cluster.entry, alias, '--yes']);
    expect(stderr).toBe('');
    expect(code).toBe(0);
    for (const node of cluster.nodes.filter((_, i) => i !== 4))
      expect((await nodesAccordingTo(node)).some(({ id }) => id === victim.id)).toBe(false);
  });

  test('an undo that was broken off is gone on with', async t => {
    const lone = await LoneNodes.startFor(t, { build, nodeTimeoutMs, count: 5 });
    expect((await slotctl(['create', ...lone.addresses, '--yes'])).code).toBe(0);
    for (const node of lone.nodes.slice(0, 2)) await node.send('CLUSTER', 'RESET', 'HARD');
    const { code, stderr } = await slotctl(['create', '--reset-failed', ...lone.addresses, '--yes']);
    expect(stderr).toBe('');
    expect(code).toBe(0);
    for (const node of lone.nodes) expect(await nodesAccordingTo(node)).toHaveLength(1);
  });

  test('a node that was reset a moment ago is forgotten at once', async t => {
    const cluster = await TestCluster.startFor(t, { build, nodeTimeoutMs });
    await cluster.node(5).send('CLUSTER', 'RESET', 'HARD');
    const { code, stderr } = await slotctl(['forget-failed', cluster.entry, '--yes']);
    expect(stderr).toBe('');
    expect(code).toBe(0);
    expect(await nodesAccordingTo(cluster.node(0))).toHaveLength(5);
  });

  const valkey = installedServers().findLast(({ product }) => product === 'valkey');
  test.runIf(valkey)('Redis and Valkey are not made one cluster', async t => {
    if (!valkey) return;
    const lone = await LoneNodes.startFor(t, { build, nodeTimeoutMs, count: 3, builds: { 1: valkey } });
    const { code, stderr } = await slotctl(['create', ...lone.addresses, '--yes']);
    expect(stderr).toMatch(/are Redis, \S+ is Valkey; .*--force-mixed/);
    expect(code).toBe(4);
  });
});
