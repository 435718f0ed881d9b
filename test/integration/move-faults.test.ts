/** Moves by MIGRATE when something goes wrong: others move too, rights are missing, nodes are lost, values clash. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, type TestContext, test } from 'vitest';
import { type ClusterPlan, TestCluster } from '../support/cluster.ts';
import {
  CRASH,
  folderFor,
  keysWithOwners,
  MOVING,
  openMarks,
  ownersOf,
  reshard,
  run,
} from '../support/moving.ts';
import { until } from '../support/poll.ts';
import { anyServer, serversUnderTest } from '../support/servers.ts';
import { fillSlots, keyIn, keysPerNode } from '../support/slot-keys.ts';
import { removeFolder } from '../support/temp-folder.ts';

const oldest = anyServer();
const newest = serversUnderTest().find(({ name }) => name === 'redis-8.6') ?? oldest;
const valkey = serversUnderTest().find(({ name }) => name === 'valkey-9.1') ?? oldest;
const BY_MIGRATE = ['--mover', 'migrate'];

function start(t: TestContext, plan: Partial<ClusterPlan> = {}): Promise<TestCluster> {
  return TestCluster.startFor(t, { build: oldest, replicasPerPrimary: 0, ...plan });
}

async function sum(cluster: TestCluster): Promise<number> {
  return (await keysPerNode(cluster)).reduce((all, keys) => all + keys, 0);
}

type Content = readonly string[];

/** A key of slot 5 of the first node is at another node, too, with the same or another value. */
async function clash(
  cluster: TestCluster,
  own: Content,
  other: Content,
  { at = 1, name = 'twice' } = {},
): Promise<string> {
  const key = keyIn(5, name);
  const [source, target] = [cluster.node(0), cluster.node(at)];
  const words = ([command = '', ...rest]: Content) => [command, key, ...rest];
  await source.send(...words(own));
  await target.send('CLUSTER', 'SETSLOT', '5', 'IMPORTING', cluster.member(0).id);
  await Promise.all([target.send('ASKING'), target.send(...words(other))]);
  await target.send('CLUSTER', 'SETSLOT', '5', 'STABLE');
  return key;
}

describe.concurrent('two at once', () => {
  // Held where the other one can do the most harm: with its look behind it, and its own marks half set.
  test.for([
    { build: oldest, hold: /> CLUSTER COUNTKEYSINSLOT/g },
    { build: oldest, hold: /> PUBSUB/g },
    { build: newest, hold: /> CLUSTER SETSLOT \d+ IMPORTING/g },
    { build: valkey, hold: /> CLUSTER SETSLOT \d+ MIGRATING/g },
  ])('want the same slots for different nodes, on $build.name, the second held at $hold', async (at, t) => {
    const cluster = await start(t, { build: at.build });
    const keys = await fillSlots(cluster, 0, { first: 0, last: 99 }, 50);
    const options = [...BY_MIGRATE, '--join-timeout', '3'];
    let held: ChildProcess | undefined;
    const second = run(t, reshard(cluster, '0-99', 2, ...options), {
      when: {
        text: at.hold,
        act: child => {
          held = child;
          child.kill('SIGSTOP');
        },
      },
    });
    await until('the second is held', () => held !== undefined);
    const first = run(t, reshard(cluster, '0-99', 1, ...options), {
      when: { text: MOVING, times: 5, act: () => void held?.kill('SIGCONT') },
    });
    // Where the first one gives way, it never gets so far.
    const ended = first.then(() => held?.kill('SIGCONT'));
    const runs = await Promise.all([first, second, ended]).then(([a, b]) => [a, b]);
    for (const { stderr } of runs) expect(stderr).not.toMatch(CRASH);
    const said = runs.map(({ code, stdout, stderr }) => `${code}\n${stdout}${stderr}`).join('\n--\n');
    expect(await openMarks(cluster), said).toEqual([]);
    expect(await sum(cluster), said).toBe(keys);
    expect(await keysWithOwners(cluster, { first: 0, last: 99 }), said).toBe(keys);
    await until('the nodes agree', async () => new Set(await ownersOf(cluster, 50)).size === 1);
    // Just one is done, and who says so is right.
    const [owner] = await ownersOf(cluster, 50);
    expect(runs.flatMap(({ code }, i) => (code === 0 ? [i + 1] : []))).toEqual([owner]);
  });

  test('want different slots of the same nodes', async t => {
    const cluster = await start(t);
    const keys = await fillSlots(cluster, 0, { first: 0, last: 199 }, 50);
    const runs = await Promise.all(
      ['0-99', '100-199'].map(slots => run(t, reshard(cluster, slots, 1, ...BY_MIGRATE))),
    );
    // The second may have been refused, because slots were on their way.
    for (const { code, stderr } of runs) {
      expect(stderr).not.toMatch(CRASH);
      expect([0, 4]).toContain(code);
    }
    const after = await run(t, reshard(cluster, '0-199', 1, ...BY_MIGRATE));
    expect(after.code).toBe(0);
    expect(await keysPerNode(cluster)).toEqual([0, keys, 0]);
  });

  test('a redis-cli whose question is answered meanwhile: no key is lost, and it is said which slots are in doubt', async t => {
    const cluster = await start(t);
    const keys = await fillSlots(cluster, 0, { first: 0, last: 199 }, 100);
    const [from, to] = [cluster.member(0).id, cluster.member(2).id];
    const which = ['--cluster-from', from, '--cluster-to', to, '--cluster-slots', '200'];
    const cli = spawn(oldest.cli, ['--cluster', 'reshard', cluster.entry, ...which], {
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    t.onTestFinished(() => void cli.kill('SIGKILL'));
    const ended = new Promise(resolve => cli.once('close', resolve));
    let screen = '';
    cli.stdout.on('data', chunk => {
      screen += chunk;
    });
    await until('redis-cli asks', () => screen.includes('Do you want to proceed'));
    const options = [...BY_MIGRATE, '--max-block-ms', '1', '--join-timeout', '3'];
    const moved = await run(t, reshard(cluster, '0-199', 1, ...options), {
      when: { text: MOVING, times: 3, act: () => cli.stdin.end('yes\n') },
    });
    await ended;
    expect(moved.stderr).not.toMatch(CRASH);
    expect(await sum(cluster)).toBe(keys);
    // Keys that went to a node which did not get the slot are found by nobody, unless somebody says where they are.
    const served = await keysWithOwners(cluster, { first: 0, last: 199 });
    expect(served === keys || /slots? \d/.test(moved.stderr)).toBe(true);
    expect(moved.code === 0, moved.stderr).toBe(
      served === keys && `${await ownersOf(cluster, 199)}` === '1,1,1',
    );
  });
});

describe.concurrent('what cannot work', () => {
  test.for([{ build: oldest }, { build: valkey }])(
    'for want of a right, on $build.name: no slot stays open, and with the right it works',
    async ({ build }, t) => {
      const cluster = await start(t, { build });
      const keys = await fillSlots(cluster, 0, { first: 0, last: 19 }, 10);
      const look = ['+info', '+dbsize', '+cluster|nodes', '+cluster|info', '+cluster|countkeysinslot'];
      const move = ['+cluster|getkeysinslot', '+cluster|setslot', '+migrate', '+restore-asking', '+select'];
      const watch = ['+subscribe', '+pubsub|channels', '&slotctl:*'];
      const rights = [...look, ...move, ...watch];
      for (const node of cluster.nodes) {
        await node.send('ACL', 'SETUSER', 'mover', 'on', '>pw', '~*', ...rights);
        await node.send('ACL', 'SETUSER', 'modest', 'on', '>pw', ...rights);
      }
      const login = { env: { REDISCLI_AUTH: 'pw' } };
      const modest = await run(t, reshard(cluster, '0-19', 1, ...BY_MIGRATE, '--user', 'modest'), login);
      expect(modest.code).toBe(1);
      expect(modest.stderr).toContain('NOPERM');
      expect(modest.stderr).not.toContain('open');
      expect(await openMarks(cluster)).toEqual([]);
      const moved = await run(t, reshard(cluster, '0-19', 1, ...BY_MIGRATE, '--user', 'mover'), login);
      expect(moved.code).toBe(0);
      // Without +config|get: a time-out that is too long takes two primaries down, and one that is too short only costs time.
      expect(moved.stderr).toMatch(
        /^\[WARNING\] .*\+config\|get.* 2000 ms is assumed.* in a MIGRATE .* 1000 ms at most\n$/,
      );
      expect(await keysPerNode(cluster)).toEqual([0, keys, 0]);
      // What only serves to be seen by others is not needed, and its absence is told.
      for (const node of cluster.nodes) await node.send('ACL', 'SETUSER', 'mover', '-subscribe');
      const back = await run(t, reshard(cluster, '0-19', 0, ...BY_MIGRATE, '--user', 'mover'), login);
      expect(back.stderr).toContain('other slotctl runs cannot see this one');
      expect(back.code).toBe(0);
    },
  );

  test.for(serversUnderTest().filter(({ name }) => name === 'valkey-9.1'))(
    'the number of databases may not be asked for, on $name: a key in one that nobody used before comes along',
    async (build, t) => {
      const cluster = await start(t, { build, config: ['cluster-databases 6'] });
      const keys = await fillSlots(cluster, 0, { first: 0, last: 19 }, 40);
      const source = cluster.node(0);
      for (const node of cluster.nodes)
        await node.send('ACL', 'SETUSER', 'mover', 'on', '>pw', '~*', '&*', '+@all', '-config|get');
      const writeElsewhere = () => {
        const words = [
          ['SELECT', '5'],
          ['SET', keyIn(19, 'elsewhere'), 'value'],
          ['SELECT', '0'],
        ];
        for (const [command = '', ...rest] of words) void source.send(command, ...rest);
      };
      const slowly = ['--window', '1', '--max-keys-per-second', '400', '--user', 'mover'];
      const moved = await run(t, reshard(cluster, '0-19', 1, ...BY_MIGRATE, ...slowly), {
        env: { REDISCLI_AUTH: 'pw' },
        when: { text: MOVING, act: writeElsewhere },
      });
      expect(moved.code).toBe(0);
      expect(moved.stderr).toContain('+config|get');
      expect(await keysPerNode(cluster)).toEqual([0, keys + 1, 0]);
    },
  );

  test('in the midst of it: what has not gone is closed again, the rest is named, and goes on', async t => {
    const cluster = await start(t);
    const keys = await fillSlots(cluster, 0, { first: 0, last: 199 }, 50);
    const [source, target] = [cluster.node(0), cluster.node(1)];
    const cwd = folderFor(t);
    // Full all of a sudden, and at the same time so slow to say so that the other window is open.
    const moved = await run(t, reshard(cluster, '0-199', 1, ...BY_MIGRATE, '--max-block-ms', '1'), {
      cwd,
      when: { text: MOVING, times: 8, act: () => void target.send('CONFIG', 'SET', 'maxmemory', '1') },
    });
    expect(moved.code).toBe(1);
    // Whatever is quicker: the refusal, or the watch.
    expect(moved.stderr).toMatch(/OOM|has reached its maxmemory/);
    const named = /slots? (\S+) stays? open between \S+ and \S+: slotctl apply/.exec(moved.stderr)?.[1];
    const open = new Set((await openMarks(cluster)).map(mark => /\d+/.exec(mark)?.[0]));
    const list = (named ?? '').split(',').flatMap(range => {
      const [first = 0, last = first] = range.split('-').map(Number);
      return Array.from({ length: last - first + 1 }, (_, i) => `${first + i}`);
    });
    expect(named === undefined ? [] : list.sort()).toEqual([...open].sort());
    expect(open.size).toBeLessThan(65);
    await target.send('CONFIG', 'SET', 'maxmemory', '0');
    const [, plan = ''] = /slotctl apply (\S+)/.exec(moved.stderr.split('\n').at(-2) ?? '') ?? [];
    expect((await run(t, ['apply', plan, '--yes', ...BY_MIGRATE], { cwd })).code).toBe(0);
    expect(await source.send('DBSIZE')).toBe(0);
    expect(await sum(cluster)).toBe(keys);
  });

  test('to an older server: refused before anything is opened', async t => {
    const cluster = await start(t, { builds: { 0: newest } });
    const keys = await fillSlots(cluster, 0, { first: 0, last: 9 }, 10);
    const refused = await run(t, reshard(cluster, '0-9', 1));
    expect(refused.stderr).toContain('cannot read what');
    expect(refused.code).toBe(4);
    const insisted = await run(t, reshard(cluster, '0-9', 1, '--despite-findings'));
    expect(insisted.code).toBe(1);
    expect(await openMarks(cluster)).toEqual([]);
    expect(await keysPerNode(cluster)).toEqual([keys, 0, 0]);
  });

  test('in one of two moves that wait for each other: the second is not begun', async t => {
    const cluster = await start(t);
    const first = await clash(cluster, ['SET', 'one'], ['SET', 'two'], { at: 2 });
    const others = await fillSlots(cluster, 1, { first: 5461, last: 5470 }, 3);
    const words = ['reshard', cluster.entry, '--slots', '5,5461-5470', '--cluster-to', cluster.member(2).id];
    const moved = await run(t, [...words, '--yes', '--json', ...BY_MIGRATE]);
    expect(moved.code).toBe(1);
    expect(moved.stdout).toContain(JSON.stringify(first).slice(1, -1));
    const failed = moved.stdout.split('\n').filter(line => line.includes('"step-failed"'));
    expect(failed).toHaveLength(1);
    expect(await keysPerNode(cluster)).toEqual([1, others, 1]);
    expect(await openMarks(cluster)).not.toContain('5461');
  });
});

describe.concurrent('a key is at both ends', () => {
  const fields = Array.from({ length: 1000 }, (_, i) => [`field ${i}`, `${i}`]);
  const members = Array.from({ length: 1000 }, (_, i) => `member ${i}`);
  const values: Readonly<Record<string, readonly [own: Content, different: Content]>> = {
    string: [
      ['SET', 'value'],
      ['SET', 'valuE'],
    ],
    expiring: [
      ['SET', 'value', 'PX', '1000000'],
      ['SET', 'value', 'PX', '2000000'],
    ],
    list: [
      ['RPUSH', ...members],
      ['RPUSH', ...members.toReversed()],
    ],
    set: [
      ['SADD', ...members],
      ['SADD', ...members.slice(1), 'x'],
    ],
    hash: [
      ['HSET', ...fields.flat()],
      ['HSET', ...fields.flat().with(-1, 'x')],
    ],
    zset: [
      ['ZADD', '0.1', 'a', '-inf', 'b', '3', 'c'],
      ['ZADD', '0.1', 'a', '-inf', 'b', '4', 'c'],
    ],
    stream: [
      ['XADD', '1-1', 'a', 'b'],
      ['XADD', '1-1', 'a', 'c'],
    ],
  };

  test.for([
    { name: 'one version', builds: {} },
    { name: 'two versions', builds: { 1: newest } },
  ])('the same values, on servers of $name: written over', async ({ builds }, t) => {
    const cluster = await start(t, { builds });
    for (const [name, [own]] of Object.entries(values)) {
      // Filled in another order.
      const [command = '', ...rest] = own;
      const turned = name === 'set' ? rest.toReversed() : name === 'hash' ? fields.toReversed().flat() : rest;
      await clash(cluster, own, [command, ...turned], { name });
    }
    await fillSlots(cluster, 0, { first: 5, last: 5 }, 9);
    const moved = await run(t, reshard(cluster, '5', 1, ...BY_MIGRATE));
    expect(moved).toMatchObject({ code: 0, stderr: '' });
    expect(await keysPerNode(cluster)).toEqual([0, Object.keys(values).length + 9, 0]);
  });

  test('other values: all are named and both stay, or the target’s are kept in a file', async t => {
    const cluster = await start(t, { builds: { 1: newest } });
    const cwd = folderFor(t);
    for (const [name, [own, other]] of Object.entries(values)) await clash(cluster, own, other, { name });
    const refused = await run(t, reshard(cluster, '5', 1, ...BY_MIGRATE), { cwd });
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('and 2 more keys; both are kept (--cluster-replace');
    const [source, target] = [cluster.node(0), cluster.node(1)];
    expect(await keysPerNode(cluster)).toEqual([7, 7, 0]);
    const [, plan = ''] = /slotctl apply (slotctl-plan-\S+)/.exec(refused.stderr) ?? [];
    const moved = await run(t, ['apply', plan, '--yes', ...BY_MIGRATE, '--cluster-replace'], { cwd });
    expect(moved.code).toBe(0);
    expect(await keysPerNode(cluster)).toEqual([0, 7, 0]);
    expect(await target.text('GET', keyIn(5, 'string'))).toBe('value');
    const file = /kept in (\S+),/.exec(moved.stderr)?.[1] ?? '';
    expect(statSync(join(cwd, file)).mode & 0o777).toBe(0o600);
    const lines = readFileSync(join(cwd, file), 'utf8').trim().split('\n');
    const rescued = lines.map(line => JSON.parse(line) as Record<string, string>);
    expect(rescued.map(({ type }) => type).sort()).toEqual(
      ['hash', 'list', 'set', 'stream', 'string', 'string', 'zset'].sort(),
    );
    for (const { key = '', payload = '', ...rest } of rescued) {
      expect(rest).toMatchObject({ version: 1, slot: 5, database: 0, node: target.address });
      await target.send(
        'RESTORE',
        Buffer.from(key, 'base64'),
        '0',
        Buffer.from(payload, 'base64'),
        'REPLACE',
      );
    }
    expect(await target.text('GET', keyIn(5, 'string'))).toBe('valuE');
    expect(await target.text('HGET', keyIn(5, 'hash'), 'field 999')).toBe('x');
    expect(await source.send('DBSIZE')).toBe(0);
  });

  test('a large value gives way like any other', async t => {
    const cluster = await start(t, { config: ['rdbcompression no'] });
    await clash(cluster, ['SETRANGE', '9', 'own'], ['SETRANGE', `${80_000_000}`, 'other']);
    const moved = await run(t, reshard(cluster, '5', 1, ...BY_MIGRATE, '--cluster-replace'));
    expect(moved.stderr).toMatch(/^\[WARNING\] 1 other value of \S+ kept in \S+, and written over\n$/);
    expect(moved.code).toBe(0);
  });

  test('fields that expire at other times make other hashes', async t => {
    const cluster = await start(t, { build: newest });
    const expiring = (ms: number) => ['HSETEX', 'PX', `${ms}`, 'FIELDS', '1', 'field', 'value'];
    const own = expiring(1_000_000);
    await clash(cluster, own, own, { name: 'same' });
    const other = await clash(cluster, own, expiring(2_000_000), { name: 'other' });
    const moved = await run(t, reshard(cluster, '5', 1, ...BY_MIGRATE));
    expect(moved.stderr).toContain(`has other values for "${other}";`);
    expect(moved.code).toBe(1);
  });
});

describe.concurrent('others', () => {
  test.for(['SIGKILL', 'SIGSTOP'] as const)(
    'a third primary is lost by %s: told of, and the move is done',
    async (signal, t) => {
      const cluster = await start(t, { nodeTimeoutMs: 2000, config: ['cluster-require-full-coverage no'] });
      const keys = await fillSlots(cluster, 0, { first: 0, last: 199 }, 30);
      const third = cluster.node(2);
      const cwd = folderFor(t);
      await run(t, [...reshard(cluster, '0-199', 1), '--plan-out', 'plan'], { cwd });
      const options = ['--yes', ...BY_MIGRATE, '--reply-timeout', '1', '--window', '8'];
      // Even where it is the one that was named.
      const moved = await run(t, ['apply', 'plan', third.address, ...options], {
        cwd,
        when: { text: MOVING, times: 20, act: () => third.signal(signal) },
      });
      expect(moved.stderr).not.toContain('[ERR]');
      expect(moved.stderr).toContain(`${third.address} `);
      expect(moved.stderr.match(/does not know the new owner/g)).toHaveLength(1);
      expect(moved.code).toBe(0);
      const again = await run(t, ['apply', 'plan', ...options], { cwd });
      expect(again.stdout).toContain('Nothing to do.');
      if (signal === 'SIGSTOP') third.signal('SIGCONT');
      else await third.restart();
      await cluster.settled();
      await until('the nodes agree', async () => `${await ownersOf(cluster, 50)}` === '1,1,1');
      expect(await keysPerNode(cluster)).toEqual([0, keys, 0]);
    },
  );

  test('have slots open: that is told, and is no failure', async t => {
    const cluster = await start(t);
    const keys = await fillSlots(cluster, 0, { first: 0, last: 9 }, 5);
    await cluster.node(2).send('CLUSTER', 'SETSLOT', '9000', 'IMPORTING', cluster.member(1).id);
    await cluster.node(1).send('CLUSTER', 'SETSLOT', '9000', 'MIGRATING', cluster.member(2).id);
    const moved = await run(t, reshard(cluster, '0-9', 1, ...BY_MIGRATE, '--despite-findings'));
    expect(moved.stderr).toContain('[WARNING]');
    expect(moved.stderr).toContain('slot 9000');
    expect(moved.code).toBe(0);
    expect(await keysPerNode(cluster)).toEqual([0, keys, 0]);
  });

  test('are spared by a limit that makes a move rest for hours: the second Ctrl-C ends it at once', async t => {
    const cluster = await start(t);
    await fillSlots(cluster, 0, { first: 0, last: 2 }, 40);
    const cwd = folderFor(t);
    const pressTwice = (child: ChildProcess) => {
      // Nor is that forgotten over a file that cannot be written.
      removeFolder(cwd);
      child.stderr?.on('data', text => `${text}`.includes('once more') && child.kill('SIGINT'));
      child.kill('SIGINT');
    };
    const moved = await run(t, reshard(cluster, '0-2', 1, ...BY_MIGRATE, '--max-bytes-per-second', '1'), {
      cwd,
      when: { text: MOVING, act: pressTwice },
    });
    expect(moved.code).toBe(130);
    expect(moved.stderr).toContain('slots 0-2 stay open');
    expect(moved.stderr).toMatch(/could not be written down: slotctl-plan-\S+ cannot be written: ENOENT/);
  });

  test('run a script that nobody can interrupt but by killing it: the move waits, says so, and goes on', async t => {
    const cluster = await start(t, { config: ['busy-reply-threshold 1'] });
    const keys = await fillSlots(cluster, 0, { first: 1990, last: 1999 }, 5);
    const { host, port } = cluster.member(0);
    const scriptUntilItIsSaid = (child: ChildProcess) => {
      child.stderr?.on('data', text => {
        if (`${text}`.includes('trying again'))
          spawn(oldest.cli, ['-h', host, '-p', `${port}`, 'SCRIPT', 'KILL']);
      });
      cluster
        .node(0)
        .send('EVAL', 'while true do end', '0')
        .catch(() => {});
    };
    const moved = await run(t, reshard(cluster, '0-1999', 1, ...BY_MIGRATE, '--window', '1'), {
      when: { text: /> CLUSTER SETSLOT/g, times: 200, act: scriptUntilItIsSaid },
    });
    expect(moved.stderr).toContain('BUSY');
    expect(moved.code).toBe(0);
    expect(await keysPerNode(cluster)).toEqual([0, keys, 0]);
  });

  test('close connections on which nothing happens: they are opened again', async t => {
    const cluster = await start(t, { build: newest });
    const keys = await fillSlots(cluster, 0, { first: 0, last: 5 }, 40);
    for (const node of cluster.nodes) await node.send('CONFIG', 'SET', 'timeout', '1');
    const limit = ['--max-keys-per-second', '60', '--window', '1'];
    // For a slot that had none when they were counted, and is opened last: it goes by a connection that nobody has used
    // so far.
    const comesLate = () => void cluster.node(0).send('SET', keyIn(9, 'late'), 'value');
    const moved = await run(t, reshard(cluster, '0-9', 1, ...BY_MIGRATE, ...limit), {
      when: { text: MOVING, act: comesLate },
    });
    expect(moved).toMatchObject({ code: 0, stderr: '' });
    expect(await cluster.node(1).send('DBSIZE')).toBe(keys + 1);
  });
});
