/** When the numbers of keys in the slots of a cluster say that all are there that it was given, and when they say nothing. */
import { expect, type TestContext, test } from 'vitest';
import { CarriedKeys } from '../../src/live/import/carried-keys.ts';
import { slotsInDoubt } from '../../src/live/import/count-given.ts';
import { inspect } from '../../src/live/look/inspect.ts';
import { Fleet } from '../../src/resp/fleet.ts';
import { keySlot } from '../../src/topology/key-slot.ts';
import { SLOT_COUNT } from '../../src/topology/slot-set.ts';
import { TestCluster } from '../support/cluster.ts';
import { keyCounts, ownersIn } from '../support/data.ts';
import { until } from '../support/poll.ts';
import { EXPECTED, serversUnderTest } from '../support/servers.ts';

const builds = serversUnderTest().filter(({ name }) => EXPECTED.includes(name));
/** As many as are in slots, so that counts are asked for, and some more. */
const NAMES = Array.from({ length: SLOT_COUNT + 1000 }, (_, i) => Buffer.from(`key:${i}`));
const [FIRST = Buffer.alloc(0), SECOND = Buffer.alloc(0)] = NAMES;

async function clusterWithKeys(t: TestContext, build: (typeof builds)[number], replicasPerPrimary = 0) {
  const cluster = await TestCluster.startFor(t, { build, replicasPerPrimary });
  const [host = '', port] = cluster.entry.split(':');
  const entry = { kind: 'tcp', host, port: Number(port) } as const;
  const fleetAt = () => {
    const fleet = new Fleet({ entry, connectTimeoutMs: 5000, replyTimeoutMs: 30_000 });
    t.onTestFinished(() => fleet.close());
    return fleet;
  };
  const before = await inspect(fleetAt());
  const carried = new CarriedKeys();
  for (const name of NAMES) carried.add(name, 0, Infinity);
  const set = async () => {
    const ownerOf = await ownersIn(cluster);
    await Promise.all(NAMES.map(name => ownerOf(name).send('SET', name, 'v')));
  };
  await set();
  /** On connections of its own, as a cluster is by then. */
  const doubted = async (databases = [{ database: 0, into: 0, prefix: '', keys: NAMES.length }]) => {
    const target = fleetAt();
    const snapshot = await inspect(target);
    return slotsInDoubt({ plan: { before, databases }, routes: { snapshot }, carried, target });
  };
  return { cluster, carried, set, doubted };
}

test.for(builds)(
  '$name: in doubt are slots with fewer keys, and those of which numbers say nothing',
  async (build, t) => {
    const { cluster, carried, doubted } = await clusterWithKeys(t, build);
    const ownerOf = await ownersIn(cluster);
    expect(`${await doubted()}`).toBe('');
    await ownerOf(FIRST).send('DEL', FIRST);
    expect(`${await doubted()}`).toBe(`${keySlot(FIRST)}`);
    await ownerOf(FIRST).send('SET', FIRST, 'another');
    carried.doubt(SECOND);
    expect(`${await doubted()}`).toBe(`${keySlot(SECOND)}`);
    expect((await doubted([{ database: 3, into: 3, prefix: '', keys: 1 }])).size).toBe(SLOT_COUNT);
    carried.add(Buffer.from('expires'), 0, 1);
    expect((await doubted()).has(keySlot(Buffer.from('expires')))).toBe(true);
  },
);

test.for(builds)('$name: of a cluster with a node that was started again, all', async (build, t) => {
  const { cluster, set, doubted } = await clusterWithKeys(t, build);
  await cluster.node(1).restart();
  await cluster.settled();
  await set();
  expect(await keyCounts(cluster)).toBe(NAMES.length);
  expect((await doubted()).size).toBe(SLOT_COUNT);
});

test.for(builds)('$name: of a cluster in which a replica took over and back, all', async (build, t) => {
  const { cluster, doubted } = await clusterWithKeys(t, build, 1);
  expect(`${await doubted()}`).toBe('');
  const isPrimary = async (position: number) =>
    `${await cluster.node(position).text('INFO', 'replication')}`.includes('role:master');
  for (const position of [4, 1]) {
    await until('it is a replica', async () => !(await isPrimary(position)));
    await cluster.node(position).send('CLUSTER', 'FAILOVER', 'TAKEOVER');
    await until('it has taken over', () => isPrimary(position));
  }
  await cluster.settled();
  expect((await doubted()).size).toBe(SLOT_COUNT);
});
