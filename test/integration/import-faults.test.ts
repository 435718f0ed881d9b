/** Imports that are disturbed: by slots that move, connections that break, people who stop them. Nothing is lost. */
import { describe, expect, type TestContext, test } from 'vitest';
import { keySlot } from '../../src/topology/key-slot.ts';
import { TestCluster } from '../support/cluster.ts';
import { keyCounts } from '../support/data.ts';
import { startLoneServer } from '../support/lone-server.ts';
import { type MoveSetup, run } from '../support/moving.ts';
import { until } from '../support/poll.ts';
import type { ServerProcess } from '../support/server-process.ts';
import { anyServer } from '../support/servers.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';

const KEYS = 20_000;
const build = anyServer();
/** So that there are many, and what is to disturb them comes in the middle. */
const SMALL_BATCHES = ['--cluster-pipeline', '1', '--max-keys-per-second', '10000'];

async function startBoth(t: TestContext): Promise<[TestCluster, ServerProcess]> {
  const [cluster, source] = await Promise.all([
    TestCluster.startFor(t, { build, replicasPerPrimary: 0 }),
    startLoneServer(t, build),
  ]);
  const pairs = Array.from({ length: KEYS }, (_, i) => [`key:${i}`, `value ${i}`]);
  await source.send('MSET', ...pairs.flat());
  return [cluster, source];
}

function importing(
  t: TestContext,
  cluster: TestCluster,
  from: string,
  words: readonly string[],
  when?: MoveSetup['when'],
) {
  const all = ['import', cluster.entry, '--cluster-from', from, '--yes', ...SMALL_BATCHES, ...words];
  return run(t, all, when ? { when } : {});
}

const AFTER_SOME = { text: /> MIGRATE /g, times: 20 } as const;

test('a slot that moves to another node meanwhile', async t => {
  const [cluster, source] = await startBoth(t);
  const slot = keySlot(Buffer.from('key:0'));
  const from = cluster.members.findIndex(({ slots }) => slots.has(slot));
  const to = (from + 1) % cluster.nodes.length;
  const mark = (position: number, ...words: string[]) =>
    cluster.node(position).send('CLUSTER', 'SETSLOT', `${slot}`, ...words);
  await mark(to, 'IMPORTING', cluster.member(from).id);
  await mark(from, 'MIGRATING', cluster.member(to).id);
  let moving: Promise<unknown> | undefined;
  const imported = await importing(t, cluster, source.address, ['--despite-findings'], {
    text: new RegExp(`ASK ${slot} .*; trying again`),
    act: () => {
      const owner = cluster.member(to).id;
      moving = mark(to, 'NODE', owner).then(() => mark(from, 'NODE', owner));
    },
  });
  await moving;
  expect(imported.code).toBe(0);
  expect(await cluster.node(to).text('GET', 'key:0')).toBe('value 0');
  expect(await keyCounts(cluster)).toBe(KEYS);
  expect(Number(await source.send('DBSIZE'))).toBe(0);
});

describe.each([
  { way: 'from server to server', words: [], when: AFTER_SOME },
  { way: 'by way of us', words: ['--through-here'], when: { text: /> DUMP /g, times: 3000 } },
])('$way', ({ words, when }) => {
  test('a connection to the source that is cut is opened again there', async t => {
    const [cluster, source] = await startBoth(t);
    const proxy = await TcpProxy.open({ host: source.setup.host, port: source.setup.port });
    t.onTestFinished(() => proxy.close());
    const act = () => proxy.cut();
    const imported = await importing(t, cluster, `127.0.0.1:${proxy.port}`, words, { ...when, act });
    expect(imported.stderr).toMatch(/; going on there/);
    expect(imported.code).toBe(0);
    expect(await keyCounts(cluster)).toBe(KEYS);
    expect(Number(await source.send('DBSIZE'))).toBe(0);
  });

  test.for([
    { what: 'keys that leave', copying: [] },
    { what: 'copies', copying: ['--cluster-copy'] },
  ])('killed in the middle, and run again: $what', async ({ copying }, t) => {
    const [cluster, source] = await startBoth(t);
    const killed = await importing(t, cluster, source.address, [...words, ...copying], {
      ...when,
      act: child => child.kill('SIGKILL'),
    });
    expect(killed.code).toBeNull();
    const again = await importing(t, cluster, source.address, [...words, ...copying]);
    expect(again).toMatchObject({ code: 0, stderr: '' });
    expect(await keyCounts(cluster)).toBe(KEYS);
    expect(Number(await source.send('DBSIZE'))).toBe(copying.length > 0 ? KEYS : 0);
  });
});

test('Ctrl-C: what is under way arrives, and the same command again takes the rest', async t => {
  const [cluster, source] = await startBoth(t);
  const stopped = await importing(t, cluster, source.address, [], {
    ...AFTER_SOME,
    act: child => child.kill('SIGINT'),
  });
  expect(stopped.code).toBe(130);
  expect(stopped.stderr).toMatch(
    /Interrupted after \d+ keys\. Run the same command again to go on from here/,
  );
  const [there, left] = [await keyCounts(cluster), Number(await source.send('DBSIZE'))];
  expect(there + left).toBe(KEYS);
  expect(left).toBeGreaterThan(0);
  expect(await importing(t, cluster, source.address, [])).toMatchObject({ code: 0, stderr: '' });
  expect(await keyCounts(cluster)).toBe(KEYS);
});

test('a primary of the cluster that hangs for a while', async t => {
  const [cluster, source] = await startBoth(t);
  let waking: Promise<void> | undefined;
  const imported = await importing(t, cluster, source.address, ['--cluster-timeout', '200'], {
    ...AFTER_SOME,
    act: () => {
      cluster.node(1).signal('SIGSTOP');
      waking = until('a MIGRATE has failed', async () =>
        /cmdstat_migrate:.*failed_calls=[1-9]/.test(await source.text('INFO', 'commandstats')),
      ).then(() => cluster.node(1).signal('SIGCONT'));
    },
  });
  await waking;
  expect(imported.stderr).toMatch(/IOERR .*; trying again/);
  expect(imported.code).toBe(0);
  expect(await keyCounts(cluster)).toBe(KEYS);
  expect(Number(await source.send('DBSIZE'))).toBe(0);
});
