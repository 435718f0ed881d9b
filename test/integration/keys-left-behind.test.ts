/** Copies at a replica are no keys that were left behind, also where it has become one a moment ago. */
import { expect, test } from 'vitest';
import { inspect } from '../../src/live/look/inspect.ts';
import { keysLeftBehind } from '../../src/live/look/keys-left-behind.ts';
import { Fleet } from '../../src/resp/fleet.ts';
import { SlotSet } from '../../src/topology/slot-set.ts';
import { TestCluster } from '../support/cluster.ts';
import { fill } from '../support/data.ts';
import { until } from '../support/poll.ts';
import { anyServer } from '../support/servers.ts';

test('an emptied primary that became a replica since the last look has left nothing behind', async t => {
  const cluster = await TestCluster.startFor(t, { build: anyServer(), nodeTimeoutMs: 1500 });
  await fill(cluster, 30);
  const [from, to] = [cluster.member(3), cluster.member(0)];
  await until('the copy is whole', async () => {
    const [copied, all] = await Promise.all([3, 0].map(i => cluster.node(i).send('DBSIZE')));
    return copied === all;
  });
  const entry = { kind: 'tcp', host: to.host, port: to.port } as const;
  const fleet = new Fleet({ entry, connectTimeoutMs: 5000, replyTimeoutMs: 5000 });
  t.onTestFinished(() => fleet.close());
  const seen = await inspect(fleet);
  // As it was looked at when it was a primary still.
  const views = seen.views.map(view => {
    const { id, address, flags, health, configEpoch, linked } = { ...view.self, address: view.address };
    const facts = { id, address, flags, health, configEpoch, linked };
    const self = { ...facts, role: 'primary', slots: SlotSet.empty } as const;
    return id === from.id ? { ...view, self } : view;
  });
  const moves = [{ from: from.id, to: to.id, slots: to.slots }];
  expect(await keysLeftBehind(fleet, { ...seen, views }, moves)).toEqual([]);
});
