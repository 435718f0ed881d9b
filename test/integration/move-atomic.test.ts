/** Slots that the servers move by themselves: what is in the way, what goes wrong, and what is left running. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, type TestContext, test } from 'vitest';
import { Pace } from '../../src/live/keys/pace.ts';
import { inspect } from '../../src/live/look/inspect.ts';
import { OwnMigrations } from '../../src/live/move/atomic/own-migrations.ts';
import { MoveError } from '../../src/live/move/move-error.ts';
import { type MoverChoice, moveSlots } from '../../src/live/move/move-slots.ts';
import type { Note } from '../../src/plan/note.ts';
import { describeMoveProblem } from '../../src/report/text/move-problem.ts';
import { describeNote } from '../../src/report/text/note.ts';
import { type Migration, migrationJobs, migrationTasks } from '../../src/resp/commands/atomic-migration.ts';
import { Fleet } from '../../src/resp/fleet.ts';
import { keySlot } from '../../src/topology/key-slot.ts';
import { SlotSet } from '../../src/topology/slot-set.ts';
import { type ClusterPlan, nodesAccordingTo, TestCluster } from '../support/cluster.ts';
import { checked } from '../support/formed.ts';
import { reshard } from '../support/moving.ts';
import { until } from '../support/poll.ts';
import { type Run, slotctlProcess } from '../support/run-slotctl.ts';
import { installedServers, type ServerBuild } from '../support/servers.ts';
import { removeFolder, tempFolder } from '../support/temp-folder.ts';

const builds = installedServers().filter(({ name }) => ['redis-8.6', 'valkey-9.1'].includes(name));
const [redis, valkey] = ['redis', 'valkey'].map(product => builds.filter(build => build.product === product));

/** Keys of the first slots, a hundred slots and some keys in each. */
const SLOTS = '0-99';
const KEYS = Array.from({ length: 400_000 }, (_, i) => `${i}`).filter(key => keySlot(Buffer.from(key)) < 100);
/** Microseconds for each key, so that there is time to do something meanwhile. */
const SLOW = 'rdb-key-save-delay 1000';
/** Longer than the first Ctrl-C leaves a migration. */
const VERY_SLOW = 'rdb-key-save-delay 4000';

function start(t: TestContext, build: ServerBuild, plan: Partial<ClusterPlan> = {}): Promise<TestCluster> {
  return TestCluster.startFor(t, { build, replicasPerPrimary: 0, nodeTimeoutMs: 15_000, ...plan });
}

async function fillSlots(cluster: TestCluster): Promise<void> {
  await Promise.all(KEYS.map(key => cluster.node(0).send('SET', key, 'value')));
}

/** The order by which somebody else moves slots from the first node. */
async function order(cluster: TestCluster, slots: string, to: number): Promise<void> {
  const ranges = slots.split('-');
  if (cluster.node(0).setup.build.product === 'redis')
    await cluster.node(to).send('CLUSTER', 'MIGRATION', 'IMPORT', ...ranges);
  else
    await cluster
      .node(0)
      .send('CLUSTER', 'MIGRATESLOTS', 'SLOTSRANGE', ...ranges, 'NODE', cluster.member(to).id);
}

async function migrationsAt(cluster: TestCluster, position: number): Promise<Migration[]> {
  const node = cluster.node(position);
  const list = node.setup.build.product === 'redis' ? migrationTasks() : migrationJobs();
  return list.decode(await node.send(...list.args));
}

/** By both ends' words. */
async function underWay(cluster: TestCluster): Promise<Migration[]> {
  const all = await Promise.all(cluster.nodes.map((_, i) => migrationsAt(cluster, i)));
  return all.flat().filter(({ state }) => state === 'under-way');
}

/** The end that did not call it off hears of it a moment later. */
function untilNoneIsUnderWay(cluster: TestCluster): Promise<void> {
  return until('no migration is under way', async () => (await underWay(cluster)).length === 0);
}

async function keysPerNode(cluster: TestCluster): Promise<number[]> {
  return Promise.all(cluster.nodes.map(async node => Number(await node.send('DBSIZE'))));
}

function hurry(cluster: TestCluster): Promise<unknown> {
  return Promise.all(cluster.nodes.map(node => node.send('CONFIG', 'SET', 'rdb-key-save-delay', '0')));
}

function folderFor(t: TestContext): string {
  const folder = tempFolder('atomic');
  t.onTestFinished(() => removeFolder(folder));
  return folder;
}

/** What is said when nothing is traced. */
function said({ stderr }: Run): string {
  return stderr
    .split('\n')
    .filter(line => !/^ *[\d.]+ m?s {2}\S+ [<>!] /.test(line))
    .join('\n');
}

const BEGUN = /> CLUSTER (MIGRATION IMPORT|MIGRATESLOTS)/;
const ASKED = /> CLUSTER (MIGRATION STATUS ID|GETSLOTMIGRATIONS)/g;

/** In a folder of its own: what fails leaves a plan there. */
function run(t: TestContext, command: readonly string[], env: Record<string, string> = {}): Promise<Run> {
  return slotctlProcess(command, { cwd: folderFor(t), env });
}

/** Runs with a trace, and does something once the migration was asked about so many times. */
function runAndAct(
  t: TestContext,
  command: readonly string[],
  act: (child: { kill(signal: NodeJS.Signals): void }) => void,
  times = 5,
): Promise<Run> {
  let seen = 0;
  let acted = false;
  return slotctlProcess([...command, '--trace'], {
    cwd: folderFor(t),
    watch: (child, text) => {
      seen += text.match(ASKED)?.length ?? 0;
      if (acted || seen < times) return;
      acted = true;
      act(child);
    },
  });
}

describe.concurrent.each(builds)('$name', build => {
  const isRedis = build.product === 'redis';

  test('a run is killed: the plan is taken up where the servers are by then', async t => {
    const cluster = await start(t, build, { config: ['rdb-key-save-delay 2000'] });
    await fillSlots(cluster);
    const plan = join(folderFor(t), 'plan.json');
    await run(t, [...reshard(cluster, SLOTS, 1), '--plan-out', plan]);
    const killed = await runAndAct(t, ['apply', plan, '--yes', '--mover', 'atomic'], child =>
      child.kill('SIGKILL'),
    );
    expect(killed.code).toBeNull();
    expect(await underWay(cluster)).not.toEqual([]);
    const applied = await run(t, ['apply', plan, '--yes']);
    expect(applied.stderr).toContain('are being migrated already');
    expect(applied.code).toBe(0);
    expect(await keysPerNode(cluster)).toEqual([0, KEYS.length, 0]);
    expect((await migrationsAt(cluster, 1)).length).toBe(1);
  });

  test.for(['auto', 'migrate'])('somebody else moves some of the slots: %s stays away', async (mover, t) => {
    const cluster = await start(t, build, { config: [VERY_SLOW] });
    await fillSlots(cluster);
    await order(cluster, '10-99', 2);
    const moved = await run(t, reshard(cluster, SLOTS, 1, '--mover', mover));
    expect(moved.code).toBe(1);
    expect(moved.stderr).toContain(`is moving slots 10-99 already, from ${cluster.entry}`);
    const theirs = await underWay(cluster);
    expect(theirs.map(({ target }) => target)).toEqual([cluster.member(2).id, cluster.member(2).id]);
    expect(await keysPerNode(cluster)).toEqual([KEYS.length, 0, 0]);
    expect(await checked(cluster.entry)).toMatchObject({ healthy: true });
  });

  test('connections break: others are opened, and the migration is seen to its end', async t => {
    const cluster = await start(t, build, { config: [SLOW] });
    await fillSlots(cluster);
    const moved = await runAndAct(t, reshard(cluster, SLOTS, 1), () => {
      // Not those by which the servers migrate, which are told apart as replicas and primaries.
      const seat = cluster.node(isRedis ? 1 : 0);
      void seat.send('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes').then(() => hurry(cluster));
    });
    expect(said(moved)).toBe('');
    expect(await keysPerNode(cluster)).toEqual([0, KEYS.length, 0]);
  });

  test('the node that leads it hangs: how to call it off is said', async t => {
    const cluster = await start(t, build, { config: [SLOW] });
    await fillSlots(cluster);
    const seat = cluster.node(isRedis ? 1 : 0);
    const moved = await runAndAct(t, reshard(cluster, SLOTS, 1, '--reply-timeout', '1'), () =>
      seat.signal('SIGSTOP'),
    );
    expect(moved.code).toBe(1);
    seat.signal('SIGCONT');
    const [, command = ''] = /send `(CLUSTER [^`]*)` to \S+/.exec(moved.stderr) ?? [];
    expect(command).toMatch(
      isRedis ? /^CLUSTER MIGRATION CANCEL ID \w{40}$/ : /^CLUSTER CANCELSLOTMIGRATIONS$/,
    );
    expect(moved.stderr).toContain(`to ${seat.address}`);
    expect(moved.stderr).not.toContain('MIGRATE;');
    await seat.send(...command.split(' '));
    await until('nothing is under way', async () => (await underWay(cluster)).length === 0);
    expect((await keysPerNode(cluster))[0]).toBe(KEYS.length);
  });

  test.for([1, 2])('Ctrl-C %i times: a long migration is called off', async (times, t) => {
    const cluster = await start(t, build, { config: [VERY_SLOW] });
    await fillSlots(cluster);
    let pressed = 0;
    const moved = await slotctlProcess([...reshard(cluster, SLOTS, 1), '--trace'], {
      cwd: folderFor(t),
      watch: (child, text) => {
        if (pressed === times || !(BEGUN.test(text) || text.includes('once more'))) return;
        pressed++;
        child.kill('SIGINT');
      },
    });
    expect(moved.code).toBe(130);
    await untilNoneIsUnderWay(cluster);
    expect(await keysPerNode(cluster)).toEqual([KEYS.length, 0, 0]);
    expect(await checked(cluster.entry)).toMatchObject({ healthy: true });
  });

  test('the owner has changed since the plan: nothing is moved from the wrong node', async t => {
    const cluster = await start(t, build);
    const { move, dispose } = await stalePlan(cluster);
    t.onTestFinished(dispose);
    await order(cluster, '0-9', 2);
    await until('it has changed', async () => owns(cluster, 2, 5));
    await expect(move('atomic')).rejects.toThrow(`${cluster.node(2).address} owns them now`);
    await expect(move('auto')).rejects.toThrow(`${cluster.node(2).address} owns them now`);
    expect(await owns(cluster, 2, 5)).toBe(true);
  });

  test('an hour is over: the migration is called off', async t => {
    const cluster = await start(t, build, { config: [VERY_SLOW] });
    await fillSlots(cluster);
    const { move, skip, dispose } = await stalePlan(cluster);
    t.onTestFinished(dispose);
    const moving = expect(move('atomic')).rejects.toThrow(/after 60 minutes.*it was called off/);
    await until('it has begun', async () => (await underWay(cluster)).length > 0);
    skip(3_600_000);
    await moving;
    await untilNoneIsUnderWay(cluster);
  });

  test('what it takes is not there: atomic refuses, auto goes on by MIGRATE and says why', async t => {
    const cluster = await start(t, build);
    await fillSlots(cluster);
    await cluster.node(0).send('CLUSTER', 'SETSLOT', '2000', 'MIGRATING', cluster.member(2).id);
    const { move, remarks, dispose } = await stalePlan(cluster);
    t.onTestFinished(dispose);
    await expect(move('atomic')).rejects.toThrow('slot 2000 is open at');
    expect(await keysPerNode(cluster)).toEqual([KEYS.length, 0, 0]);
    await move('auto');
    expect(remarks.join()).toContain('slot 2000 is open at');
    expect(await owns(cluster, 1, 5)).toBe(true);
    await cluster.node(0).send('CLUSTER', 'SETSLOT', '2000', 'STABLE');
    const right = isRedis ? 'migration' : 'cancelslotmigrations';
    await Promise.all(
      cluster.nodes.map(node =>
        node.send('ACL', 'SETUSER', 'mover', 'on', '>pw', '~*', '&*', '+@all', `-cluster|${right}`),
      ),
    );
    const login = { REDISCLI_AUTH: 'pw' };
    const refused = await run(t, reshard(cluster, '10-19', 1, '--user', 'mover', '--mover', 'atomic'), login);
    expect(refused.stderr).toContain(`cluster|${right}`);
    expect(refused.code).toBe(1);
    const moved = await run(t, reshard(cluster, '10-19', 1, '--user', 'mover'), login);
    expect(moved.stderr).toContain('going on by MIGRATE');
    expect(moved.code).toBe(0);
  });
});

describe.concurrent.each(builds)('$name', build => {
  test('a target that turns writes away would lose the keys, or end itself: it is not begun', async t => {
    const cluster = await start(t, build);
    await fillSlots(cluster);
    const target = cluster.node(1);
    const reasons = [];
    if (build.product === 'redis') {
      await target.send('CONFIG', 'SET', 'min-replicas-to-write', '1');
      reasons.push(await run(t, reshard(cluster, '0-9', 1, '--mover', 'atomic')));
      await target.send('CONFIG', 'SET', 'min-replicas-to-write', '0');
      expect(reasons[0]?.stderr).toContain('min-replicas-to-write');
    }
    // Nothing can be saved where a folder is in the way.
    mkdirSync(join(target.folder, 'dump.rdb'));
    await target.send('BGSAVE');
    await until('it has noticed', async () =>
      (await target.text('INFO', 'persistence')).includes('rdb_last_bgsave_status:err'),
    );
    const last = await run(t, reshard(cluster, '0-9', 1, '--mover', 'atomic'));
    expect(last.stderr).toContain('could not save its data');
    expect([...reasons, last].map(({ code }) => code)).toEqual([...reasons.map(() => 1), 1]);
    expect(await keysPerNode(cluster)).toEqual([KEYS.length, 0, 0]);
    const moved = await run(t, reshard(cluster, '0-9', 1));
    expect(moved.stderr).toContain('going on by MIGRATE');
    expect(moved.code).toBe(0);
  });
});

function exportsUnderWay(migrations: readonly Migration[]): number {
  return migrations.filter(({ state }) => state === 'under-way').length;
}

async function owns(cluster: TestCluster, position: number, slot: number): Promise<boolean> {
  const { id } = cluster.member(position);
  const nodes = (await Promise.all(cluster.nodes.map(node => nodesAccordingTo(node)))).flat();
  return nodes.filter(n => n.id === id).every(n => n.role === 'primary' && n.slots.has(slot));
}

/** Slots 0-9 from the first node to the second, by what the cluster is like now. */
async function stalePlan(cluster: TestCluster) {
  const [host = '', port = ''] = cluster.entry.split(':');
  const entry = { kind: 'tcp', host, port: Number(port) } as const;
  const fleet = new Fleet({ entry, connectTimeoutMs: 5000, replyTimeoutMs: 30_000 });
  const before = await inspect(fleet);
  const remarks: string[] = [];
  let skippedMs = 0;
  const nowMs = () => performance.now() + skippedMs;
  const skip = (ms: number) => {
    skippedMs += ms;
  };
  const moveRun = {
    fleet,
    limits: {
      firstBatch: 10,
      maxBlockMs: 5,
      window: 8,
      timeoutMs: 5000,
      replace: false,
      allowBlocking: false,
      waitReplicas: 0,
    },
    moved() {},
    note: (note: Note) => void remarks.push(describeNote(note)),
    pace: new Pace({}, { nowMs, sleep: async () => {} }),
    own: new OwnMigrations(),
    trip: { ready: Promise.resolve(), expectCalm() {}, lookAgain: async () => {}, counted() {}, end() {} },
    nowMs,
    isStopping: () => false,
  };
  const step = { from: cluster.member(0).id, to: cluster.member(1).id, slots: SlotSet.range(0, 9) };
  const move = (mover: MoverChoice) =>
    moveSlots(step, before, mover, moveRun).catch(error => {
      if (!(error instanceof MoveError)) throw error;
      throw new Error(describeMoveProblem(error.problem));
    });
  return { move, remarks, skip, dispose: () => fleet.close() };
}

describe.concurrent.each(redis ?? [])('$name only', build => {
  test('what is begun anew without end is called off', async t => {
    const cluster = await start(t, build, { config: ['enable-debug-command yes'] });
    await fillSlots(cluster);
    await cluster.node(0).send('DEBUG', 'ASM-FAILPOINT', 'migrate-main-channel', 'handoff');
    const moved = await run(t, reshard(cluster, SLOTS, 1));
    expect(moved.stderr).toMatch(
      /the migration failed \d times: .*; it was called off, and the slots are where/,
    );
    expect(moved.code).toBe(1);
    expect(await migrationsAt(cluster, 1)).toMatchObject([{ state: 'cancelled' }]);
    expect(await keysPerNode(cluster)).toEqual([KEYS.length, 0, 0]);
  });
});

describe.concurrent.each(redis ?? [])('$name only', build => {
  test('moves that share a node take turns, however many may go at a time', async t => {
    const cluster = await start(t, build);
    await fillSlots(cluster);
    const empty = ['--cluster-weight', `${cluster.member(0).id}=0`, '--parallel', '2'];
    expect(await run(t, ['rebalance', cluster.entry, ...empty, '--yes'])).toMatchObject({
      code: 0,
      stderr: '',
    });
    const tasks = (await Promise.all([1, 2].map(position => migrationsAt(cluster, position)))).flat();
    expect(tasks.map(({ state, retries }) => ({ state, retries }))).toEqual([
      { state: 'done', retries: 0 },
      { state: 'done', retries: 0 },
    ]);
  });
});

describe.concurrent.each(valkey ?? [])('$name only', build => {
  test('one of two exports fails, and the other goes on', async t => {
    const cluster = await start(t, build, { config: [SLOW] });
    await fillSlots(cluster);
    const half = [
      '--cluster-weight',
      `${cluster.member(0).id}=0`,
      '--join-timeout',
      '2',
      '--reply-timeout',
      '2',
    ];
    const begun = async () => (await migrationsAt(cluster, 0)).length === 2;
    const moved = await runAndAct(t, ['rebalance', cluster.entry, ...half, '--yes'], () => {
      void until('both are under way', begun).then(() => {
        cluster.node(2).signal('SIGKILL');
        return hurry(cluster).catch(() => {});
      });
    });
    expect(moved.code).toBe(1);
    const ours = (await migrationsAt(cluster, 0)).map(({ target, state }) => [target, state]);
    expect(ours).toContainEqual([cluster.member(1).id, 'done']);
    expect(ours).toContainEqual([cluster.member(2).id, 'failed']);
  });

  test('Ctrl-C calls off nobody else’s export', async t => {
    const cluster = await start(t, build, { config: ['rdb-key-save-delay 2500'] });
    await fillSlots(cluster);
    await order(cluster, '20-99', 2);
    let waiting = false;
    const moved = await slotctlProcess([...reshard(cluster, '0-19', 1), '--trace'], {
      cwd: folderFor(t),
      watch: (child, text) => {
        if (waiting || !BEGUN.test(text)) return;
        waiting = true;
        child.kill('SIGINT');
      },
    });
    expect(said(moved)).toContain('calling it off would call off slots 20-99');
    await until('the other one is through', async () => (await underWay(cluster)).length === 0);
    expect((await migrationsAt(cluster, 0)).map(({ state }) => state)).toEqual(['done', 'done']);
  });

  test('nor does an hour that is over: how to do it is said', async t => {
    const cluster = await start(t, build, { config: [VERY_SLOW] });
    await fillSlots(cluster);
    await order(cluster, '20-99', 2);
    const { move, skip, dispose } = await stalePlan(cluster);
    t.onTestFinished(dispose);
    const moving = expect(move('atomic')).rejects.toThrow(
      /not called off, since that would call off slots 20-99 .*`CLUSTER CANCELSLOTMIGRATIONS`/,
    );
    await until('both are under way', async () => exportsUnderWay(await migrationsAt(cluster, 0)) === 2);
    skip(3_600_000);
    await moving;
    expect(exportsUnderWay(await migrationsAt(cluster, 0))).toBe(2);
  });

  test('the servers cannot log in with each other: auto goes on by MIGRATE', async t => {
    const cluster = await start(t, build, { password: 'pw' });
    await cluster.node(0).send('CONFIG', 'SET', 'primaryauth', 'wrong');
    const moved = await run(t, reshard(cluster, '0-9', 1), { REDISCLI_AUTH: 'pw' });
    expect(moved.stderr).toContain('Failed to AUTH');
    expect(moved.code).toBe(0);
  });

  test('functions go along to a target that has none, and others are told of', async t => {
    const cluster = await start(t, build);
    const library = (name: string, value: number) =>
      `#!lua name=${name}\nserver.register_function('${name}', function() return ${value} end)`;
    await cluster.node(0).send('FUNCTION', 'LOAD', library('mine', 1));
    await cluster.node(2).send('FUNCTION', 'LOAD', library('mine', 2));
    for (const mover of ['auto', 'migrate']) {
      await cluster.node(1).send('FUNCTION', 'FLUSH');
      await run(t, reshard(cluster, mover === 'auto' ? '0-1' : '2-3', 1, '--mover', mover));
      expect(await cluster.node(1).send('FCALL', 'mine', '0')).toBe(1);
    }
    const differs = await run(t, reshard(cluster, '4', 2));
    expect(differs.stderr).toMatch(/has other functions than .*: mine/);
    expect(await cluster.node(2).send('FCALL', 'mine', '0')).toBe(2);
  });
});
