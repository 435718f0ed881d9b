/** What becomes of entries that wait to be acknowledged when their stream moves, and whether that is said. */
import { describe, expect, type TestContext, test } from 'vitest';
import { TestCluster } from '../support/cluster.ts';
import { reshard, run } from '../support/moving.ts';
import { installedServers, type ServerBuild } from '../support/servers.ts';
import { fillSlots, keyIn } from '../support/slot-keys.ts';

const WAYS = [
  { name: 'redis-8.6', mover: 'atomic', pending: 3 },
  { name: 'redis-8.6', mover: 'migrate', pending: 3 },
  { name: 'valkey-9.1', mover: 'atomic', pending: 1 },
  { name: 'valkey-9.1', mover: 'migrate', pending: 3 },
].flatMap(way => {
  const build = installedServers().find(({ name }) => name === way.name);
  return build ? [{ ...way, build }] : [];
});

const STREAM = keyIn(5, 'stream');

async function clusterWithStream(t: TestContext, build: ServerBuild): Promise<TestCluster> {
  const cluster = await TestCluster.startFor(t, { build, replicasPerPrimary: 0 });
  await fillSlots(cluster, 0, { first: 0, last: 9 }, 3);
  const source = cluster.node(0);
  for (const message of ['1-0', '2-0', '3-0']) await source.send('XADD', STREAM, message, 'field', 'value');
  await source.send('XGROUP', 'CREATE', STREAM, 'group', '0');
  await source.send('XREADGROUP', 'GROUP', 'group', 'consumer', 'STREAMS', STREAM, '>');
  return cluster;
}

async function pendingAt(cluster: TestCluster, position: number): Promise<number> {
  const reply = await cluster.node(position).send('XPENDING', STREAM, 'group');
  return Array.isArray(reply) ? Number(reply[0]) : -1;
}

describe.concurrent.each(WAYS)('$name, $mover', ({ build, mover, pending }) => {
  test('of deleted messages', async t => {
    const cluster = await clusterWithStream(t, build);
    await cluster.node(0).send('XDEL', STREAM, '2-0');
    await cluster.node(0).send('XTRIM', STREAM, 'MINID', '3-0');
    expect(await pendingAt(cluster, 0)).toBe(3);
    const moved = await run(t, reshard(cluster, '0-9', 1, '--mover', mover));
    expect(moved.code).toBe(0);
    expect(await pendingAt(cluster, 1)).toBe(pending);
    expect(moved.stderr.includes('pending entries')).toBe(pending < 3);
    if (pending < 3) expect(moved.stderr).toContain('stream');
  });

  test('of all that have been acknowledged nothing is said', async t => {
    const cluster = await clusterWithStream(t, build);
    await cluster.node(0).send('XACK', STREAM, 'group', '1-0', '2-0', '3-0');
    expect(await run(t, reshard(cluster, '0-9', 1, '--mover', mover))).toMatchObject({ code: 0, stderr: '' });
  });
});
