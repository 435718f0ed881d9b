/** `create` makes one cluster of real servers, and returns when it is one. */
import type { ChildProcess } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { keySlot } from '../../src/topology/key-slot.ts';
import { nodesAccordingTo } from '../support/cluster.ts';
import { checked, duties, formationOf, replicaCounts } from '../support/formed.ts';
import { LoneNodes } from '../support/lone-nodes.ts';
import { until } from '../support/poll.ts';
import { freePort } from '../support/ports.ts';
import { BIN, inTerminal, slotctl, slotctlProcess } from '../support/run-slotctl.ts';
import { ServerProcess } from '../support/server-process.ts';
import { anyServer, EXPECTED, serversUnderTest } from '../support/servers.ts';

/** A server that was alone refuses queries for that long after it has met the others. */
const QUICK = { nodeTimeoutMs: 600 };

describe.concurrent.each(serversUnderTest())('$name', build => {
  test('six nodes on three hosts: every node agrees, writes work, and no replica shares its primary’s host', async t => {
    const lone = await LoneNodes.startFor(t, { build, count: 6, ...QUICK });
    const { code, stdout, stderr } = await slotctl([
      'create',
      ...lone.addresses,
      '--cluster-replicas',
      '1',
      '--yes',
    ]);
    expect(stderr).toBe('');
    expect(code).toBe(0);
    expect(stdout).toContain('>>> Performing hash slots allocation on 6 nodes...');
    expect(stdout).toMatch(
      /(Master|Primary)\[0\] -> Slots 0 - 5460\n(Master|Primary)\[1\] -> Slots 5461 - 10922\n/,
    );
    expect(stdout).toMatch(/Adding replica 127\.0\.0\.\d:\d+ to 127\.0\.0\.\d:\d+\n/);
    expect(stdout).toContain('[OK] Perfect anti-affinity obtained!');

    const views = await Promise.all(lone.nodes.map(duties));
    expect(new Set(views).size).toBe(1);
    for (const node of lone.nodes) expect(await node.text('CLUSTER', 'INFO')).toContain('cluster_state:ok');
    const formation = await formationOf(lone.node(0));
    for (const { id, slots } of formation.primaries.flatMap(n => (n.role === 'primary' ? [n] : []))) {
      const owner = await ownerAmong(lone, id);
      const key = keyIn(slots.ranges[0]?.first ?? 0);
      expect(await owner.text('SET', key, 'first write')).toBe('OK');
    }
    for (const replica of formation.replicas) {
      const primary = replica.role === 'replica' ? replica.primary : undefined;
      expect(formation.hostOf(primary)).not.toBe(replica.address?.host);
    }
    expect(await checked(lone.node(3).address)).toEqual({ healthy: true, kinds: [] });
    expect(new Set(formation.primaries.map(n => n.configEpoch)).size).toBe(3);

    const again = await slotctl(['create', ...lone.addresses, '--cluster-replicas', '1']);
    expect(again.stdout).toContain('[OK] These nodes are a cluster already');
    expect(again.code).toBe(0);
  });

  test.runIf(EXPECTED.includes(build.name))('two replicas each, and two to spare', async t => {
    const lone = await LoneNodes.startFor(t, { build, count: 11, ...QUICK });
    const { code } = await slotctl(['create', ...lone.addresses, '--cluster-replicas', '2', '--yes']);
    expect(code).toBe(0);
    const formation = await formationOf(lone.node(0));
    expect(replicaCounts(formation)).toEqual([3, 3, 2]);
    for (const replica of formation.replicas) {
      const primary = replica.role === 'replica' ? replica.primary : undefined;
      expect(formation.hostOf(primary)).not.toBe(replica.address?.host);
    }
    expect(await checked(lone.node(0).address, '--min-replicas', '2')).toMatchObject({ healthy: true });
  });
});

async function ownerAmong(lone: LoneNodes, id: string): Promise<ServerProcess> {
  for (const node of lone.nodes) if ((await node.text('CLUSTER', 'MYID')) === id) return node;
  throw new Error(`nobody is ${id}`);
}

/** Found by trying, since keys are hashed. */
function keyIn(slot: number): string {
  for (let i = 0; ; i++) if (keySlot(Buffer.from(`key${i}`)) === slot) return `key${i}`;
}

const build = anyServer();

describe.concurrent('what is not fit', () => {
  test('is refused with every reason for every node, and nothing is written anywhere', async t => {
    const lone = await LoneNodes.startFor(t, { build, count: 8 });
    const [fresh, withKey, withSlots, withEpoch, paired, other, withCode, last] = lone.nodes;
    if (!fresh || !withKey || !withSlots || !withEpoch || !paired || !other || !withCode || !last)
      throw new Error();
    await withKey.send('CLUSTER', 'ADDSLOTSRANGE', '0', '16383');
    await acceptsWrites(withKey);
    await withKey.send('SET', 'a', '1');
    await withKey.send('CLUSTER', 'DELSLOTSRANGE', '0', '16383');
    await withSlots.send('CLUSTER', 'ADDSLOTS', '7', '8');
    await withEpoch.send('CLUSTER', 'SET-CONFIG-EPOCH', '99');
    await paired.send('CLUSTER', 'MEET', other.setup.host, `${other.setup.port}`, busPortOf(other));
    await withCode.send('FUNCTION', 'LOAD', LIBRARY);
    const nobody = `127.0.0.1:${await freePort()}`;
    const name = `localhost:${fresh.setup.port}`;
    const nodes = [...lone.addresses, name, nobody];

    const { code, stdout, stderr } = await slotctl(['create', ...nodes, '--cluster-replicas', '1', '--yes']);
    expect(code).toBe(4);
    expect(stdout).toBe('');
    const said = (pattern: RegExp) => expect(stderr).toMatch(pattern);
    said(new RegExp(`\\[ERR\\] ${nobody}: connection refused`));
    said(new RegExp(`\\[ERR\\] ${fresh.address} and ${name} are the same node`));
    said(new RegExp(`\\[ERR\\] Node ${withKey.address} is not empty: it holds 1 key`));
    said(new RegExp(`\\[ERR\\] Node ${withSlots.address} already owns slots 7-8`));
    said(new RegExp(`\\[ERR\\] Node ${withEpoch.address} already has the config epoch 99`));
    said(new RegExp(`\\[ERR\\] Node ${withCode.address} has function libraries .*: lib1`));
    for (const node of [fresh, last]) {
      expect(await node.text('CLUSTER', 'NODES')).toMatch(/^\w{40} .* myself,master - 0 0 0 connected\n$/);
    }
  });

  test('a node that knows strangers, and one without cluster mode', async t => {
    const lone = await LoneNodes.startFor(t, { build, count: 4 });
    const outsider = lone.node(3);
    await lone
      .node(2)
      .send('CLUSTER', 'MEET', outsider.setup.host, `${outsider.setup.port}`, busPortOf(outsider));
    const port = await freePort();
    const standalone = new ServerProcess({ build, host: '127.0.0.1', port, config: [`port ${port}`] });
    t.onTestFinished(() => standalone.dispose());
    await standalone.start();
    const nodes = [...lone.addresses.slice(0, 3), standalone.address];
    const { code, stderr } = await slotctl(['create', ...nodes, '--yes']);
    expect(stderr).toContain(`[ERR] ${standalone.address}: not a cluster node (cluster-enabled is no).`);
    expect(stderr).toContain(
      `[ERR] Node ${lone.node(2).address} is not empty: it already knows 1 other node.`,
    );
    expect(code).toBe(4);
  });

  test('fewer than three primaries, unless that is meant', async t => {
    const lone = await LoneNodes.startFor(t, { build, count: 4, ...QUICK });
    const words = ['create', ...lone.addresses, '--cluster-replicas', '1', '--yes'];
    const refused = await slotctl(words);
    expect(refused.stderr).toMatch(
      /requires at least 3 master nodes.*at least 6 nodes are required.*--force-few-primaries/s,
    );
    expect(refused.code).toBe(4);
    const forced = await slotctl([...words, '--force-few-primaries']);
    expect(forced.stderr).toBe('');
    expect(forced.code).toBe(0);
    expect(replicaCounts(await formationOf(lone.node(0)))).toEqual([1, 1]);
  });
});

const LIBRARY = '#!lua name=lib1\nredis.register_function("f1", function() return 1 end)';

function busPortOf(node: ServerProcess): string {
  const line = node.setup.config.find(text => text.startsWith('cluster-port '));
  return line?.slice('cluster-port '.length) ?? '';
}

async function acceptsWrites(node: ServerProcess): Promise<void> {
  await until('it accepts writes', async () =>
    (await node.text('CLUSTER', 'INFO')).includes('cluster_state:ok'),
  );
}

describe.concurrent('asking', () => {
  test('without a terminal and without --yes nothing is done, and --yes is named', async t => {
    const lone = await LoneNodes.startFor(t, { build, count: 3 });
    const { code, stderr } = await slotctlProcess(['create', ...lone.addresses]);
    expect(stderr).toContain('--yes');
    expect(code).toBe(4);
    expect(await nodesAccordingTo(lone.node(0))).toHaveLength(1);
  });

  test('a piped yes is an answer, and so is anything else', async t => {
    const lone = await LoneNodes.startFor(t, { build, count: 3, ...QUICK });
    const declined = await slotctlProcess(['create', ...lone.addresses], { input: 'yesterday\n' });
    expect(declined.code).toBe(1);
    expect(await nodesAccordingTo(lone.node(0))).toHaveLength(1);
    const accepted = await slotctlProcess(['create', ...lone.addresses], { input: 'yes\n' });
    expect(accepted.stderr).toBe('');
    expect(accepted.code).toBe(0);
  });

  test('at a terminal the question is asked, and only the whole word accepts', async t => {
    const lone = await LoneNodes.startFor(t, { build, count: 3, ...QUICK });
    const words = [BIN, 'create', ...lone.addresses];
    const when = "(type 'yes' to accept):";
    const declined = await inTerminal(words, { answer: { when, type: 'y\r' } });
    expect(declined.screen).toContain('Nothing was changed.');
    expect(declined.code).toBe(1);
    const accepted = await inTerminal(words, { answer: { when, type: 'yes\r' } });
    expect(accepted.screen).toContain('[OK] All 16384 slots covered');
    expect(accepted.code).toBe(0);
  });

  test('--dry-run shows the plan and does nothing; --json tells it to programs', async t => {
    const lone = await LoneNodes.startFor(t, { build, count: 3 });
    const shown = await slotctl(['create', ...lone.addresses, '--dry-run']);
    expect(shown.stdout).toContain('-> Slots 0 - 5460');
    const { stdout, code } = await slotctl(['create', ...lone.addresses, '--dry-run', '--json']);
    const [plan, end] = stdout.split('\n').map(line => (line === '' ? undefined : JSON.parse(line)));
    expect(plan).toMatchObject({ version: 1, event: 'plan', command: 'create' });
    expect(end).toMatchObject({ version: 1, event: 'end', code: 0 });
    expect(code).toBe(0);
    expect(await nodesAccordingTo(lone.node(0))).toHaveLength(1);
  });
});

describe.concurrent('a create that stops half-way', () => {
  const changes = (text: string) => text.match(/> CLUSTER (?!NODES|INFO)/g)?.length ?? 0;

  /** Presses Ctrl-C when the command that is the given one of those that change something goes out. */
  async function interruptedAt(words: readonly string[], position: number) {
    const interrupt: { press?: () => void } = {};
    let sent = 0;
    const watch = (text: string) => {
      sent += changes(text);
      if (sent >= position) interrupt.press?.();
    };
    const run = await slotctl([...words, '--trace'], { interrupt, watch });
    if (sent >= position) {
      expect(run.code).toBe(130);
      expect(run.stderr).toContain('Run the same command again');
    }
    return { run, stopped: sent >= position };
  }

  /** The same with a process and SIGKILL. */
  async function killedAt(words: readonly string[], position: number) {
    let sent = 0;
    const kill = (child: ChildProcess, text: string) => {
      sent += changes(text);
      if (sent >= position) child.kill('SIGKILL');
    };
    const run = await slotctlProcess([...words, '--trace'], { watch: kill });
    return { run, stopped: sent >= position };
  }

  test('or is killed, at any command: run again it completes, and --reset-failed undoes it', async t => {
    const lone = await LoneNodes.startFor(t, { build, count: 6, ...QUICK });
    const words = ['create', ...lone.addresses, '--cluster-replicas', '1', '--yes'];
    const undo = ['create', '--reset-failed', ...lone.addresses, '--yes'];
    let times = 0;
    for (let position = 1; ; position++) {
      const { run, stopped } = await (position % 4 < 2 ? killedAt : interruptedAt)(words, position);
      if (!stopped) {
        expect(run.code).toBe(0);
        break;
      }
      times++;
      if (position % 2 === 0) {
        const again = await slotctl(words);
        expect({ position, ...again }).toMatchObject({ code: 0, stderr: '' });
        expect(await checked(lone.node(position % 6).address)).toMatchObject({ healthy: true });
      }
      const undone = await slotctl(undo);
      expect({ position, ...undone }).toMatchObject({ code: 0, stderr: '' });
      for (const node of lone.nodes) {
        expect(await node.text('CLUSTER', 'NODES')).toMatch(
          /^\w{40} \S+ myself,master - 0 \d+ 0 connected\n$/,
        );
      }
    }
    // Six epochs, three primaries, five introductions, three replicas.
    expect(times).toBeGreaterThanOrEqual(17);
  });

  test('--reset-failed leaves nodes alone that hold keys, and refuses nodes of a larger cluster', async t => {
    const lone = await LoneNodes.startFor(t, { build, count: 4, ...QUICK });
    const [a = '', b = '', c = '', d = ''] = lone.addresses;
    expect((await slotctl(['create', a, b, c, d, '--yes'])).code).toBe(0);
    const part = await slotctl(['create', '--reset-failed', a, b, c, '--yes']);
    expect(part.stderr).toContain(`[ERR] Node ${a} is not empty: it already knows 1 other node.`);
    expect(part.code).toBe(4);
    await lone.node(0).send('SET', keyIn(0), '1');
    // As long as it is whole it is no failed create.
    await lone.node(1).send('CLUSTER', 'DELSLOTSRANGE', '4096', '8191');
    const undone = await slotctl(['create', '--reset-failed', a, b, c, d, '--yes']);
    expect(undone.stdout).toContain(`[WARNING] ${a} holds 1 key and is left as it is.`);
    expect(undone.stderr).toContain('Done, except for what the warnings name.');
    expect(undone.code).toBe(1);
    expect(await lone.node(0).text('GET', keyIn(0))).toMatch(/1|CLUSTERDOWN/);
    for (const node of lone.nodes.slice(1)) expect(await nodesAccordingTo(node)).toHaveLength(1);
  });

  test('a node in the way of the bus is named with its port, within the time limit', async t => {
    const dead = await freePort('127.0.0.2');
    const lone = await LoneNodes.startFor(t, {
      build,
      count: 3,
      ...QUICK,
      config: i => (i === 1 ? [`cluster-announce-bus-port ${dead}`] : []),
    });
    const words = ['create', ...lone.addresses, '--yes', '--join-timeout', '2'];
    const { code, stderr, stdout } = await slotctl(words);
    expect(stderr).toContain('did not come to agree within 2 s (--join-timeout)');
    expect(stderr).toMatch(
      new RegExp(`${lone.node(1).address}: .* no connection to its cluster bus at 127\\.0\\.0\\.2:${dead}`),
    );
    expect(stderr).toContain('Run the same command again');
    expect(stdout).not.toContain('[OK] All');
    expect(code).toBe(1);
    // Set right, it goes on from there.
    await lone.node(1).send('CONFIG', 'SET', 'cluster-announce-bus-port', busPortOf(lone.node(1)));
    const again = await slotctl(['create', ...lone.addresses, '--yes']);
    expect(again.stderr).toBe('');
    expect(again.code).toBe(0);
  });

  test('replicas that cannot log in at their primaries are told of', async t => {
    const lone = await LoneNodes.startFor(t, {
      build,
      count: 6,
      ...QUICK,
      password: 'pw',
      config: () => ['masterauth ""'],
    });
    const words = ['create', ...lone.addresses, '--cluster-replicas', '1', '--yes', '--join-timeout', '3'];
    const { code, stderr } = await slotctl(words, { env: { REDISCLI_AUTH: 'pw' } });
    expect(stderr).toMatch(/The replica \S+ gets no data from \S+\. Check its password \(masterauth/);
    expect(code).toBe(1);
  });
});
