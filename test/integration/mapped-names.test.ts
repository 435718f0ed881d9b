/** Behind NAT: nodes are named by where they are reached as by what they announce, and in all output by the latter. */
import { expect, type TestContext, test } from 'vitest';
import { nodesAccordingTo, TestCluster } from '../support/cluster.ts';
import { run } from '../support/moving.ts';
import { until } from '../support/poll.ts';
import { slotctl } from '../support/run-slotctl.ts';
import { anyServer } from '../support/servers.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';

const build = anyServer();

interface Mapped {
  readonly cluster: TestCluster;
  readonly outside: readonly string[];
  readonly map: readonly string[];
}

async function behindNat(t: TestContext, replicasPerPrimary: number): Promise<Mapped> {
  const cluster = await TestCluster.startFor(t, { build, replicasPerPrimary });
  const proxies = await Promise.all(cluster.nodes.map(node => TcpProxy.open(node.setup)));
  for (const proxy of proxies) t.onTestFinished(() => proxy.close());
  const outside = proxies.map(proxy => `127.0.0.1:${proxy.port}`);
  const lines = cluster.nodes.map((node, i) => `${node.address}=${outside[i]}`);
  return { cluster, outside, map: ['--address-map', lines.join(',')] };
}

async function slotsOf({ cluster }: Mapped, position: number): Promise<number> {
  const { id } = cluster.member(position);
  const own = (await nodesAccordingTo(cluster.node(position))).find(node => node.id === id);
  return own?.role === 'primary' ? own.slots.size : 0;
}

test.concurrent('slots move between nodes that are named by where they are reached', async t => {
  const mapped = await behindNat(t, 0);
  const [entry = '', second = '', third = ''] = mapped.outside;
  const reshard = [
    'reshard',
    entry,
    '--cluster-from',
    second,
    '--cluster-to',
    third,
    '--cluster-slots',
    '10',
  ];
  expect((await run(t, [...reshard, '--yes', ...mapped.map])).code).toBe(0);
  expect(await slotsOf(mapped, 2)).toBe(mapped.cluster.member(2).slots.size + 10);
  const announced = mapped.cluster.node(1).address;
  const weights = [`${entry}=0`, `${announced}=1`, `${third}=1`].flatMap(word => ['--weight', word]);
  expect((await run(t, ['rebalance', entry, ...weights, '--yes', ...mapped.map])).code).toBe(0);
  expect(await slotsOf(mapped, 0)).toBe(0);
});

test.concurrent('so are replicas, those that leave, and the node that is asked first', async t => {
  const mapped = await behindNat(t, 1);
  const { cluster, outside, map } = mapped;
  const words = ['replicate', outside[0] ?? '', outside[3] ?? '', outside[1] ?? ''];
  expect(await slotctl([...words, '--yes', ...map])).toMatchObject({ code: 0, stderr: '' });
  // By what it announces, too: the map says how to get there.
  const over = ['failover', cluster.node(0).address, outside[4] ?? '', '--yes', ...map];
  expect(await slotctl(over)).toMatchObject({ code: 0, stderr: '' });
  const gone = ['del-node', outside[0] ?? '', outside[5] ?? '', '--yes', ...map];
  expect(await slotctl(gone)).toMatchObject({ code: 0, stderr: '' });
  expect(await nodesAccordingTo(cluster.node(0))).toHaveLength(5);
});

test.concurrent('one node has one name in all output', async t => {
  const { cluster, outside, map } = await behindNat(t, 1);
  const [entry = ''] = outside;
  const outputs = [
    await slotctl(['check', entry, ...map]),
    await slotctl(['info', entry, ...map]),
    await slotctl(['info', entry, '--json', ...map]),
    await slotctl(['failover', entry, cluster.node(3).address, '--yes', ...map]),
    await slotctl(['check', entry, '--trace', ...map]),
  ];
  await cluster.node(0).send('CONFIG', 'SET', 'requirepass', 'secret');
  await until('it is a password that is asked for', async () =>
    (await slotctl(['check', outside[1] ?? '', ...map])).stdout.includes('password'),
  );
  outputs.push(await slotctl(['check', outside[1] ?? '', ...map]));
  for (const [i, { stdout, stderr }] of outputs.entries())
    for (const address of outside.slice(1))
      expect([i, stdout + stderr]).toEqual([i, expect.not.stringContaining(address)]);
  // The node that is asked first is called by what was typed until it has said what it announces.
  for (const { stdout } of outputs.slice(0, 4)) expect(stdout).not.toContain(entry);
});
