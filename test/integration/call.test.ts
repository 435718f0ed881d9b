/** `call` and `set-timeout` on real servers, beside the servers' own cli. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, test } from 'vitest';
import { keySlot } from '../../src/topology/key-slot.ts';
import { TestCluster } from '../support/cluster.ts';
import { BIN, slotctl, slotctlProcess } from '../support/run-slotctl.ts';
import type { ServerBuild } from '../support/servers.ts';
import { anyServer, EXPECTED, serversUnderTest } from '../support/servers.ts';

const run = promisify(execFile);

/** What the servers' own cli prints; it colours wherever TERM is xterm. */
async function cli(build: ServerBuild, ...words: string[]): Promise<string> {
  const env = { ...process.env, TERM: 'dumb', REDISCLI_CLUSTER_YES: '' };
  return (await run(build.cli, ['--cluster', ...words], { env, timeout: 200_000 })).stdout;
}

/** Nodes tell each other things all the time: what ours says counts where theirs says the same before and after. */
async function atOneMoment<T>(
  askTheirs: () => Promise<string>,
  askOurs: () => Promise<T>,
): Promise<{ readonly theirs: string; readonly ours: T }> {
  let theirs = await askTheirs();
  for (let times = 0; times < 50; times++) {
    const ours = await askOurs();
    const after = await askTheirs();
    if (after === theirs) return { theirs, ours };
    theirs = after;
  }
  throw new Error(`their cli never says the same twice: ${theirs}`);
}

const EVERY_KIND = 'return {1, false, "x", {2, {}, redis.error_reply("E x")}, "a"}';

describe.concurrent.each(serversUnderTest().filter(build => EXPECTED.includes(build.name)))(
  '$name',
  build => {
    test('call prints what the servers’ own cli prints, and its exit code tells of errors', async t => {
      const { entry } = await TestCluster.startFor(t, { build });
      const calls: [words: string[], code: number][] = [
        [['ping'], 0],
        [['dbsize', '--cluster-only-masters'], 0],
        [['config', 'get', 'appendonly', '--cluster-only-replicas'], 0],
        [['GET', 'some-key'], 1],
        [['nosuch', 'x'], 1],
        [['config', 'get', 'no-such-setting'], 0],
        [['eval', EVERY_KIND, '0'], 0],
        [['cluster', 'slots'], 0],
        [['echo', 'a  b'], 0],
      ];
      for (const [words, code] of calls) {
        const { theirs, ours } = await atOneMoment(
          () => cli(build, 'call', entry, ...words),
          () => slotctl(['call', entry, ...words]),
        );
        expect(ours.stdout).toBe(theirs);
        expect(ours.stderr).toBe('');
        expect(ours.code).toBe(code);
      }
    });

    test('set-timeout prints their lines, and what came of it at every node', async t => {
      const cluster = await TestCluster.startFor(t, { build });
      const timeouts = () =>
        Promise.all(cluster.nodes.map(node => node.text('CONFIG', 'GET', 'cluster-node-timeout')));
      const dry = await slotctl(['set-timeout', cluster.entry, '3000', '--dry-run', '--json']);
      expect(JSON.parse(dry.stdout)).toMatchObject({ dryRun: true, failed: 0, timeoutMs: 3000 });
      expect(new Set(await timeouts())).toEqual(new Set(['cluster-node-timeout,5000']));
      const { code, stdout, stderr } = await slotctl(['set-timeout', cluster.entry, '3000']);
      expect(stderr).toBe('');
      expect(code).toBe(0);
      expect(new Set(await timeouts())).toEqual(new Set(['cluster-node-timeout,3000']));
      const theirs = await cli(build, 'set-timeout', cluster.entry, '3000');
      expect(stdout.startsWith(theirs)).toBe(true);
      expect(stdout).toMatch(new RegExp(`${cluster.entry} +5000 ms +3000 ms +yes`));
    });
  },
);

describe('where something is wrong', () => {
  let cluster: TestCluster;
  beforeAll(async () => {
    // Nodes hang here for as long as they are waited for; none is to be taken for dead.
    cluster = await TestCluster.start({ build: anyServer(), nodeTimeoutMs: 60_000 });
    return () => cluster.dispose();
  });
  const fast = ['--reply-timeout', '4', '--connect-timeout', '4'];

  test('one node is down and one hangs: both are named, the others are asked', async t => {
    const [hung, dead] = [cluster.node(1), cluster.node(5)];
    hung.signal('SIGSTOP');
    t.onTestFinished(() => hung.signal('SIGCONT'));
    await dead.kill();
    t.onTestFinished(() => dead.start());
    const called = await slotctl(['call', cluster.entry, 'PING', ...fast]);
    expect(called.stdout).toContain(`${cluster.entry}: PONG\n`);
    expect(called.stdout.match(/PONG/g)).toHaveLength(4);
    for (const { address } of [hung, dead]) {
      expect(called.stdout).toContain(`${address}: Failed!\n`);
      expect(called.stderr).toContain(`[ERR] Node ${address}: `);
    }
    expect(called.code).toBe(1);
    const document = JSON.parse((await slotctl(['call', cluster.entry, 'PING', '--json', ...fast])).stdout);
    expect(document).toMatchObject({ format: 'slotctl-call', failed: 2 });
    expect(document.nodes).toHaveLength(6);
    expect(document.nodes[0]).toMatchObject({ address: cluster.entry, ok: true, reply: 'PONG' });

    const set = await slotctl(['set-timeout', cluster.entry, '4000', ...fast]);
    expect(set.stdout).toContain('>>> New node timeout set. 4 OK, 2 ERR.');
    expect(set.stdout).toContain(`ERR setting node-timeout for ${hung.address}: `);
    expect(set.code).toBe(1);
  });

  test('a user without rights, a file that cannot be written, and an entry node that is not there', async () => {
    await Promise.all(
      cluster.nodes.map(node =>
        node.send('ACL', 'SETUSER', 'looker', 'on', '>looks', '+info', '+cluster|nodes', '+cluster|info'),
      ),
    );
    const login = ['--user', 'looker', '--pass', 'looks', '--no-auth-warning'];
    const called = await slotctl(['call', cluster.entry, 'CONFIG', 'GET', 'port', ...login]);
    expect(called.stdout.match(/NOPERM/g)).toHaveLength(6);
    expect(called.code).toBe(1);
    const set = await slotctl(['set-timeout', cluster.entry, '4000', ...login]);
    expect(set.stdout).toContain('>>> New node timeout set. 0 OK, 6 ERR.');
    expect(set.code).toBe(1);
    const gone = await slotctl(['call', '127.0.0.1:1', 'PING', '--json']);
    expect(JSON.parse(gone.stdout)).toMatchObject({ format: 'slotctl-call', error: { node: '127.0.0.1:1' } });
    expect(gone.code).toBe(3);
  });

  test('integers are exact, bytes are bytes, passwords are not shown, and on a terminal nothing moves the cursor', async () => {
    const { node } = keyAt(cluster);
    await node.send('SET', '{x}n', '9223372036854775806');
    await node.send('SET', '{x}b', Buffer.from([0xff, 0x1b, 0x5b, 0x32, 0x4a]));
    const incremented = await slotctl(['call', cluster.entry, 'INCR', '{x}n']);
    expect(incremented.stdout).toContain(`${node.address}: 9223372036854775807\n`);
    const watched = await slotctl(['call', cluster.entry, 'GET', '{x}b'], { interactive: true });
    expect(watched.stdout).toContain(`${node.address}: \\xff\\x1b[2J\n`);
    const child = spawn(process.execPath, [BIN, 'call', cluster.entry, 'GET', '{x}b']);
    const chunks: Buffer[] = [];
    child.stdout.on('data', chunk => chunks.push(chunk));
    await once(child, 'close');
    expect(Buffer.concat(chunks).includes(Buffer.from([0xff, 0x1b, 0x5b, 0x32, 0x4a, 0x0a]))).toBe(true);
    const secret = await slotctl(['call', cluster.entry, '--trace', 'CONFIG', 'SET', 'masterauth', 'sesame']);
    expect(secret.code).toBe(0);
    expect(secret.stdout + secret.stderr).not.toContain('sesame');
    expect(secret.stdout).toContain('>>> Calling CONFIG SET masterauth ***\n');
  });

  test('a command that takes too long, and one that is interrupted', async () => {
    const late = await slotctl(['call', cluster.entry, '--only-primaries', 'BLPOP', '{x}l', '0', ...fast]);
    expect(late.stdout).toContain(`${keyAt(cluster).node.address}: Failed!\n`);
    expect(late.stderr).toMatch(/no reply to BLPOP within [\d.]+ s/);
    expect(late.code).toBe(1);

    const pressCtrlC = (child: ChildProcess) => void child.kill('SIGINT');
    let pressed = false;
    const words = [
      'call',
      cluster.entry,
      '--json',
      '--trace',
      'BLPOP',
      '{x}l',
      '30',
      '--reply-timeout',
      '60',
    ];
    const { code, stdout } = await slotctlProcess(words, {
      watch: (child, text) => {
        if (!pressed && text.includes('BLPOP')) pressCtrlC(child);
        pressed ||= text.includes('BLPOP');
      },
    });
    expect(code).toBe(130);
    expect(JSON.parse(stdout)).toMatchObject({ interrupted: true });
  });

  test('a reader that goes away ends it quietly', async () => {
    const child = spawn(process.execPath, [BIN, 'call', cluster.entry, 'INFO'], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stdout.destroy();
    let stderr = '';
    child.stderr.on('data', chunk => {
      stderr += chunk;
    });
    const [code] = await once(child, 'close');
    expect(stderr).toBe('');
    expect(code).toBe(0);
  });

  test('a timeout that cannot be saved is in force, and an error', async () => {
    const node = cluster.node(2);
    const file = join(node.folder, 'server.conf');
    rmSync(file);
    mkdirSync(file);
    const { code, stdout } = await slotctl(['set-timeout', cluster.entry, '4500']);
    rmSync(file, { recursive: true });
    expect(stdout).toContain('>>> New node timeout set. 5 OK, 1 ERR.');
    expect(stdout).toContain(`ERR setting node-timeout for ${node.address}: in force, but lost at its next`);
    expect(stdout).toMatch(new RegExp(`${node.address} +\\d+ ms +4500 ms +no`));
    expect(code).toBe(1);
  });
});

/** Who owns the slot of `{x}`. */
function keyAt(cluster: TestCluster) {
  const at = cluster.members.findIndex(({ slots }) => slots.has(keySlot(Buffer.from('x'))));
  return { node: cluster.node(at) };
}
