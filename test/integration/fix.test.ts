/** Clusters that were broken on purpose are mended by one run of `fix`, and no value is lost. */
import { describe, expect, test } from 'vitest';
import { keySlot } from '../../src/topology/key-slot.ts';
import { nodesAccordingTo, TestCluster } from '../support/cluster.ts';
import { Damage } from '../support/damage.ts';
import { checked } from '../support/formed.ts';
import { slotctl } from '../support/run-slotctl.ts';
import { serversUnderTest } from '../support/servers.ts';

/** What its owner says of each key. */
async function values(cluster: TestCluster, keys: readonly string[]): Promise<string[]> {
  const nodes = await nodesAccordingTo(cluster.node(0));
  return Promise.all(
    keys.map(async key => {
      const slot = keySlot(Buffer.from(key));
      const owner = nodes.find(node => node.role === 'primary' && node.slots.has(slot));
      const position = cluster.members.findIndex(member => member.id === owner?.id);
      return `${await cluster.node(position).send('GET', key)}`;
    }),
  );
}

async function fixed(cluster: TestCluster, ...options: string[]) {
  const run = await slotctl(['fix', cluster.entry, '--yes', ...options]);
  return run;
}

describe.concurrent.each(serversUnderTest())('$name', build => {
  test('open slots of every kind, with keys on either or both sides', async t => {
    const cluster = await TestCluster.startFor(t, { build });
    const damage = new Damage(cluster);
    const expected = new Map<string, string>();
    const write = async (node: number, key: string, value: string, aside = false) => {
      await (aside ? damage.writeAside(node, key, value) : damage.write(node, key, value));
      expected.set(key, value);
    };

    const both = damage.spot(0);
    await write(0, both.key('stays'), '1');
    await damage.importing(1, both, 0);
    await damage.migrating(0, both, 1);
    await write(1, both.key('gone'), '2', true);

    const migrating = damage.spot(0);
    await write(0, migrating.key('a'), '3');
    await damage.migrating(0, migrating, 2);

    const importing = damage.spot(0);
    await write(0, importing.key('a'), '4');
    await damage.importing(2, importing, 0);

    const held = damage.spot(0);
    await write(0, held.key('a'), '5');
    await damage.importing(2, held, 0);
    await write(2, held.key('b'), '6', true);
    await damage.importing(1, held, 0);
    await write(1, held.key('c'), '7', true);

    const migratingHeld = damage.spot(1);
    await damage.migrating(1, migratingHeld, 2);
    await damage.importing(0, migratingHeld, 1);
    await write(0, migratingHeld.key('a'), '8', true);

    const { code, stderr, stdout } = await fixed(cluster);
    expect(stderr).toBe('');
    expect(stdout).toContain(`>>> Fixing open slot ${both.slot}\n`);
    expect(await checked(cluster.entry, '--search-multiple-owners')).toEqual({ healthy: true, kinds: [] });
    expect(await values(cluster, [...expected.keys()])).toEqual([...expected.values()]);
    expect(code).toBe(0);
  });

  test('slots that nobody owns, with keys on none, one or several nodes', async t => {
    const cluster = await TestCluster.startFor(t, { build });
    const damage = new Damage(cluster);
    const [none, one, several, aside] = [damage.spot(0), damage.spot(0), damage.spot(1), damage.spot(1)];
    await damage.write(0, one.key('a'), '1');
    await damage.write(1, several.key('a'), '2');
    await damage.write(1, several.key('b'), '3');
    await damage.stray(2, several, 1, 'c', '4');
    await damage.stray(0, aside, 1, 'd', '5');
    for (const spot of [none, one, several, aside]) await damage.disown(spot);
    const { code, stderr } = await fixed(cluster);
    expect(stderr).toBe('');
    expect(await checked(cluster.entry, '--search-multiple-owners')).toMatchObject({ healthy: true });
    const keys = [one.key('a'), several.key('a'), several.key('b'), several.key('c'), aside.key('d')];
    expect(await values(cluster, keys)).toEqual(['1', '2', '3', '4', '5']);
    expect(code).toBe(0);
  });
});
