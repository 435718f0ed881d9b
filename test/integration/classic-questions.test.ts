/** Questions in the spelling of redis-cli: answered by a pipe, by expect at a pseudo-terminal, or by standard input as an argument. */
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { nodesAccordingTo, TestCluster } from '../support/cluster.ts';
import { LoneNodes } from '../support/lone-nodes.ts';
import { BIN, CTRL_C, inTerminal, slotctlProcess } from '../support/run-slotctl.ts';
import { anyServer, installedServers, type ServerBuild } from '../support/servers.ts';
import { removeFolder, tempFolder } from '../support/temp-folder.ts';

let cluster: TestCluster;
let folder: string;
beforeAll(async () => {
  folder = tempFolder('classic');
  cluster = await TestCluster.start({ build: anyServer(), replicasPerPrimary: 0 });
});
afterAll(async () => {
  await cluster.dispose();
  removeFolder(folder);
});

const recentValkey = installedServers().find(({ name }) => name === 'valkey-9.1');

async function slotsOf(position: number): Promise<number> {
  const nodes = await nodesAccordingTo(cluster.node(position));
  const self = nodes.find(({ id }) => id === cluster.member(position).id);
  return self?.role === 'primary' ? self.slots.size : 0;
}

describe('reshard', () => {
  test('answered by a pipe, all in one write', async () => {
    const { id } = cluster.member(1);
    const before = await slotsOf(1);
    const run = await slotctlProcess(['--cluster', 'reshard', cluster.entry], {
      input: `10\n${id}\nall\nyes\n`,
    });
    expect(run.stderr).toBe('');
    expect(run.code).toBe(0);
    expect(run.stdout).toContain(`How many slots do you want to move (from 1 to 16384)? 10\n`);
    expect(run.stdout).toContain(`What is the receiving node ID? ${id}\n`);
    expect(run.stdout).toContain('Do you want to proceed with the proposed reshard plan (yes/no)? yes\n');
    expect(run.stdout.match(/^Moving slot \d+ from /gm)).toHaveLength(10);
    expect(await slotsOf(1)).toBe(before + 10);
  });

  test('answered at a screen, as a person did in 2017, with what was mistyped', async () => {
    const [source, target] = [cluster.member(2).id, cluster.member(0).id];
    const before = await slotsOf(0);
    const { code, screen } = await inTerminal([BIN, '--cluster', 'reshard', cluster.entry], {
      answers: [
        { when: 'How many slots do you want to move (from 1 to 16384)? ', type: '5\n' },
        { when: 'What is the receiving node ID? ', type: `${target}\n` },
        { when: 'Source node #1: ', type: `${target}\n` },
        { when: 'not possible to use the target node as source node.', type: `${source}\n` },
        { when: 'Source node #2: ', type: 'dowhne\n' },
        { when: 'is not known or not a master, please retry.', type: 'done\n' },
        { when: 'reshard plan (yes/no)? ', type: 'yes\n' },
      ],
    });
    expect(screen).toContain('>>> Performing Cluster Check');
    expect(code).toBe(0);
    expect(await slotsOf(0)).toBe(before + 5);
  });

  test.each([
    ['no', 1],
    ['', 4],
  ])('%j to the last question changes nothing', async (answer, code) => {
    const before = await slotsOf(1);
    const { id } = cluster.member(1);
    const run = await slotctlProcess(['--cluster', 'reshard', cluster.entry], {
      input: `10\n${id}\nall\n${answer}`,
    });
    expect(run.code).toBe(code);
    expect(await slotsOf(1)).toBe(before);
  });

  test('Ctrl-C at a question', async () => {
    const { code } = await inTerminal([BIN, '--cluster', 'reshard', cluster.entry], {
      answer: { when: 'How many slots', type: CTRL_C },
    });
    expect(code).toBe(130);
  });

  test('REDISCLI_CLUSTER_YES leaves only the questions that are open', async () => {
    const { id } = cluster.member(1);
    const before = await slotsOf(1);
    const run = await slotctlProcess(
      ['--cluster', 'reshard', cluster.entry, '--cluster-to', id, '--cluster-from', 'all'],
      { input: '3\n', env: { REDISCLI_CLUSTER_YES: '1' } },
    );
    expect(run.code).toBe(0);
    expect(await slotsOf(1)).toBe(before + 3);
  });

  test('with --json standard output is for programs', async () => {
    const { id } = cluster.member(1);
    const run = await slotctlProcess(['--cluster', 'reshard', cluster.entry, '--json'], {
      input: `1\n${id}\nall\nyes\n`,
    });
    expect(run.code).toBe(0);
    const events = run.stdout
      .trim()
      .split('\n')
      .map(line => JSON.parse(line) as { event: string });
    expect(events.map(({ event }) => event)).toContain('end');
  });
});

test('create, answered at a screen', async t => {
  const { addresses } = await LoneNodes.startFor(t, { build: anyServer(), count: 3 });
  const { code, screen } = await inTerminal([BIN, '--cluster', 'create', ...addresses], {
    answer: { when: "Can I set the above configuration? (type 'yes' to accept): ", type: 'yes\n' },
  });
  expect(screen).toContain('[OK] All nodes agree about slots configuration.');
  expect(code).toBe(0);
});

describe.runIf(recentValkey)('create of two Valkey primaries', () => {
  const few = 'Requested to create a cluster with 2 primaries and 0 replicas per primary.\n';

  test.each([
    [['--cluster-yes'], ''],
    [[], 'yes\nyes\n'],
  ])('%j with %j: is done', async (options, input) => {
    if (!recentValkey) return;
    const { addresses, dispose } = await lone(recentValkey);
    onTestFinished(dispose);
    const run = await slotctlProcess(['--cluster', 'create', ...addresses, ...options], { input });
    expect(run.stdout).toContain(few);
    expect(run).toMatchObject({ code: 0, stderr: '' });
  });

  test('is refused natively, to a no, and where nobody answers', async () => {
    if (!recentValkey) return;
    const { addresses, dispose } = await lone(recentValkey);
    onTestFinished(dispose);
    const words = ['create', ...addresses];
    for (const [typed, input] of [
      [[...words, '--yes'], ''],
      [['--cluster', ...words], 'no\nyes\n'],
      [['--cluster', ...words], ''],
    ] as const) {
      const run = await slotctlProcess(typed, { input });
      expect(run.code).toBe(4);
      expect(run.stdout + run.stderr).toContain('--force-few-primaries');
    }
  });
});

async function lone(
  build: ServerBuild,
): Promise<{ addresses: readonly string[]; dispose: () => Promise<void> }> {
  const nodes = await LoneNodes.start({ build, count: 2 });
  return { addresses: nodes.addresses, dispose: () => nodes.dispose() };
}

describe('where things are said', () => {
  test('nobody at the address: on standard error, and not a success', async () => {
    const run = await slotctlProcess(['--cluster', 'check', '127.0.0.1:1']);
    expect(run.stderr).toMatch(/^Could not connect to Redis at 127\.0\.0\.1:1: /);
    expect(run).toMatchObject({ code: 3, stdout: '' });
  });

  test('a node that refuses: on standard output', async () => {
    const run = await slotctlProcess([
      '--cluster',
      'check',
      cluster.entry,
      '-a',
      'wrong',
      '--no-auth-warning',
    ]);
    expect(run.stdout).toContain(`[ERR] Node ${cluster.entry}`);
    expect(run).toMatchObject({ code: 3, stderr: '' });
  });

  test('a refusal: on standard output, and natively on standard error', async () => {
    const words = ['del-node', cluster.entry, cluster.member(1).id];
    expect(await slotctlProcess(['--cluster', ...words])).toMatchObject({
      code: 4,
      stdout: expect.stringContaining('is not empty! Reshard data away and try again.'),
      stderr: '',
    });
    expect(await slotctlProcess(words)).toMatchObject({
      code: 4,
      stdout: '',
      stderr: expect.stringContaining('is not empty! Reshard data away and try again.'),
    });
  });
});

test('-x: standard input is the last argument', async () => {
  const [host = '', port = ''] = cluster.entry.split(':');
  const run = await slotctlProcess(['-x', '--cluster', 'check', host], { input: `${port}\n` });
  expect(run.code).toBe(0);
});

test('linked as redis-trib.rb it speaks like that', async () => {
  const link = join(folder, 'redis-trib.rb');
  symlinkSync(BIN, link);
  const { id } = cluster.member(1);
  const run = await slotctlProcess(['del-node', cluster.entry, id], { bin: link });
  expect(run.stdout).toContain('is not empty! Reshard data away and try again.');
  expect(run.code).toBe(4);
});
