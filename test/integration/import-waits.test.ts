/** Imports that would wait where no waiting helps, or go on where somebody wants an end; and who is told which password. */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, type TestContext, test } from 'vitest';
import { tlsSettings } from '../../src/resp/tls-files.ts';
import { makeCertificates } from '../support/certificates.ts';
import { TestCluster } from '../support/cluster.ts';
import { keyCounts, ownersIn } from '../support/data.ts';
import { startLoneServer } from '../support/lone-server.ts';
import { run } from '../support/moving.ts';
import { until } from '../support/poll.ts';
import { BIN, slotctl, slotctlProcess } from '../support/run-slotctl.ts';
import type { ServerProcess } from '../support/server-process.ts';
import { anyServer, EXPECTED, serversUnderTest } from '../support/servers.ts';
import { removeFolder } from '../support/temp-folder.ts';

const PASSWORD = 'correct horse battery';
const build = anyServer();
const builds = serversUnderTest().filter(({ name }) => EXPECTED.includes(name));

async function fillSource(source: ServerProcess, keys: number, value = 'value'): Promise<void> {
  const pairs = Array.from({ length: keys }, (_, i) => [`key:${i}`, value]);
  await source.send('MSET', ...pairs.flat());
}

async function callsOf(server: ServerProcess, command: string): Promise<number> {
  const stats = await server.text('INFO', 'commandstats');
  return Number(new RegExp(`^cmdstat_${command}:calls=(\\d+)`, 'm').exec(stats)?.[1] ?? 0);
}

async function clusterWithTls(t: TestContext, password?: string) {
  const { folder, ca, cert, key, config, read } = makeCertificates([
    'IP:127.0.0.1',
    'IP:127.0.0.2',
    'IP:127.0.0.3',
  ]);
  t.onTestFinished(() => removeFolder(folder));
  const files = { ca: [read(ca)], cert: read(cert), key: read(key) };
  const tls = { ...(await tlsSettings(files, { insecure: false })), config };
  const cluster = await TestCluster.startFor(t, {
    build,
    replicasPerPrimary: 0,
    tls,
    ...(password !== undefined && { password }),
  });
  return { cluster, words: ['--tls', '--cacert', ca, '--cert', cert, '--key', key] };
}

describe.concurrent('a source that speaks no TLS, and a cluster that speaks nothing else', () => {
  test('is refused at once, by the name of what helps', async t => {
    const [{ cluster, words }, source] = await Promise.all([clusterWithTls(t), startLoneServer(t, build)]);
    await fillSource(source, 50);
    const from = ['import', cluster.entry, '--cluster-from', source.address, '--yes', ...words];
    const refused = await slotctl(from);
    expect(refused.code).toBe(4);
    expect(refused.stderr).toMatch(/does not use TLS .*--through-here\.$/m);
    expect(await callsOf(source, 'migrate')).toBe(0);
    expect(await slotctl([...from, '--through-here'])).toMatchObject({ code: 0, stderr: '' });
  });

  test('ends after a few tries where the source does not tell', async t => {
    const config = ['rename-command CONFIG ""'];
    const [{ cluster, words }, source] = await Promise.all([
      clusterWithTls(t),
      startLoneServer(t, build, { config }),
    ]);
    await fillSource(source, 50);
    const from = ['import', cluster.entry, '--cluster-from', source.address, '--yes', ...words];
    const ended = await slotctl(from);
    expect(ended.code).toBe(1);
    expect(ended.stderr).toMatch(
      /keys are not accepted: .*IOERR.* --through-here passes the values through this machine/,
    );
    // Three for each of three nodes, on two lanes, where half a minute had dozens.
    expect(await callsOf(source, 'migrate')).toBeLessThanOrEqual(3 * 3 * 2);
    expect(Number(await source.send('DBSIZE'))).toBe(50);
  });

  test('the login of the cluster is not sent to it in plain text', async t => {
    const [{ cluster, words }, source] = await Promise.all([
      clusterWithTls(t, PASSWORD),
      startLoneServer(t, build, { config: ['tls-cluster no'] }),
    ]);
    await fillSource(source, 50);
    const env = { REDISCLI_AUTH: PASSWORD };
    const from = ['import', cluster.entry, '--cluster-from', source.address, '--yes', ...words];
    for (const more of [[], ['--despite-findings'], ['--cluster-copy']]) {
      const refused = await slotctl([...from, ...more], { env });
      expect(refused.code).toBe(4);
      expect(refused.stderr).toMatch(
        /is reached in plain text, and would be sent the login .* --through-here\.$/m,
      );
    }
    expect(await callsOf(source, 'migrate')).toBe(0);
    expect(await slotctl([...from, '--through-here'], { env })).toMatchObject({ code: 0, stderr: '' });
    expect(await keyCounts(cluster)).toBe(50);
  });
});

test('whoever says yes is told that the source learns the password', async t => {
  const [cluster, source] = await Promise.all([
    TestCluster.startFor(t, { build, replicasPerPrimary: 0, password: PASSWORD }),
    startLoneServer(t, build),
  ]);
  await fillSource(source, 5);
  const words = ['import', cluster.entry, '--cluster-from', source.address];
  const asked = await slotctlProcess(words, { env: { REDISCLI_AUTH: PASSWORD }, input: 'no\n' });
  expect(asked.stdout).toContain(
    'The source logs in to the cluster with our login, and so learns our password',
  );
  expect(asked.stdout + asked.stderr).not.toContain(PASSWORD);
  const silent = await slotctlProcess([...words, '--through-here'], {
    env: { REDISCLI_AUTH: PASSWORD },
    input: 'no\n',
  });
  expect(silent.stdout).not.toContain('our password');
});

test('without the right to ask for the node timeout a MIGRATE waits for little, and that is said', async t => {
  const [cluster, source] = await Promise.all([
    TestCluster.startFor(t, { build, replicasPerPrimary: 0 }),
    startLoneServer(t, build),
  ]);
  for (const node of cluster.nodes) await node.send('ACL', 'SETUSER', 'default', '-config|get');
  await fillSource(source, 50);
  const words = ['import', cluster.entry, '--cluster-from', source.address, '--yes', '--trace'];
  const imported = await slotctl(words);
  expect(imported.code).toBe(0);
  expect(imported.stderr).toMatch(
    /does not give its cluster-node-timeout \(\+config\|get\): 2000 ms is assumed.* for 1000 ms at most/,
  );
  const timeouts = [...imported.stderr.matchAll(/> MIGRATE \S+ \d+ "" 0 (\d+)/g)].map(([, ms]) => Number(ms));
  expect(timeouts.length).toBeGreaterThan(0);
  expect(Math.max(...timeouts)).toBe(1000);
});

test('half the node timeout is what a MIGRATE waits for at most', async t => {
  const [cluster, source] = await Promise.all([
    TestCluster.startFor(t, { build, replicasPerPrimary: 0, nodeTimeoutMs: 4000 }),
    startLoneServer(t, build),
  ]);
  await fillSource(source, 50);
  const words = ['import', cluster.entry, '--cluster-from', source.address, '--yes', '--trace'];
  const imported = await slotctl(words);
  expect(imported.code).toBe(0);
  const timeouts = [...imported.stderr.matchAll(/> MIGRATE \S+ \d+ "" 0 (\d+)/g)].map(([, ms]) => Number(ms));
  expect(new Set(timeouts)).toEqual(new Set([2000]));
});

describe.concurrent('Ctrl-C while the import is throttled, so that the next key may go in an hour', () => {
  test.for([
    { what: 'once', words: [] },
    { what: 'once', words: ['--through-here'] },
    { what: 'twice', words: [] },
    { what: 'twice', words: ['--through-here'] },
  ])('$what $words', async ({ what, words }, t) => {
    const [cluster, source] = await Promise.all([
      TestCluster.startFor(t, { build, replicasPerPrimary: 0 }),
      startLoneServer(t, build),
    ]);
    await fillSource(source, 200, 'v'.repeat(5000));
    const ended = await run(
      t,
      [
        'import',
        cluster.entry,
        '--cluster-from',
        source.address,
        '--yes',
        '--max-bytes-per-second',
        '1',
        ...words,
      ],
      {
        when: {
          text: words.length > 0 ? /> RESTORE / : /> MIGRATE /,
          act: child => {
            child.kill('SIGINT');
            if (what === 'twice') child.stderr?.once('data', () => child.kill('SIGINT'));
          },
        },
      },
    );
    expect(ended.code).toBe(130);
    const there = await keyCounts(cluster);
    expect(there + Number(await source.send('DBSIZE'))).toBeGreaterThanOrEqual(200);
    expect(there).toBeLessThan(200);
  });
});

test('a password of the source is not in the process list while another one is asked for', async t => {
  const source = await startLoneServer(t, build, { password: PASSWORD });
  const words = [
    'import',
    '127.0.0.1:1',
    '--cluster-from',
    source.address,
    '--cluster-from-pass',
    'an0ther secret',
  ];
  const child = spawn(process.execPath, [BIN, ...words, '--askpass'], {
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  t.onTestFinished(() => void child.kill('SIGKILL'));
  const commandLine = () => readFileSync(`/proc/${child.pid}/cmdline`, 'utf8');
  await until('it is hidden', () => !commandLine().includes('an0ther secret'));
  // It waits for the other one.
  expect(child.exitCode).toBeNull();
});

/** Writes to keys that are there, one after the other, until they are gone, and knows what it has written last. */
class BusyClient {
  readonly written = new Map<string, number>();
  #isOver = false;
  readonly #work: Promise<void>;

  constructor(source: ServerProcess, keys: readonly string[]) {
    for (const key of keys) this.written.set(key, 0);
    this.#work = this.#write(source, keys);
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await this.#work;
  }

  async #write(source: ServerProcess, keys: readonly string[]): Promise<void> {
    let there = [...keys];
    for (let i = 1; !this.#isOver && there.length > 0; i++) {
      for (const key of [...there]) {
        if ((await source.send('SET', key, `${i}`, 'XX')) === null) there = there.filter(one => one !== key);
        else this.written.set(key, i);
      }
    }
  }
}

describe.concurrent.each(builds)('$name', own => {
  test('keys that are written all the time come last, with one warning, and as they were written', async t => {
    const [cluster, source] = await Promise.all([
      TestCluster.startFor(t, { build: own, replicasPerPrimary: 0 }),
      startLoneServer(t, own),
    ]);
    await fillSource(source, 5000, '0');
    const hot = Array.from({ length: 40 }, (_, i) => `key:${i * 100}`);
    const client = new BusyClient(source, hot);
    const words = ['import', cluster.entry, '--cluster-from', source.address, '--yes', '--through-here'];
    const imported = await slotctlProcess(words);
    await client.stop();
    expect(imported.stderr.match(/changed at the source/g)?.length ?? 0).toBeLessThanOrEqual(1);
    // One that loses every race stays where it is, and that is told.
    const left = Number(await source.send('DBSIZE'));
    expect(imported.code).toBe(left === 0 ? 0 : 1);
    expect((await keyCounts(cluster)) + left).toBe(5000);
    const ownerOf = await ownersIn(cluster);
    for (const [key, value] of client.written) {
      const stayed = await source.send('GET', key);
      expect(`${stayed ?? (await ownerOf(Buffer.from(key)).text('GET', key))}`).toBe(`${value}`);
    }
  });
});
