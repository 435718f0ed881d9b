/** What servers need a moment for, and tell: it passes by itself, and is no reason to refuse or to fail. */
import { describe, expect, test } from 'vitest';
import { TestCluster } from '../support/cluster.ts';
import { until } from '../support/poll.ts';
import { type Run, slotctl } from '../support/run-slotctl.ts';
import type { ServerProcess } from '../support/server-process.ts';
import { EXPECTED, serversUnderTest } from '../support/servers.ts';
import { fillSlots } from '../support/slot-keys.ts';

const nodeTimeoutMs = 3000;

function expectDone({ code, stderr }: Run): void {
  expect(stderr).toBe('');
  expect(code).toBe(0);
}

async function says(node: ServerProcess, state: 'ok' | 'fail'): Promise<boolean> {
  return (await node.text('CLUSTER', 'INFO')).includes(`cluster_state:${state}`);
}

/** Cut off from the others, who were stopped, until it has noticed, and with them again: what is left is its own delay. */
async function comeBack(cluster: TestCluster, position: number): Promise<void> {
  const node = cluster.node(position);
  const others = cluster.nodes.filter(other => other !== node);
  for (const other of others) other.signal('SIGSTOP');
  try {
    await until('it knows that it is alone', () => says(node, 'fail'));
  } finally {
    for (const other of others) other.signal('SIGCONT');
  }
  await until('all hear each other', async () => {
    const lists = await Promise.all(cluster.nodes.map(one => one.text('CLUSTER', 'NODES')));
    const states = await Promise.all(others.map(other => says(other, 'ok')));
    return lists.every(list => !/,fail\b| disconnected/.test(list)) && states.every(isOk => isOk);
  });
}

describe.concurrent.each(serversUnderTest().filter(build => EXPECTED.includes(build.name)))(
  '$name',
  build => {
    test('a primary that is back, and goes on refusing queries for a moment, is waited for', async t => {
      const cluster = await TestCluster.startFor(t, { build, nodeTimeoutMs, replicasPerPrimary: 0 });
      await comeBack(cluster, 2);
      const { entry } = cluster;
      const to = ['--cluster-to', cluster.member(2).id];
      const [seen, ...runs] = await Promise.all([
        slotctl(['check', entry]),
        slotctl(['fix', entry, '--yes']),
        slotctl(['rebalance', entry, '--cluster-weight', `${cluster.member(0).id}=2`, '--dry-run']),
        slotctl(['reshard', entry, '--slots', '0-9', ...to, '--dry-run']),
        slotctl(['rolling-failover', entry]),
      ]);
      for (const run of runs) expectDone(run);
      // It looks for a second and a half, and may be too late to see it.
      if (seen.code !== 0)
        expect(seen.stdout).toContain(
          'says cluster_state:fail; nothing else is wrong, and this clears by itself',
        );
      expectDone(await slotctl(['reshard', entry, '--slots', '0-9', ...to, '--yes']));
    }, 120_000);

    test('a primary that was started anew, and goes on refusing queries for two seconds, is waited for', async t => {
      const cluster = await TestCluster.startFor(t, { build, nodeTimeoutMs: 15_000, replicasPerPrimary: 0 });
      const to = ['--cluster-to', cluster.member(2).id];
      await cluster.node(2).restart();
      expectDone(await slotctl(['reshard', cluster.entry, '--slots', '0-9', ...to, '--yes']));
      await cluster.node(2).restart();
      expectDone(await slotctl(['fix', cluster.entry, '--yes']));
    }, 120_000);

    test('a primary that loads its data is waited for', async t => {
      const config = ['loading-process-events-interval-bytes 1024'];
      const cluster = await TestCluster.startFor(t, {
        build,
        nodeTimeoutMs: 15_000,
        replicasPerPrimary: 0,
        config,
      });
      await fillSlots(cluster, 2, { first: 16000, last: 16199 }, 5);
      const node = cluster.node(2);
      expect(await node.text('SAVE')).toBe('OK');
      await node.restart({ mayLoad: true, config: ['key-load-delay 3000'] });
      const to = ['--cluster-to', cluster.member(1).id];
      const words = ['reshard', cluster.entry, '--slots', '16000-16009', ...to, '--yes'];
      expectDone(await slotctl(words));
      expectDone(await slotctl(['check', cluster.entry]));
    }, 120_000);
  },
);
