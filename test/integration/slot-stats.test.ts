/** Servers that count everything of every slot send long lists of it. */
import { expect, test } from 'vitest';
import { keyCounts, keysInOwnSlots } from '../../src/resp/commands/cluster.ts';
import { Fleet } from '../../src/resp/fleet.ts';
import { SLOT_COUNT, slot } from '../../src/topology/slot-set.ts';
import { TestCluster } from '../support/cluster.ts';
import { serversUnderTest } from '../support/servers.ts';
import { keyIn } from '../support/slot-keys.ts';

const SINCE = { redis: 8.2, valkey: 8 } as const;
const builds = serversUnderTest().filter(
  ({ product, version }) => Number.parseFloat(version) >= SINCE[product],
);

test.each(builds)('$name: the keys of all slots are counted at once, with all metrics on', async build => {
  const config = ['cluster-slot-stats-enabled yes'];
  const cluster = await TestCluster.start({ build, primaries: 1, replicasPerPrimary: 0, config });
  const { host, port } = cluster.member(0);
  const fleet = new Fleet({
    entry: { kind: 'tcp', host, port },
    connectTimeoutMs: 5000,
    replyTimeoutMs: 20_000,
  });
  try {
    const last = slot(SLOT_COUNT - 1);
    for (const key of [keyIn(0, 'a'), keyIn(0, 'b'), keyIn(last, 'c')])
      await cluster.node(0).send('SET', key, 'value');
    const counts = await fleet.send('entry', keyCounts({ first: slot(0), last }));
    expect([counts.size, counts.get(slot(0)), counts.get(last)]).toEqual([SLOT_COUNT, 2, 1]);
    expect(await fleet.send('entry', keysInOwnSlots())).toBe(3);
  } finally {
    fleet.close();
    await cluster.dispose();
  }
});
