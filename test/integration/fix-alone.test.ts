/** fix touches no keys of slots that another run is moving: that one could bring a value anew that is removed here. */
import { expect, test } from 'vitest';
import { subscribe } from '../../src/resp/commands/slots.ts';
import { Fleet } from '../../src/resp/fleet.ts';
import { TestCluster } from '../support/cluster.ts';
import { Damage } from '../support/damage.ts';
import { slotctl } from '../support/run-slotctl.ts';
import { anyServer } from '../support/servers.ts';
import { values } from '../support/slot-keys.ts';

test('it names the slots, leaves them, and mends them when the other run is over', async t => {
  const cluster = await TestCluster.startFor(t, { build: anyServer(), replicasPerPrimary: 0 });
  const damage = new Damage(cluster);
  const spot = damage.spot(0);
  await damage.importing(1, spot, 0);
  await damage.writeAside(1, spot.key('aside'), '1');
  const { host, port } = cluster.node(0).setup;
  const other = new Fleet({
    entry: { kind: 'tcp', host, port },
    connectTimeoutMs: 3000,
    replyTimeoutMs: 3000,
  });
  t.onTestFinished(() => other.close());
  const line = other.lane({ host, port });
  await line.send(subscribe(`slotctl:move:1.other:${spot.slot}`));

  const refused = await slotctl(['fix', cluster.entry, '--yes']);
  expect(refused.stderr).toContain(`another slotctl is moving slot ${spot.slot} at`);
  expect(refused.code).toBe(1);
  expect(await cluster.node(1).send('CLUSTER', 'COUNTKEYSINSLOT', spot.slot)).toBe(1);

  line.close();
  const { code, stderr } = await slotctl(['fix', cluster.entry, '--yes']);
  expect(stderr).toBe('');
  expect(code).toBe(0);
  expect(await values(cluster, [spot.key('aside')])).toEqual(['1']);
});
