/** Which keys a cluster has, while a slot is on its way and while a node is away. */
import { expect, type TestContext, test } from 'vitest';
import { askForKeys } from '../../../src/live/keys/ask-for-keys.ts';
import { Routes } from '../../../src/live/keys/routes.ts';
import { inspect } from '../../../src/live/look/inspect.ts';
import { Fleet } from '../../../src/resp/fleet.ts';
import { TestCluster } from '../../support/cluster.ts';
import { until } from '../../support/poll.ts';
import { anyServer } from '../../support/servers.ts';
import { keyIn } from '../../support/slot-keys.ts';

async function start(t: TestContext) {
  const cluster = await TestCluster.startFor(t, { build: anyServer(), replicasPerPrimary: 0 });
  const { host, port } = cluster.member(0);
  const fleet = new Fleet({
    entry: { kind: 'tcp', host, port },
    connectTimeoutMs: 5000,
    replyTimeoutMs: 5000,
  });
  t.onTestFinished(() => fleet.close());
  const routes = new Routes(fleet, await inspect(fleet));
  const ask = async (...names: string[]) => {
    const keys = names.map(name => ({ name: Buffer.from(name), database: 0 }));
    const { absent, unasked, forbidden } = await askForKeys(keys, fleet, routes);
    const namesOf = (found: typeof keys) => found.map(({ name }) => `${name}`).sort();
    return { absent: namesOf(absent), unasked: namesOf(unasked), forbidden: namesOf(forbidden) };
  };
  return { cluster, routes, ask };
}

test('keys of a slot that is on its way are looked for at both ends', async t => {
  const { cluster, routes, ask } = await start(t);
  const [source, target] = [cluster.node(0), cluster.node(1)];
  const [stayed, gone, lost] = ['stayed', 'gone', 'lost'].map(name => keyIn(5, name));
  if (!stayed || !gone || !lost) throw new Error('no keys');
  await source.send('SET', stayed, 'here');
  await target.send('CLUSTER', 'SETSLOT', '5', 'IMPORTING', cluster.member(0).id);
  await source.send('CLUSTER', 'SETSLOT', '5', 'MIGRATING', cluster.member(1).id);
  await Promise.all([target.send('ASKING'), target.send('SET', gone, 'there')]);
  const all = [gone, lost];
  // Before it is known where the slot goes.
  expect(await ask(stayed, gone, lost)).toEqual({ absent: [], unasked: all, forbidden: [] });
  await routes.lookAgain();
  expect(await ask(stayed, gone, lost)).toEqual({ absent: [lost], unasked: [], forbidden: [] });
});

test('keys of a node that is away are not absent, and are found when it is back', async t => {
  const { cluster, routes, ask } = await start(t);
  const [here, there] = [keyIn(5, 'here'), keyIn(6000, 'there')];
  await cluster.node(0).send('SET', here, 'v');
  await cluster.node(1).kill();
  expect(await ask(here, there)).toEqual({ absent: [], unasked: [there], forbidden: [] });
  await cluster.node(1).start();
  await until('it is asked again', async () => {
    await routes.lookAgain();
    return (await ask(there)).absent.length === 1;
  });
});

test('keys that we may not ask for are neither absent nor to be waited for', async t => {
  const { cluster, ask } = await start(t);
  await cluster.node(1).send('ACL', 'SETUSER', 'default', '-exists');
  const names = [keyIn(6000, 'a'), keyIn(6000, 'b')];
  expect(await ask(...names, keyIn(5, 'c'))).toEqual({
    absent: [keyIn(5, 'c')],
    unasked: [],
    forbidden: names.sort(),
  });
});
