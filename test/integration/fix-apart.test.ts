/**
 * What servers put right by themselves within moments is still there where messages do not pass: while a node is cut off and
 * nobody has noticed yet. The messages pass again when `fix` has begun to do something about it, and not before.
 */
import { describe, expect, type TestContext, test } from 'vitest';
import { BusProxies } from '../support/bus-proxies.ts';
import { TestCluster } from '../support/cluster.ts';
import { Damage } from '../support/damage.ts';
import { checked } from '../support/formed.ts';
import { slotctl } from '../support/run-slotctl.ts';
import { type ServerBuild, serversUnderTest } from '../support/servers.ts';
import { values } from '../support/slot-keys.ts';

/** Nobody is taken for dead while a test lasts. */
const nodeTimeoutMs = 60_000;

/** A cluster of which the first node can be cut off, and what `fix` does about that which it has not heard. */
async function startParted(t: TestContext, build: ServerBuild) {
  const proxies = new BusProxies();
  t.onTestFinished(() => proxies.close());
  const { announcedBusPort } = proxies;
  const shape = { build, primaries: 2, replicasPerPrimary: 0, nodeTimeoutMs };
  const cluster = await TestCluster.startFor(t, { ...shape, announcedBusPort });
  const entry = cluster.node(1).address;
  const part = () => proxies.isolate(cluster.node(0).setup.host);
  const mended = async (situations: readonly number[], when: RegExp) => {
    const explained = await slotctl(['explain', entry]);
    for (const number of situations) expect(explained.stdout).toContain(`Situation ${number}:`);
    expect(explained.code).toBe(1);
    const watch = (text: string) => {
      if (when.test(text)) proxies.heal();
    };
    const { code, stdout, stderr } = await slotctl(['fix', entry, '--yes', '--trace'], { watch });
    expect(code, `${stdout}${stderr}`).toBe(0);
    expect(await checked(entry, '--search-multiple-owners')).toEqual({ healthy: true, kinds: [] });
  };
  return { cluster, part, mended };
}

describe.concurrent.each(serversUnderTest())('$name', build => {
  test('two owners, each with keys: those of the older claim go to the newer', async t => {
    const { cluster, part, mended } = await startParted(t, build);
    const damage = new Damage(cluster);
    const rival = cluster.node(1);

    const claimed = damage.spot(0);
    await damage.write(0, claimed.key('a'), '1');
    part();
    await rival.send('CLUSTER', 'DELSLOTS', claimed.slot);
    await rival.send('CLUSTER', 'ADDSLOTS', claimed.slot);
    await rival.send('CLUSTER', 'BUMPEPOCH');
    await damage.write(1, claimed.key('b'), '2');
    await mended([8], /> CLUSTER SETSLOT \d+ NODE/);

    expect(await values(cluster, [claimed.key('a'), claimed.key('b')])).toEqual(['1', '2']);
  });
});
