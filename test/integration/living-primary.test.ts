/** A failover that is not to be: the primary lives, the replica has nothing, or the user may not. */
import { describe, expect, test } from 'vitest';
import { TestCluster } from '../support/cluster.ts';
import { fill } from '../support/data.ts';
import { until } from '../support/poll.ts';
import { slotctl } from '../support/run-slotctl.ts';
import type { ServerProcess } from '../support/server-process.ts';
import { serversUnderTest } from '../support/servers.ts';

const nodeTimeoutMs = 1500;
const FAST = ['--yes', '--reply-timeout', '4', '--connect-timeout', '4', '--join-timeout', '10'];

async function roleOf(node: ServerProcess): Promise<string> {
  return (await node.text('INFO', 'replication')).match(/role:(\w+)/)?.[1] ?? '';
}

async function inSync(node: ServerProcess): Promise<boolean> {
  return (await node.text('INFO', 'replication')).includes('master_link_status:up');
}

describe.each(serversUnderTest())('$name', build => {
  test.concurrent('a primary that refuses the password lives: nobody is led to force', async t => {
    const password = 'correct';
    const cluster = await TestCluster.startFor(t, { build, nodeTimeoutMs, password });
    const [primary, replica] = [cluster.node(1), cluster.node(4)];
    await primary.send('CONFIG', 'SET', 'requirepass', 'another');
    const env = { REDISCLI_AUTH: password };
    for (const words of [
      ['failover', cluster.entry, replica.address],
      ['failover', cluster.entry, '--of', primary.address],
      ['del-node', cluster.entry, replica.address],
    ]) {
      const { code, stderr } = await slotctl([...words, ...FAST], { env });
      expect([words, code]).toEqual([words, 4]);
      expect(stderr).not.toMatch(/--force|takeover|another\b/i);
      expect(stderr).toMatch(/is alive/);
    }
    const fixed = await slotctl(['fix', cluster.entry, '--cluster-fix-with-unreachable-masters', ...FAST], {
      env,
    });
    expect(fixed.code).toBe(4);
    expect(fixed.stdout).toContain('refuses this login');
    expect(await roleOf(primary)).toBe('master');
    expect(await roleOf(replica)).toBe('slave');
  });

  test.concurrent('without the right to fail over nothing is begun, and the right is named', async t => {
    const cluster = await TestCluster.startFor(t, { build, nodeTimeoutMs });
    for (const node of cluster.nodes)
      await node.send('ACL', 'SETUSER', 'ops', 'on', '>pass', '~*', '&*', '+@all', '-cluster|failover');
    const { code, stderr, stdout } = await slotctl(
      ['failover', cluster.entry, cluster.node(4).address, '--user', 'ops', ...FAST],
      { env: { REDISCLI_AUTH: 'pass' } },
    );
    expect(stdout + stderr).toContain('+cluster|failover');
    expect(stderr).toContain('Nothing was changed.');
    expect(code).toBe(4);
    expect(await roleOf(cluster.node(4))).toBe('slave');
  });

  test.concurrent('a replica that has lost the keys with its primary is not promoted by force', async t => {
    const cluster = await TestCluster.startFor(t, { build, nodeTimeoutMs });
    const [primary, replica] = [cluster.node(1), cluster.node(4)];
    await fill(cluster, 200);
    // It comes back with nothing, and its replica copies that.
    await primary.restart();
    await until(
      'the replica has copied nothing',
      async () => (await inSync(replica)) && (await replica.send('DBSIZE')) === 0,
    );
    await primary.kill();
    for (const way of ['--force', '--takeover']) {
      const words = ['failover', cluster.entry, replica.address, way];
      const { code, stderr } = await slotctl([...words, ...FAST]);
      expect(stderr).toMatch(/holds no keys, but judging by the other shards, .* should have about \d+ keys/);
      expect(stderr).toContain('--despite-findings');
      expect(code).toBe(4);
    }
    expect(await roleOf(replica)).toBe('slave');
    const words = ['failover', cluster.entry, replica.address, '--force', '--despite-findings'];
    expect(await slotctl([...words, ...FAST])).toMatchObject({ code: 0 });
    expect(await roleOf(replica)).toBe('master');
  });
});
