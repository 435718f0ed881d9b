/** What a server refuses in the middle of a move, and what is found out before one. */
import { describe, expect, type TestContext, test } from 'vitest';
import { migrationJobs } from '../../src/resp/commands/atomic-migration.ts';
import { TestCluster } from '../support/cluster.ts';
import { folderFor, openMarks, reshard, run } from '../support/moving.ts';
import { slotctl } from '../support/run-slotctl.ts';
import { EXPECTED, type ServerBuild, serversUnderTest } from '../support/servers.ts';
import { fillSlots, keyIn, keysPerNode } from '../support/slot-keys.ts';

const servers = serversUnderTest().filter(({ name }) => EXPECTED.includes(name));
const BY_MIGRATE = ['--mover', 'migrate'];

function start(t: TestContext, build: ServerBuild, config: readonly string[] = []): Promise<TestCluster> {
  return TestCluster.startFor(t, { build, replicasPerPrimary: 0, config });
}

describe.concurrent.each(servers)('$name', build => {
  test('SELECT is renamed at the target: nothing is opened, and no key is at both ends', async t => {
    const cluster = await start(t, build);
    const keys = await fillSlots(cluster, 0, { first: 0, last: 9 }, 3);
    await cluster.node(1).restart({ config: ['rename-command SELECT ""'] });
    await cluster.settled();
    const moved = await run(t, reshard(cluster, '0-9', 1, ...BY_MIGRATE));
    expect(moved.code).toBe(1);
    expect(moved.stderr).toContain(
      `${cluster.node(1).address} refuses what the move needs: ERR unknown command 'SELECT'`,
    );
    expect(moved.stderr).toContain('Nothing was begun.');
    expect(await openMarks(cluster)).toEqual([]);
    expect(await keysPerNode(cluster)).toEqual([keys, 0, 0]);
  });

  test('rights are tried without an effect', async t => {
    const cluster = await start(t, build);
    const keys = await fillSlots(cluster, 0, { first: 0, last: 9 }, 3);
    const moved = await run(t, reshard(cluster, '0-9', 1, ...BY_MIGRATE));
    expect(moved).toMatchObject({ code: 0, stderr: '' });
    expect(await keysPerNode(cluster)).toEqual([0, keys, 0]);
    const log = await Promise.all(cluster.nodes.map(node => node.send('ACL', 'LOG')));
    expect(log).toEqual([[], [], []]);
  });
});

const valkey = servers.filter(({ name }) => name === 'valkey-9.1');

describe.concurrent.each(valkey)('databases, on $name', build => {
  test('the target has fewer than the source uses: nothing is opened', async t => {
    const cluster = await start(t, build, ['cluster-databases 4']);
    const source = cluster.node(0);
    const keys = await fillSlots(cluster, 0, { first: 0, last: 9 }, 3);
    await source.send('SELECT', '3');
    await source.send('SET', keyIn(5, 'elsewhere'), 'value');
    await source.send('SELECT', '0');
    await cluster.node(1).restart({ config: ['cluster-databases 2'] });
    await cluster.settled();
    const moved = await run(t, reshard(cluster, '0-9', 1, ...BY_MIGRATE));
    expect(moved.code).toBe(1);
    expect(moved.stderr).toContain(
      `${cluster.node(1).address} refuses what the move needs: ERR DB index is out of range`,
    );
    expect(await openMarks(cluster)).toEqual([]);
    expect(await keysPerNode(cluster)).toEqual([keys + 1, 0, 0]);
  });

  test('it has fewer, and the others hold nothing: the slots move', async t => {
    const cluster = await start(t, build, ['cluster-databases 4']);
    const keys = await fillSlots(cluster, 0, { first: 0, last: 9 }, 3);
    await cluster.node(1).restart({ config: ['cluster-databases 2'] });
    await cluster.settled();
    expect(await run(t, reshard(cluster, '0-9', 1, ...BY_MIGRATE))).toMatchObject({ code: 0, stderr: '' });
    expect(await keysPerNode(cluster)).toEqual([0, keys, 0]);
  });
});

/** What Valkey's servers send each other they send as this user. */
const PUSHER = [
  '+psync',
  '+replconf',
  '+ping',
  '+cluster|syncslots',
  '+select',
  '+@write',
  '+multi',
  '+exec',
];

const SAID: Readonly<Record<string, string>> = {
  '+cluster|syncslots': "no permissions to run the 'cluster|syncslots' command",
  '+select': "no permissions to run the 'select' command",
  '+@write': "no permissions to run the 'set' command",
  'a wrong password': 'WRONGPASS',
};

describe.each(valkey)('the primaryuser of $name', build => {
  test.each(['+cluster|syncslots', '+select', '+@write', 'a wrong password'])(
    'without %s: nothing is left running, and MIGRATE does it',
    async lacking => {
      const cluster = await TestCluster.start({
        build,
        replicasPerPrimary: 0,
        config: ['primaryuser pusher', 'primaryauth pw'],
      });
      try {
        const keys = await fillSlots(cluster, 0, { first: 0, last: 9 }, 3);
        const rights = PUSHER.filter(right => right !== lacking);
        const password = lacking === 'a wrong password' ? 'other' : 'pw';
        for (const node of cluster.nodes)
          await node.send('ACL', 'SETUSER', 'pusher', 'on', `>${password}`, '~*', '&*', 'alldbs', ...rights);
        const atomic = await slotctl(reshard(cluster, '0-9', 1, '--mover', 'atomic'));
        expect(atomic.code).toBe(1);
        expect(atomic.stderr).toContain(SAID[lacking]);
        expect(await keysPerNode(cluster)).toEqual([keys, 0, 0]);
        const jobs = migrationJobs();
        const lists = await Promise.all(
          cluster.nodes.map(async n => jobs.decode(await n.send(...jobs.args))),
        );
        expect(lists.flat().filter(({ state }) => state === 'under-way')).toEqual([]);
        const auto = await slotctl(reshard(cluster, '0-9', 1));
        expect(auto.code).toBe(0);
        expect(await keysPerNode(cluster)).toEqual([0, keys, 0]);
      } finally {
        await cluster.dispose();
      }
    },
  );
});

test('what a plan says of the manner holds when it is carried out, and when an interrupted run goes on', async t => {
  const [build] = servers.filter(({ name }) => name === 'valkey-9.1' || name === 'redis-8.6');
  if (!build) return;
  const cluster = await start(t, build);
  await fillSlots(cluster, 0, { first: 0, last: 399 }, 10);
  const cwd = folderFor(t);
  // More than a minute at this pace, and two windows of a few slots at the first key.
  const manner = ['--mover', 'migrate', '--max-keys-per-second', '50', '--window', '1'];
  await run(t, [...reshard(cluster, '0-399', 1, ...manner), '--plan-out', 'plan'], { cwd });
  const stopped = await run(t, ['apply', 'plan', '--yes'], {
    cwd,
    when: { text: / > MIGRATE /, act: child => void child.kill('SIGINT') },
  });
  expect(stopped.stdout).toContain('From the plan: --mover migrate --window 1 --max-keys-per-second 50\n');
  expect(stopped.code).toBe(130);
  const [, left = ''] = /slotctl apply (slotctl-plan-\S+)/.exec(stopped.stderr) ?? [];
  const goesOn = await run(t, ['apply', left, '--dry-run', '--max-keys-per-second', '900'], { cwd });
  expect(goesOn.stdout).toContain('From the plan: --mover migrate --window 1\n');
  expect(goesOn.stdout).toContain(
    'The command line overrides the plan: --max-keys-per-second 900 (in the plan: 50)\n',
  );
  expect((await slotctl(['check', cluster.entry])).code).toBe(0);
});
