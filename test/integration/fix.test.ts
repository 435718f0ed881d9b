/** Clusters that were broken on purpose are mended by one run of `fix`, and no value is lost. */
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { nodesAccordingTo, TestCluster } from '../support/cluster.ts';
import { Damage, type Spot } from '../support/damage.ts';
import { checked } from '../support/formed.ts';
import { until } from '../support/poll.ts';
import { slotctl, slotctlProcess } from '../support/run-slotctl.ts';
import { EXPECTED, serversUnderTest } from '../support/servers.ts';
import { fillSlots, values } from '../support/slot-keys.ts';
import { removeFolder, tempFolder } from '../support/temp-folder.ts';

async function fixed(cluster: TestCluster, ...options: string[]) {
  const run = await slotctl(['fix', cluster.entry, '--yes', ...options]);
  return run;
}

const builds = serversUnderTest();

/** What differs by version is looked at on every one; the rest on those that differ most. */
describe.concurrent.each(builds)('$name', build => {
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

    const sourceUntold = damage.spot(0);
    await damage.importing(1, sourceUntold, 0);
    await damage.migrating(0, sourceUntold, 1);
    await write(1, sourceUntold.key('a'), '9', true);
    await damage.setSlot(1, sourceUntold, 'NODE', damage.id(1));

    const targetUntold = damage.spot(0);
    await damage.importing(2, targetUntold, 0);
    await damage.migrating(0, targetUntold, 2);
    await write(2, targetUntold.key('a'), '10', true);
    await damage.setSlot(0, targetUntold, 'NODE', damage.id(2));

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
    // Named as the one from whom a slot comes, a node that owns others later makes Valkey hand over that slot.
    const [misled, elsewhere] = [damage.spot(0), damage.spot(0)];
    await damage.write(0, misled.key('e'), '6');
    await damage.importing(1, misled, 2);
    await damage.writeAside(1, misled.key('f'), '7');
    await damage.stray(2, elsewhere, 0, 'g', '8');
    for (const spot of [none, one, several, aside, elsewhere]) await damage.disown(spot);
    const { code, stderr } = await fixed(cluster);
    expect(stderr).toBe('');
    expect(await checked(cluster.entry, '--search-multiple-owners')).toMatchObject({ healthy: true });
    const keys = [one.key('a'), several.key('a'), several.key('b'), several.key('c'), aside.key('d')];
    keys.push(misled.key('e'), misled.key('f'), elsewhere.key('g'));
    expect(await values(cluster, keys)).toEqual(['1', '2', '3', '4', '5', '6', '7', '8']);
    expect(code).toBe(0);
  });
});

const some = builds.filter(({ name }) => EXPECTED.includes(name));

describe.concurrent.each(some.length > 0 ? some : builds)('$name', build => {
  test('two values of a key: one stays, the other is in the rescue file; equal ones are one', async t => {
    const cluster = await TestCluster.startFor(t, { build, primaries: 2, replicasPerPrimary: 0 });
    const damage = new Damage(cluster);
    const folder = tempFolder('rescue');
    t.onTestFinished(() => removeFolder(folder));
    const file = join(folder, 'rescue.jsonl');
    const options = ['--rescue-file', file];
    const spoil = async (spot: Spot) => {
      await damage.write(0, spot.key('same'), 'same');
      await damage.stray(1, spot, 0, 'same', 'same');
      await damage.write(0, spot.key('differs'), 'of the owner');
      await damage.stray(1, spot, 0, 'differs', 'of the other');
    };
    const rescued = () =>
      readFileSync(file, 'utf8')
        .trimEnd()
        .split('\n')
        .map(line => JSON.parse(line));
    const first = damage.spot(0);
    await spoil(first);
    const nowhere = await fixed(cluster, '--rescue-file', join(folder, 'nowhere', 'rescue.jsonl'));
    expect(nowhere).toMatchObject({ code: 2, stdout: '' });
    const run = await fixed(cluster, ...options);
    expect(run.stderr).toContain(`was replaced, and is in ${file}`);
    expect(run.code).toBe(0);
    expect(await values(cluster, [first.key('same'), first.key('differs')])).toEqual([
      'same',
      'of the owner',
    ]);
    expect(rescued()).toMatchObject([
      { type: 'string', database: 0, version: 1, node: cluster.node(1).address },
    ]);
    expect(statSync(file).mode & 0o777).toBe(0o600);

    // In a move that was not finished it is no different.
    const second = damage.spot(0);
    await spoil(second);
    await damage.importing(1, second, 0);
    await damage.migrating(0, second, 1);
    expect((await fixed(cluster, ...options, '--prefer', 'other')).code).toBe(0);
    expect(await values(cluster, [second.key('same'), second.key('differs')])).toEqual([
      'same',
      'of the other',
    ]);
    expect(rescued()).toHaveLength(2);
    const listed = await slotctl(['rescue', file, 'list']);
    expect(listed.stdout).toContain(first.key('differs'));
    const kept = await slotctl(['rescue', file, 'restore', cluster.entry, '--yes']);
    expect(kept.stderr).toContain('exists, and is left as it is');
    expect(kept.code).toBe(1);
    expect((await slotctl(['rescue', file, 'restore', cluster.entry])).code).toBe(4);
    const restored = await slotctl(['rescue', file, 'restore', cluster.entry, '--yes', '--replace']);
    expect(restored.stdout).toContain('2 of 2 values restored');
    expect(await values(cluster, [first.key('differs'), second.key('differs')])).toEqual([
      'of the other',
      'of the owner',
    ]);

    // Of other keys only the last use is known, in whole seconds.
    const used = damage.spot(0);
    await damage.write(0, used.key('elsewhere'), 'old');
    await damage.stray(1, used, 0, 'here', 'old');
    await until(
      'a second has passed without use',
      async () => (await damage.idleSeconds(0, used.key('elsewhere'))) > 1,
    );
    await damage.write(0, used.key('here'), 'new');
    await damage.stray(1, used, 0, 'elsewhere', 'new');
    expect((await fixed(cluster, ...options, '--prefer-newest')).code).toBe(0);
    expect(await values(cluster, [used.key('here'), used.key('elsewhere')])).toEqual(['new', 'new']);

    // Streams tell which was written to last.
    const third = damage.spot(0);
    const [newer, older] = [third.key('newer'), third.key('older')];
    await damage.importing(1, third, 0);
    for (const [key, own, others] of [
      [newer, '1-1', '2-1'],
      [older, '3-1', '2-1'],
    ] as const) {
      await cluster.node(0).send('XADD', key, own, 'from', 'owner');
      const [, id] = await Promise.all([
        cluster.node(1).send('ASKING'),
        cluster.node(1).send('XADD', key, others, 'from', 'other'),
      ]);
      expect(`${id}`).toBe(others);
    }
    expect((await fixed(cluster, ...options, '--prefer-newest')).code).toBe(0);
    expect(await cluster.node(0).text('XREVRANGE', newer, '+', '-')).toBe('2-1,from,other');
    expect(await cluster.node(0).text('XREVRANGE', older, '+', '-')).toBe('3-1,from,owner');
    expect(await checked(cluster.entry, '--search-multiple-owners')).toEqual({ healthy: true, kinds: [] });
  });

  test('a plan in a file is looked at, carried out, and never grows', async t => {
    const cluster = await TestCluster.startFor(t, { build, replicasPerPrimary: 0 });
    const damage = new Damage(cluster);
    const folder = tempFolder('plans');
    t.onTestFinished(() => removeFolder(folder));
    const file = join(folder, 'plan.json');
    const spot = damage.spot(0);
    await damage.write(0, spot.key('a'), '1');
    await damage.disown(spot);
    const explained = await slotctl(['explain', cluster.entry]);
    expect(explained.stdout).toContain('How it comes:');
    expect(explained.stdout).toContain('What could be lost:');
    expect(explained.code).toBe(1);
    const nobody = await slotctl(['fix', cluster.entry]);
    expect(nobody.stderr).toContain('--yes');
    expect(nobody.code).toBe(4);
    const planned = await slotctl(['fix', cluster.entry, '--plan-out', file]);
    expect(planned.stdout).toContain(`slotctl apply ${file}`);
    expect((await checked(cluster.entry)).kinds).toContain('slots-uncovered');

    const events = async (...flags: string[]) => {
      const { stdout } = await slotctl(['fix', cluster.entry, '--json', ...flags]);
      return stdout
        .trimEnd()
        .split('\n')
        .map(line => JSON.parse(line));
    };
    const [plan, ...end] = await events('--dry-run');
    expect(plan).toMatchObject({ event: 'plan', command: 'fix', left: [] });
    expect(plan.situations.at(-1)).toMatchObject({ slots: [[Number(spot.slot), Number(spot.slot)]] });
    expect(end).toMatchObject([{ event: 'end', code: 0 }]);

    const later = damage.spot(1);
    await damage.disown(later);
    const refused = await slotctl(['apply', file, '--yes']);
    expect(refused.stderr).toContain(`slot ${later.slot}: situation`);
    expect(refused.code).toBe(4);
    const told = await events('--yes');
    expect(told.map(({ event }) => event)).toContain('round-done');
    expect(told.at(-1)).toMatchObject({ event: 'end', command: 'fix', code: 0 });
    expect(await values(cluster, [spot.key('a')])).toEqual(['1']);

    await damage.disown(spot);
    const applied = await slotctl(['apply', file, '--yes']);
    expect(applied.stderr).toBe('');
    expect(applied.code).toBe(0);
    expect(await values(cluster, [spot.key('a')])).toEqual(['1']);
    expect((await slotctl(['apply', file, '--yes'])).stdout).toContain('Nothing to do');
  });

  test('a plan that prefers the other value says so, in words and as JSON, and does so', async t => {
    const cluster = await TestCluster.startFor(t, { build, replicasPerPrimary: 0 });
    const damage = new Damage(cluster);
    const folder = tempFolder('prefers');
    t.onTestFinished(() => removeFolder(folder));
    const file = join(folder, 'plan.json');
    const spot = damage.spot(0);
    await damage.write(0, spot.key('a'), 'of the owner');
    await damage.stray(1, spot, 0, 'a', 'of the other');
    // Not only astray: Redis since 8.4 would not show the keys before the second look.
    await damage.importing(1, spot, 0);
    await damage.migrating(0, spot, 1);
    expect((await slotctl(['fix', cluster.entry, '--prefer', 'other', '--plan-out', file])).code).toBe(0);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ prefer: 'other' });

    const shown = await slotctl(['apply', file, '--dry-run']);
    expect(shown.stdout).toContain('the other node’s stays');
    expect(shown.stdout).not.toContain('the owner’s stays');
    const [plan] = (await slotctl(['apply', file, '--dry-run', '--json'])).stdout.split('\n');
    expect(JSON.parse(plan ?? '')).toMatchObject({
      situations: [{ loss: expect.stringContaining('the other node’s stays') }],
    });
    const explained = await slotctl(['explain', cluster.entry, '--prefer', 'other']);
    expect(explained.stdout).toContain('the other node’s stays');

    const applied = await slotctlProcess(['apply', file, '--yes'], { cwd: folder });
    expect(applied.code).toBe(0);
    expect(applied.stderr).toMatch(/was replaced, and is in slotctl-rescue-\d+-[\da-f]{12}\.jsonl/);
    expect(await values(cluster, [spot.key('a')])).toEqual(['of the other']);
  });

  test('an owner that is dead: refused, until the person insists; a replica saves the keys', async t => {
    const cluster = await TestCluster.startFor(t, { build, primaries: 4, nodeTimeoutMs: 1000 });
    const damage = new Damage(cluster);
    const [saved, lost] = [damage.spot(2), damage.spot(3)];
    await damage.write(2, saved.key('a'), '1');
    await damage.write(3, lost.key('a'), '2');
    await until('the replica has it', async () => Number(await cluster.node(6).send('DBSIZE')) === 1);
    for (const node of [2, 3, 7]) await cluster.node(node).kill();
    await until('the others have noticed', async () => {
      const lists = await Promise.all([0, 1].map(i => nodesAccordingTo(cluster.node(i))));
      const dead = [2, 3].map(i => cluster.member(i).id);
      return lists.flat().every(node => !dead.includes(node.id) || node.health !== 'ok');
    });
    const fast = ['--connect-timeout', '1'];
    const refused = await fixed(cluster, ...fast);
    expect(refused.stdout).toContain('--cluster-fix-with-unreachable-masters');
    expect(refused.stderr).toContain('it could lose keys');
    expect(refused.code).toBe(4);
    const insisting = await fixed(cluster, ...fast, '--cluster-fix-with-unreachable-masters');
    // The dead are still members.
    expect(insisting.stdout).toContain('could not be asked');
    expect(insisting.code).toBe(1);
    expect(await values(cluster, [saved.key('a'), lost.key('a')])).toEqual(['1', 'null']);
    const { kinds } = await checked(cluster.entry, ...fast);
    expect(kinds).not.toContain('slots-uncovered');
    expect(kinds).not.toContain('owner-unreachable');
    expect(kinds).not.toContain('state-not-ok');
  });

  test('an owner that has come back without its keys is told of', async t => {
    const cluster = await TestCluster.startFor(t, { build, primaries: 2, replicasPerPrimary: 0 });
    await fillSlots(cluster, 0, { first: 0, last: 99 }, 2);
    await fillSlots(cluster, 1, { first: 12_000, last: 12_099 }, 2);
    await cluster.node(0).restart();
    await cluster.settled();
    const explained = await slotctl(['explain', cluster.entry]);
    expect(explained.stdout).toContain('Situation 22:');
    expect(explained.stdout).toContain(
      'No error is left. What is listed above cannot be repaired from here.',
    );
    expect((await fixed(cluster)).code).toBe(0);
  });
});

describe.concurrent('what only some servers do', () => {
  const called = (name: string) => builds.filter(build => build.name.startsWith(name)).at(-1);
  const redis = called('redis-8.6');
  const valkey = called('valkey-9');

  test.skipIf(!redis)(
    'a migration that Redis begins anew for ever is called off, with what held it up',
    async t => {
      if (!redis) return;
      const cluster = await TestCluster.startFor(t, { build: redis, replicasPerPrimary: 0 });
      const damage = new Damage(cluster);
      await damage.migrating(0, damage.spot(0), 2);
      const { slot } = damage.spot(0);
      await cluster.node(1).send('CLUSTER', 'MIGRATION', 'IMPORT', slot, slot);
      await until('it has failed and is tried again', async () =>
        JSON.stringify(await cluster.node(1).text('CLUSTER', 'MIGRATION', 'STATUS', 'ALL')).includes(
          'STABLE',
        ),
      );
      const { code, stdout } = await fixed(cluster);
      expect(stdout).toContain('Situation 20');
      expect(code).toBe(0);
      expect(await cluster.node(1).text('CLUSTER', 'MIGRATION', 'STATUS', 'ALL')).toContain('canceled');
    },
  );

  test.skipIf(!redis)(
    'a stray key that would hold up the servers for too long stays, until the person insists',
    async t => {
      if (!redis) return;
      const cluster = await TestCluster.startFor(t, {
        build: redis,
        primaries: 2,
        replicasPerPrimary: 0,
        nodeTimeoutMs: 1000,
      });
      const damage = new Damage(cluster);
      const spot = damage.spot(0);
      await damage.importing(1, spot, 0);
      await damage.writeAside(1, spot.key('large'), 'x'.repeat(30_000_000));
      const refused = await fixed(cluster);
      expect(refused.stderr).toContain('--allow-blocking');
      expect(refused.code).toBe(1);
      expect(await fixed(cluster, '--allow-blocking')).toMatchObject({ code: 0, stderr: '' });
      expect(await cluster.node(0).text('STRLEN', spot.key('large'))).toBe('30000000');
    },
  );

  test.skipIf(!valkey)('a mark that Valkey has left on a replica only', async t => {
    if (!valkey) return;
    const cluster = await TestCluster.startFor(t, { build: valkey });
    const damage = new Damage(cluster);
    cluster.node(3).signal('SIGSTOP');
    const refused = damage.migrating(0, damage.spot(0), 1);
    await expect(refused).rejects.toThrow('NOREPLICAS');
    cluster.node(3).signal('SIGCONT');
    await until('the replica has it', async () =>
      (await cluster.node(3).text('CLUSTER', 'NODES')).includes('->-'),
    );
    expect((await checked(cluster.entry)).kinds).toContain('slots-open');
    const { code, stdout } = await fixed(cluster);
    expect(stdout).toContain('Situation 6');
    expect(code).toBe(0);
  });

  test.skipIf(!valkey)('keys in several databases', async t => {
    if (!valkey) return;
    const config = ['cluster-databases 4'];
    const cluster = await TestCluster.startFor(t, { build: valkey, replicasPerPrimary: 0, config });
    const damage = new Damage(cluster);
    const spot = damage.spot(0);
    await damage.importing(1, spot, 0);
    const holder = cluster.node(1);
    await Promise.all([
      holder.send('SELECT', '2'),
      holder.send('ASKING'),
      holder.send('SET', spot.key('a'), 'in 2'),
      holder.send('SELECT', '0'),
    ]);
    await damage.writeAside(1, spot.key('a'), 'in 0');
    expect((await fixed(cluster)).code).toBe(0);
    expect(await values(cluster, [spot.key('a')])).toEqual(['in 0']);
    await cluster.node(0).send('SELECT', '2');
    expect(await values(cluster, [spot.key('a')])).toEqual(['in 2']);
    expect(await checked(cluster.entry, '--search-multiple-owners')).toEqual({ healthy: true, kinds: [] });
  });
});

describe.concurrent('killed at any moment, and run again', () => {
  test.each([1, 6, 11, 17])('at command %d', async position => {
    const [build] = builds;
    if (!build) return;
    const cluster = await TestCluster.start({ build, replicasPerPrimary: 0 });
    try {
      const damage = new Damage(cluster);
      const [half, bare, held] = [damage.spot(0), damage.spot(1), damage.spot(2)];
      const keys = [half.key('a'), half.key('b'), bare.key('a'), bare.key('b'), held.key('a'), held.key('b')];
      await damage.write(0, half.key('a'), '0');
      await damage.importing(1, half, 0);
      await damage.migrating(0, half, 1);
      await damage.writeAside(1, half.key('b'), '1');
      await damage.write(1, bare.key('a'), '2');
      await damage.stray(2, bare, 1, 'b', '3');
      await damage.write(2, held.key('a'), '4');
      await damage.importing(0, held, 2);
      await damage.writeAside(0, held.key('b'), '5');
      await damage.disown(bare);
      let sent = 0;
      await slotctlProcess(['fix', cluster.entry, '--yes', '--trace'], {
        watch: (child, text) => {
          sent += text.match(/> (MIGRATE|EXEC|CLUSTER SETSLOT)/g)?.length ?? 0;
          if (sent >= position) child.kill('SIGKILL');
        },
      });
      const again = await fixed(cluster);
      expect(again.stderr).toBe('');
      expect(again.code).toBe(0);
      expect(await values(cluster, keys)).toEqual(['0', '1', '2', '3', '4', '5']);
      expect(await checked(cluster.entry, '--search-multiple-owners')).toMatchObject({ healthy: true });
    } finally {
      await cluster.dispose();
    }
  });
});
