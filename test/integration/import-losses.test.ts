/**
 * What can take keys away while they are imported: nodes that evict, nodes that come back empty, replicas that take over,
 * slots that go there and back. Keys are counted by name, by a client of our own: none is missing where the exit code is 0, and
 * where some are the number that is told is the true one.
 */
import type { ChildProcess } from 'node:child_process';
import { describe, expect, type TestContext, test } from 'vitest';
import { keySlot } from '../../src/topology/key-slot.ts';
import { type ClusterPlan, TestCluster } from '../support/cluster.ts';
import { ownersIn } from '../support/data.ts';
import { startLoneServer } from '../support/lone-server.ts';
import { type MoveSetup, run } from '../support/moving.ts';
import { until } from '../support/poll.ts';
import { type Run, slotctl } from '../support/run-slotctl.ts';
import type { ServerProcess } from '../support/server-process.ts';
import { EXPECTED, serversUnderTest } from '../support/servers.ts';

const KEYS = 12_000;
const VALUE = 'v'.repeat(200);
/** So that there are many, and what is to disturb them comes in the middle. */
const SMALL_BATCHES = ['--cluster-pipeline', '1', '--max-keys-per-second', '20000'];

type NameOf = (i: number) => string;
const plainName: NameOf = i => `key:${i}`;

async function fillSource(source: ServerProcess, keys = KEYS, nameOf = plainName): Promise<void> {
  for (let from = 0; from < keys; from += 2000) {
    const some = Array.from({ length: Math.min(2000, keys - from) }, (_, i) => nameOf(from + i));
    await source.send('MSET', ...some.flatMap(name => [name, VALUE]));
  }
}

/** How many are neither in the cluster nor at the source. */
async function countMissing(
  cluster: TestCluster,
  source: ServerProcess | undefined,
  keys = KEYS,
  nameOf = plainName,
): Promise<number> {
  const ownerOf = await ownersIn(cluster);
  const found = await Promise.all(
    Array.from({ length: keys }, async (_, i) => {
      const name = nameOf(i);
      if (Number(await ownerOf(Buffer.from(name)).send('EXISTS', name)) > 0) return true;
      return source !== undefined && Number(await source.send('EXISTS', name)) > 0;
    }),
  );
  return found.filter(isThere => !isThere).length;
}

function importing(
  t: TestContext,
  cluster: TestCluster,
  from: { readonly address: string },
  words: readonly string[],
  when?: MoveSetup['when'],
): Promise<Run> {
  const all = ['import', cluster.entry, '--cluster-from', from.address, '--yes', ...words];
  return run(t, all, when ? { when } : {});
}

/** What was told. */
function missingIn({ stderr }: Run): number {
  return Number(/ (\d+) (?:is|are) missing/.exec(stderr)?.[1] ?? 0);
}

async function setRoom(node: ServerProcess, policy: string, roomBytes: number): Promise<void> {
  const used = Number(/^used_memory:(\d+)/m.exec(await node.text('INFO', 'memory'))?.[1]);
  await node.send('CONFIG', 'SET', 'maxmemory-policy', policy);
  await node.send('CONFIG', 'SET', 'maxmemory', `${used + roomBytes}`);
}

const builds = serversUnderTest().filter(({ name }) => EXPECTED.includes(name));

describe.concurrent.each(builds)('$name', build => {
  async function startBoth(
    t: TestContext,
    more: Partial<ClusterPlan> = {},
    config: readonly string[] = [],
  ): Promise<[TestCluster, ServerProcess]> {
    return Promise.all([
      TestCluster.startFor(t, { build, replicasPerPrimary: 0, ...more }),
      startLoneServer(t, build, { config }),
    ]);
  }

  describe('nodes with too little memory', () => {
    test.for([
      { policy: 'allkeys-random', words: ['--cluster-replace', '--no-rescue'] },
      { policy: 'allkeys-lru', words: [] },
      { policy: 'noeviction', words: [] },
    ])('$policy $words: refused beforehand, by numbers', async ({ policy, words }, t) => {
      const [cluster, source] = await startBoth(t);
      await fillSource(source);
      await setRoom(cluster.node(1), policy, 500_000);
      const refused = await importing(t, cluster, source, words);
      expect(refused.code).toBe(4);
      expect(refused.stderr).toMatch(
        /:\d+ would need about \d+(\.\d+)? MB, has \d+(\.\d+)? MB \(maxmemory\)/,
      );
      expect(Number(await source.send('DBSIZE'))).toBe(KEYS);
    });

    test.for([
      { policy: 'allkeys-random', words: ['--cluster-replace', '--no-rescue'] },
      { policy: 'allkeys-random', words: ['--through-here', '--cluster-replace', '--no-rescue'] },
      { policy: 'volatile-lru', words: ['--cluster-copy'] },
    ])('$policy $words: the import stops, and tells how many are gone', async ({ policy, words }, t) => {
      const [cluster, source] = await startBoth(t);
      // All on one node, which nobody can know beforehand.
      const tagged: NameOf = i => `{a}:${i}`;
      await fillSource(source, KEYS, tagged);
      const owner = (await ownersIn(cluster))(Buffer.from('{a}'));
      await setRoom(owner, policy, 2_500_000);
      const stopped = await importing(t, cluster, source, [...words, '--max-keys-per-second', '8000']);
      expect(stopped.code).toBe(1);
      expect(stopped.stderr).toMatch(/(has evicted \d+ keys?|is about to evict|takes no keys)/);
      const missing = await countMissing(cluster, source, KEYS, tagged);
      if (!words.includes('--cluster-copy')) {
        // The server may go on evicting when the import has ended, and counts what it does.
        expect(missingIn(stopped)).toBeGreaterThan(0);
        expect(missingIn(stopped)).toBeLessThanOrEqual(missing);
        const evicted = Number(/^evicted_keys:(\d+)/m.exec(await owner.text('INFO', 'stats'))?.[1]);
        expect(missing).toBeLessThanOrEqual(evicted);
        expect(Number(await source.send('DBSIZE'))).toBeGreaterThan(0);
      }
    });
  });

  describe.each([
    { way: 'from server to server', words: [], text: /> MIGRATE /g },
    { way: 'by way of us', words: ['--through-here'], text: /> DUMP /g },
  ])('$way', ({ words, text }) => {
    function disturb(act: (child: ChildProcess) => Promise<unknown>) {
      let done: Promise<unknown> = Promise.resolve();
      const when = {
        text,
        times: words.length > 0 ? KEYS / 3 : 60,
        act: (child: ChildProcess) => {
          done = act(child);
        },
      };
      return { when, over: () => done };
    }

    test('a node of the cluster that comes back empty: what was lost is told, and the rest stays', async t => {
      const [cluster, source] = await startBoth(t);
      await fillSource(source);
      const { when, over } = disturb(() => cluster.node(1).restart());
      const run = await importing(t, cluster, source, [...words, ...SMALL_BATCHES], when);
      await over();
      await cluster.settled();
      const missing = await countMissing(cluster, source);
      expect(missing).toBeGreaterThan(0);
      expect(run.code).toBe(1);
      expect(missingIn(run)).toBe(missing);
      expect(run.stderr).toContain(`${cluster.node(1).address} was restarted`);
    });

    test('and where the source keeps its keys, they are sent again', async t => {
      const [cluster, source] = await startBoth(t);
      await fillSource(source);
      const { when, over } = disturb(() => cluster.node(1).restart());
      const copying = [...words, ...SMALL_BATCHES, '--cluster-copy'];
      const run = await importing(t, cluster, source, copying, when);
      await over();
      expect(await countMissing(cluster, undefined)).toBe(0);
      expect(run.stderr).toContain('they are sent again');
      expect(run.code).toBe(0);
    });

    test('a source that is started again with all of its keys: nothing counts twice', async t => {
      const [cluster, source] = await startBoth(t, {}, ['appendonly yes', 'appendfsync always']);
      await fillSource(source);
      const { when, over } = disturb(() => source.restart());
      const run = await importing(t, cluster, source, [...words, ...SMALL_BATCHES], when);
      await over();
      expect(await countMissing(cluster, undefined)).toBe(0);
      expect(run.stderr).not.toMatch(/fewer|missing/);
      expect(run.stdout).toContain(`Imported ${KEYS} of ${KEYS} keys`);
      expect(run.code).toBe(0);
    });

    test('a source that comes back empty: how many it had is told', async t => {
      const [cluster, source] = await startBoth(t);
      await fillSource(source);
      const { when, over } = disturb(() => source.restart());
      const run = await importing(t, cluster, source, [...words, ...SMALL_BATCHES], when);
      await over();
      const missing = await countMissing(cluster, source);
      expect(missing).toBeGreaterThan(0);
      expect(run.code).toBe(1);
      expect(run.stderr).toContain(`${missing} keys from before were gone afterwards`);
    });
  });

  test.for([{ words: [] }, { words: ['--cluster-copy'] }])(
    'a replica that takes over without what came last: $words',
    async ({ words }, t) => {
      const [cluster, source] = await startBoth(t, { replicasPerPrimary: 1 });
      await fillSource(source);
      const [primary, replica] = [cluster.node(1), cluster.node(4)];
      // From here on it gets no more.
      await primary.send('ACL', 'SETUSER', 'default', '-psync', '-sync');
      await primary.send('CLIENT', 'KILL', 'TYPE', 'replica');
      let over: Promise<unknown> = Promise.resolve();
      const run = await importing(t, cluster, source, [...SMALL_BATCHES, ...words, '--despite-findings'], {
        text: /> MIGRATE /g,
        times: 60,
        act: () => {
          over = primary.kill().then(() => replica.send('CLUSTER', 'FAILOVER', 'TAKEOVER'));
        },
      });
      await over;
      const missing = await countMissing(cluster, source);
      if (words.includes('--cluster-copy')) {
        expect(await countMissing(cluster, undefined)).toBe(0);
        expect(run.code).toBe(0);
      } else {
        expect(missing).toBeGreaterThan(0);
        expect(missingIn(run)).toBe(missing);
        expect(run.code).toBe(1);
      }
    },
  );

  describe('more keys than slots, in a cluster that was empty', () => {
    const MANY = 25_000;

    test('their numbers say that all have arrived, and none is looked for by its name', async t => {
      const [cluster, source] = await startBoth(t);
      await fillSource(source, MANY);
      expect(await importing(t, cluster, source, [])).toMatchObject({ code: 0, stderr: '' });
      for (const node of cluster.nodes) expect(await callsOf(node, 'exists')).toBe(0);
      expect(await countMissing(cluster, undefined, MANY)).toBe(0);
    });

    test('those that a client has deleted are told, and only their slots are looked into by name', async t => {
      const [cluster, source] = await startBoth(t);
      await fillSource(source, MANY);
      const node = cluster.node(1);
      let over: Promise<unknown> = Promise.resolve();
      const imported = await importing(t, cluster, source, ['--max-keys-per-second', '20000'], {
        text: /> MIGRATE /g,
        times: 10,
        act: () => {
          over = deleteSome(node, 5);
        },
      });
      await over;
      expect(await countMissing(cluster, source, MANY)).toBe(5);
      expect(imported.code).toBe(1);
      expect(missingIn(imported)).toBe(5);
      const looks = await Promise.all(cluster.nodes.map(one => callsOf(one, 'exists')));
      // By this test for each key, and by the import: in five slots at most, all keys at once and then one by one.
      expect(looks.reduce((sum, calls) => sum + calls, 0)).toBeLessThan(MANY + 2000);
    });
  });

  test.for([
    { words: [], takesOver: true },
    { words: ['--cluster-copy'], takesOver: true },
    { words: ['--cluster-copy'], takesOver: false },
  ])('a primary that dies when it has been asked for its keys: $words $takesOver', async (how, t) => {
    const { words, takesOver } = how;
    const [cluster, source] = await startBoth(t, { replicasPerPrimary: 1, nodeTimeoutMs: 30_000 });
    const [primary, last, replica] = [cluster.node(1), cluster.node(2), cluster.node(4)];
    await primary.send('ACL', 'SETUSER', 'default', '-psync', '-sync');
    await primary.send('CLIENT', 'KILL', 'TYPE', 'replica');
    const [tag, other] = [tagOf(cluster, 1), tagOf(cluster, 2)];
    const nameOf: NameOf = i => (i === 0 ? other : `{${tag}}:${i}`);
    await fillSource(source, 100, nameOf);
    const loseIt = async () => {
      await until('it has been asked for its keys', async () =>
        (await primary.text('INFO', 'commandstats')).includes('cmdstat_exists:'),
      );
      await primary.kill();
      if (takesOver) await replica.send('CLUSTER', 'FAILOVER', 'TAKEOVER');
      last.signal('SIGCONT');
    };
    let losing: Promise<void> | undefined;
    const all = ['import', cluster.entry, '--cluster-from', source.address, '--yes', ...words];
    // In this process, so that it stands still between the order and what comes of it.
    const run = await slotctl([...all, '--despite-findings', '--trace'], {
      watch: text => {
        if (losing || !text.includes(`${primary.address} > EXISTS`)) return;
        // Nothing ends before that one answers.
        last.signal('SIGSTOP');
        losing = loseIt();
      },
    });
    await losing;
    if (!takesOver) {
      expect(run.stderr).toContain('99 keys could not be looked for afterwards');
      expect(run.code).toBe(1);
      return;
    }
    const missing = await countMissing(cluster, words.length > 0 ? undefined : source, 100, nameOf);
    expect(missing, run.stderr).toBe(words.length > 0 ? 0 : 99);
    expect(missingIn(run), run.stderr).toBe(missing);
    expect(run.code, run.stderr).toBe(words.length > 0 ? 0 : 1);
  });

  test.for([{ way: [] }, { way: ['--through-here'] }])(
    'a source of copies where clients delete keys: they are no loss: $way',
    async ({ way }, t) => {
      const [cluster, source] = await startBoth(t);
      await fillSource(source);
      let over: Promise<unknown> = Promise.resolve();
      const words = [...way, '--cluster-copy', '--cluster-pipeline', '100', '--max-keys-per-second', '8000'];
      const begin = (deletes: () => Promise<unknown>) =>
        importing(t, cluster, source, words, {
          text: /> (MIGRATE|DUMP) /g,
          times: 20,
          act: () => {
            over = deletes();
          },
        });
      const owner = await ownersIn(cluster);
      const everyOther = Array.from({ length: KEYS / 2 }, (_, i) => plainName(2 * i + 1));
      const deleted = everyOther.slice(0, 100);
      // A hundred from both ends as soon as they have come; from the source all others, too, of which some are on their way.
      const run = await begin(async () => {
        await source.send('DEL', ...everyOther.slice(100));
        for (const name of deleted) {
          const own = Buffer.from(name);
          await until(`${name} has come`, async () => (await owner(own).send('EXISTS', name)) === 1);
          await source.send('DEL', name);
          await owner(own).send('DEL', name);
        }
      });
      await over;
      expect(run.stderr).not.toContain('not there');
      expect(run.stdout).toMatch(/Deleted at the source meanwhile, and not in the cluster either: \d+\./);
      expect(run.code).toBe(0);
      const staying: NameOf = i => plainName(2 * i);
      expect(await countMissing(cluster, undefined, KEYS / 2, staying)).toBe(0);
    },
  );

  test('slots of the source that go there and back while it is read', async t => {
    const [cluster, other] = await Promise.all([
      TestCluster.startFor(t, { build, replicasPerPrimary: 0 }),
      TestCluster.startFor(t, { build, replicasPerPrimary: 0, name: 'other' }),
    ]);
    const ownerOf = await ownersIn(other);
    // The last slots of their node are the last to be read.
    const names = await namesIn(other, 30_000);
    for (const name of names) void ownerOf(Buffer.from(name)).send('SET', name, 'v');
    await Promise.all(other.nodes.map(node => node.send('PING')));
    const slots = new Set(names.map(name => keySlot(Buffer.from(name))));
    const last = Math.max(...slots);
    const moved: Promise<unknown>[] = [];
    const run = await importing(
      t,
      cluster,
      { address: other.entry },
      ['--cluster-copy', '--max-keys-per-second', '6000'],
      {
        text: /> MIGRATE /g,
        act: () => {
          moved.push(
            moveSlot(other, last, 2, 1)
              .then(() => until('it is asked for', () => hasAskedFor(other.node(2), slots.size)))
              .then(() => moveSlot(other, last, 1, 2)),
          );
        },
      },
    );
    await Promise.all(moved);
    expect(run.stderr).toContain('Slots of the source moved during the import');
    expect(run.code).toBe(1);
  });
});

async function callsOf(node: ServerProcess, command: string): Promise<number> {
  const stats = await node.text('INFO', 'commandstats');
  return Number(new RegExp(`^cmdstat_${command}:calls=(\\d+)`, 'm').exec(stats)?.[1] ?? 0);
}

async function deleteSome(node: ServerProcess, count: number): Promise<void> {
  for (let deleted = 0; deleted < count; ) {
    const name = await node.send('RANDOMKEY');
    if (Buffer.isBuffer(name)) deleted += Number(await node.send('DEL', name));
  }
}

/** Of a slot of this node. */
function tagOf(cluster: TestCluster, position: number): string {
  const { slots } = cluster.member(position);
  for (let i = 0; ; i++) if (slots.has(keySlot(Buffer.from(`tag${i}`)))) return `tag${i}`;
}

/** Of one node, so that all of it takes several portions. */
async function namesIn(cluster: TestCluster, count: number): Promise<string[]> {
  const { slots } = cluster.member(2);
  const names: string[] = [];
  for (let i = 0; names.length < count; i++) {
    const name = `k${i}`;
    if (slots.has(keySlot(Buffer.from(name)))) names.push(name);
  }
  return names;
}

/** All slots, and then one by ourselves. */
async function hasAskedFor(node: ServerProcess, slots: number): Promise<boolean> {
  const stats = await node.text('INFO', 'commandstats');
  return Number(/^cmdstat_cluster\|getkeysinslot:calls=(\d+)/m.exec(stats)?.[1] ?? 0) > slots;
}

async function moveSlot(cluster: TestCluster, slot: number, from: number, to: number): Promise<void> {
  const mark = (position: number, ...words: string[]) =>
    cluster.node(position).send('CLUSTER', 'SETSLOT', `${slot}`, ...words);
  const target = cluster.member(to);
  await mark(to, 'IMPORTING', cluster.member(from).id);
  await mark(from, 'MIGRATING', target.id);
  const keys = await cluster.node(from).send('CLUSTER', 'GETKEYSINSLOT', `${slot}`, '1000');
  if (Array.isArray(keys) && keys.length > 0)
    await cluster
      .node(from)
      .send(
        'MIGRATE',
        target.host,
        `${target.port}`,
        '',
        '0',
        '5000',
        'KEYS',
        ...keys.map(key => Buffer.from(key as Buffer)),
      );
  for (const position of [to, from]) await mark(position, 'NODE', target.id);
}
