/** Keys that come from a server, or from another cluster, into a real cluster. Nothing is lost on the way. */
import { readdirSync } from 'node:fs';
import { describe, expect, type TestContext, test } from 'vitest';
import { tlsSettings } from '../../src/resp/tls-files.ts';
import { makeCertificates } from '../support/certificates.ts';
import { TestCluster } from '../support/cluster.ts';
import { contents, contentsAlone, fill, fillAlone, keyCounts, ownersIn } from '../support/data.ts';
import { startLoneServer } from '../support/lone-server.ts';
import { folderFor } from '../support/moving.ts';
import { type Run, slotctl, slotctlProcess, type TerminalSetup } from '../support/run-slotctl.ts';
import type { ServerProcess } from '../support/server-process.ts';
import {
  anyServer,
  EXPECTED,
  installedServers,
  type ServerBuild,
  serversUnderTest,
} from '../support/servers.ts';
import { removeFolder } from '../support/temp-folder.ts';

const PASSWORD = 'correct horse battery';
const build = anyServer();

function startCluster(
  t: TestContext,
  more: Partial<Parameters<typeof TestCluster.startFor>[1]> = {},
): Promise<TestCluster> {
  return TestCluster.startFor(t, { build, replicasPerPrimary: 0, ...more });
}

function importing(
  into: TestCluster,
  from: { readonly address: string },
  words: readonly string[] = [],
  setup: TerminalSetup = {},
): Promise<Run> {
  return slotctl(['import', into.entry, '--cluster-from', from.address, '--yes', ...words], setup);
}

async function getFrom(cluster: TestCluster, key: string): Promise<string> {
  const owners = await ownersIn(cluster);
  return owners(Buffer.from(key)).text('GET', key);
}

async function setIn(cluster: TestCluster, key: string, value: string): Promise<void> {
  const owners = await ownersIn(cluster);
  await owners(Buffer.from(key)).send('SET', key, value);
}

async function fillPlain(server: ServerProcess, count: number): Promise<void> {
  const pairs = Array.from({ length: count }, (_, i) => [`key:${i}`, `value ${i}`]);
  await server.send('MSET', ...pairs.flat());
}

function buildOf(name: string): ServerBuild | undefined {
  return installedServers().find(installed => installed.name === name);
}

describe.concurrent.each(serversUnderTest().filter(({ name }) => EXPECTED.includes(name)))('$name', own => {
  test('from a server by itself: every type, names of any bytes, times to live', async t => {
    const [cluster, source] = await Promise.all([startCluster(t, { build: own }), startLoneServer(t, own)]);
    const keys = await fillAlone(source, 40);
    const before = await contentsAlone(source, keys);
    const copied = await importing(cluster, source, ['--cluster-copy']);
    expect(copied).toMatchObject({ code: 0, stderr: '' });
    expect(copied.stdout).toContain(
      `>>> Importing data from ${source.address} to cluster ${cluster.entry}\n`,
    );
    expect(copied.stdout).toContain(`*** Importing ${keys.length} keys from DB 0\n`);
    expect(copied.stdout).toContain(
      `The source had ${keys.length} keys and has ${keys.length}; the cluster had 0 and has ${keys.length}.\n`,
    );
    expect(await contents(cluster, keys)).toEqual(before);
    // Again, and now they leave the source: what is there already is recognised, whatever its type.
    const moved = await importing(cluster, source);
    expect(moved).toMatchObject({ code: 0, stderr: '' });
    expect(moved.stdout).toContain(`Already there with the same value: ${keys.length}.\n`);
    expect(await contents(cluster, keys)).toEqual(before);
    expect(Number(await source.send('DBSIZE'))).toBe(0);
  });

  test('from another cluster', async t => {
    const [cluster, other] = await Promise.all([
      startCluster(t, { build: own }),
      startCluster(t, { build: own, name: 'other', primaries: 4 }),
    ]);
    const keys = await fill(other, 30);
    const before = await contents(other, keys);
    const run = await importing(cluster, { address: other.entry });
    expect(run).toMatchObject({ code: 0, stderr: '' });
    expect(run.stdout).toContain('The source is a node of a cluster of 4 primaries');
    expect(await contents(cluster, keys)).toEqual(before);
    expect(await keyCounts(other)).toBe(0);
  });
});

describe.concurrent('keys that are on both sides', () => {
  async function clashing(t: TestContext): Promise<[TestCluster, ServerProcess]> {
    const [cluster, source] = await Promise.all([startCluster(t), startLoneServer(t, build)]);
    await fillPlain(source, 100);
    for (const i of [3, 50, 97]) await setIn(cluster, `key:${i}`, 'another value');
    await setIn(cluster, 'key:7', 'value 7');
    return [cluster, source];
  }

  test('with other values: both stay, and the rest comes', async t => {
    const [cluster, source] = await clashing(t);
    const run = await importing(cluster, source);
    expect(run.code).toBe(1);
    for (const i of [3, 50, 97])
      expect(run.stderr).toMatch(
        new RegExp(
          `^\\[ERR\\] "key:${i}" of database 0 has another value on 127\\.0\\.0\\.\\d:\\d+; both are kept`,
          'm',
        ),
      );
    expect(run.stderr).toContain('3 keys had other values in the cluster and stayed at the source.\n');
    expect(Number(await source.send('DBSIZE'))).toBe(3);
    expect(await keyCounts(cluster)).toBe(100);
    expect(await getFrom(cluster, 'key:3')).toBe('another value');
    expect(await source.text('GET', 'key:3')).toBe('value 3');
  });

  test('--cluster-replace: those of the cluster give way, and can be put back', async t => {
    const [cluster, source] = await clashing(t);
    const cwd = folderFor(t);
    const words = ['import', cluster.entry, '--from', source.address, '--replace', '--yes'];
    const run = await slotctlProcess(words, { cwd });
    expect(run).toMatchObject({ code: 0, stderr: '' });
    const file =
      /overwritten in the cluster: 3, kept in (slotctl-rescue-\d+-[\da-f]+\.jsonl)/.exec(run.stdout)?.[1] ??
      'none is named';
    expect(Number(await source.send('DBSIZE'))).toBe(0);
    expect(await getFrom(cluster, 'key:50')).toBe('value 50');
    const back = await slotctlProcess(['rescue', file, 'restore', cluster.entry, '--replace', '--yes'], {
      cwd,
    });
    expect(back.stdout).toContain('3 of 3 values restored');
    expect(await getFrom(cluster, 'key:50')).toBe('another value');
    await fillPlain(source, 100);
    const blindly = await slotctlProcess([...words, '--no-rescue'], { cwd });
    expect(blindly).toMatchObject({ code: 0, stderr: '' });
    expect(await getFrom(cluster, 'key:50')).toBe('value 50');
    expect(readdirSync(cwd)).toEqual([file]);
  });
});

describe.concurrent('several databases', () => {
  async function threeDatabases(t: TestContext): Promise<ServerProcess> {
    const source = await startLoneServer(t, build);
    for (const database of [0, 1, 5]) {
      await source.send('SELECT', `${database}`);
      await source.send('MSET', `only in ${database}`, `${database}`, 'everywhere', `${database}`);
    }
    await source.send('SELECT', '0');
    return source;
  }

  test('a key that several have: refused, told apart, or the last one counts', async t => {
    const [cluster, source] = await Promise.all([startCluster(t), threeDatabases(t)]);
    const refused = await importing(cluster, source);
    expect(refused.code).toBe(4);
    expect(refused.stderr).toContain('"everywhere" (databases 0, 1 and 5) would become one key');
    expect(await keyCounts(cluster)).toBe(0);

    const apart = await importing(cluster, source, ['--cluster-copy', '--database-clash', 'prefix']);
    expect(apart).toMatchObject({ code: 0, stderr: '' });
    expect(await getFrom(cluster, 'db5:everywhere')).toBe('5');
    expect(await getFrom(cluster, 'everywhere')).toBe('0');
    expect(await keyCounts(cluster)).toBe(6);
    const again = await importing(cluster, source, ['--cluster-copy', '--database-clash', 'prefix']);
    expect(again).toMatchObject({ code: 0, stderr: '' });
    expect(await keyCounts(cluster)).toBe(6);

    for (const node of cluster.nodes) await node.send('FLUSHALL');
    const last = await importing(cluster, source, ['--database-clash', 'last']);
    expect(last).toMatchObject({ code: 0, stderr: '' });
    expect(last.stdout).toContain('Left at the source because a higher database also has the key: 2.');
    expect(await getFrom(cluster, 'everywhere')).toBe('5');
    expect(await keyCounts(cluster)).toBe(4);
    // What lost is still where it was.
    expect(await source.text('GET', 'everywhere')).toBe('0');
  });

  test('prefix, and they leave the source', async t => {
    const [cluster, source] = await Promise.all([startCluster(t), threeDatabases(t)]);
    const words = ['--database-clash', 'prefix', '--databases', '1,5', '--json'];
    const run = await importing(cluster, source, words);
    expect(run).toMatchObject({ code: 0, stderr: '' });
    const events = run.stdout
      .trim()
      .split('\n')
      .map(line => JSON.parse(line));
    expect(events[0]).toMatchObject({ version: 1, event: 'plan', command: 'import', keys: 4 });
    expect(events.filter(({ event }) => event === 'database')).toMatchObject([
      { database: 1, into: 0, prefix: 'db1:' },
      { database: 5, into: 0, prefix: 'db5:' },
    ]);
    expect(events.at(-2)).toMatchObject({ event: 'result', carried: 4, source: { before: 4, after: 0 } });
    expect(events.at(-1)).toMatchObject({ event: 'end', command: 'import', code: 0 });
    expect(await getFrom(cluster, 'db1:only in 1')).toBe('1');
    expect(await source.text('INFO', 'keyspace')).toMatch(/^db0:keys=2,/m);
    expect(await source.text('INFO', 'keyspace')).not.toMatch(/^db[15]:/m);
  });

  test('a cluster that has several keeps them', async t => {
    const valkey = buildOf('valkey-9.1');
    if (!valkey) return t.skip('there is no valkey-9.1');
    const [cluster, source] = await Promise.all([
      startCluster(t, { build: valkey, config: ['cluster-databases 16'] }),
      threeDatabases(t),
    ]);
    const run = await importing(cluster, source);
    expect(run).toMatchObject({ code: 0, stderr: '' });
    const owner = (await ownersIn(cluster))(Buffer.from('everywhere'));
    await owner.send('SELECT', '5');
    expect(await owner.text('GET', 'everywhere')).toBe('5');
  });
});

describe.concurrent('what gets in the way', () => {
  test('passwords on both sides, which nobody sees', async t => {
    const secrets = { env: { REDISCLI_AUTH: PASSWORD, SLOTCTL_FROM_AUTH: 'an0ther secret' } };
    const [cluster, source] = await Promise.all([
      startCluster(t, { password: PASSWORD }),
      startLoneServer(t, build, { password: 'an0ther secret' }),
    ]);
    await fillPlain(source, 50);
    await setIn(cluster, 'key:1', 'another value');
    const without = await importing(cluster, source, [], { env: { REDISCLI_AUTH: PASSWORD } });
    expect(without).toMatchObject({ code: 3, stdout: '' });
    expect(without.stderr).toMatch(
      /: the source cannot be asked: it asks for a password \(--cluster-from-askpass/,
    );
    const wrong = await importing(cluster, source, ['--cluster-from-askpass'], {
      ...secrets,
      secret: 'wr0ng one',
    });
    expect(wrong.code).toBe(3);
    expect(wrong.stderr).toContain('it does not accept the user or the password');
    const run = await importing(cluster, source, ['--trace'], secrets);
    expect(run.code).toBe(1);
    expect(run.stderr).toContain('"key:1" of database 0 has another value');
    expect(await keyCounts(cluster)).toBe(50);
    for (const { stdout, stderr } of [without, wrong, run])
      expect(stdout + stderr).not.toMatch(/correct horse|an0ther secret|wr0ng one/);
  });

  test('a source that is not there, or is the cluster itself', async t => {
    const cluster = await startCluster(t);
    const nowhere = await importing(cluster, { address: '127.0.0.1:1' });
    expect(nowhere).toMatchObject({ code: 3, stdout: '' });
    expect(nowhere.stderr).toMatch(/^127\.0\.0\.1:1: the source cannot be asked: /);
    const itself = await importing(cluster, { address: cluster.node(2).address });
    expect(itself.code).toBe(4);
    expect(itself.stderr).toContain('is a node of the very cluster that its keys would go to');
    const unsaid = await slotctl(['import', cluster.entry]);
    expect(unsaid.code).toBe(2);
    expect(unsaid.stderr).toContain("Option '--cluster-from' is required for subcommand 'import'");
  });

  test('values that the cluster cannot read', async t => {
    const newer = buildOf('redis-8.6');
    const older = buildOf('redis-7.0');
    if (!newer || !older) return t.skip('these take two versions');
    const [cluster, source] = await Promise.all([
      startCluster(t, { build: older }),
      startLoneServer(t, newer),
    ]);
    await fillPlain(source, 1);
    const run = await importing(cluster, source);
    expect(run.code).toBe(4);
    expect(run.stderr).toMatch(/cannot read what \S+ \(8\.6\.\d+\) sends/);
    // Whoever insists is told by the servers, and keeps the keys.
    const insisting = await importing(cluster, source, ['--despite-findings']);
    expect(insisting.code).toBe(1);
    expect(insisting.stderr).toContain('takes no keys: ');
    expect(Number(await source.send('DBSIZE'))).toBe(1);
  });

  test('TLS on both sides, and a source that speaks none: values come by way of us', async t => {
    const { folder, ca, cert, key, config, read } = makeCertificates([
      'IP:127.0.0.1',
      'IP:127.0.0.2',
      'IP:127.0.0.3',
    ]);
    t.onTestFinished(() => removeFolder(folder));
    const files = { ca: [read(ca)], cert: read(cert), key: read(key) };
    const tls = { ...(await tlsSettings(files, { insecure: false })), config };
    const [cluster, safe, open] = await Promise.all([
      startCluster(t, { tls }),
      startLoneServer(t, build, { tls }),
      startLoneServer(t, build),
    ]);
    await fillPlain(safe, 50);
    const there = ['--tls', '--cacert', ca, '--cert', cert, '--key', key];
    const here = there.map(word => word.replace(/^--/, '--cluster-from-'));
    const trust = ['--trust-hosts', '127.0.0.0/8'];
    const distrusted = await importing(cluster, safe, [...there, '--cluster-from-tls', ...trust]);
    expect(distrusted.code).toBe(3);
    expect(distrusted.stderr).toMatch(/^\S+: the source cannot be asked: .*certificate/);
    expect(await importing(cluster, safe, [...there, ...here])).toMatchObject({ code: 0, stderr: '' });
    const keys = await fillAlone(open, 30);
    const before = await contentsAlone(open, keys);
    const through = await importing(cluster, open, [...there, '--through-here']);
    expect(through).toMatchObject({ code: 0, stderr: '' });
    expect(await contents(cluster, keys)).toEqual(before);
    expect(Number(await open.send('DBSIZE'))).toBe(0);
    expect(await keyCounts(cluster)).toBe(50 + keys.length);
  });

  test('a big value goes alone, and nobody is asked where nobody is', async t => {
    const [cluster, source] = await Promise.all([startCluster(t), startLoneServer(t, build)]);
    await source.send('SET', 'big', Buffer.alloc(3 * 1024 * 1024, 'x'));
    await fillPlain(source, 20);
    const words = ['import', cluster.entry, '--cluster-from', source.address];
    const unasked = await slotctl(words);
    expect(unasked).toMatchObject({ code: 4, stdout: expect.stringContaining('Keys leave the source') });
    expect(unasked.stderr).toContain('--yes goes ahead without asking');
    const run = await slotctl(words, { answer: 'yes' });
    expect(run.code).toBe(0);
    expect(run.stderr).toMatch(/importing "big" alone: it takes \d MB/);
    expect(await keyCounts(cluster)).toBe(21);
  });

  test('a source that does not tell how large its keys are has them taken like all others', async t => {
    const [cluster, source] = await Promise.all([startCluster(t), startLoneServer(t, build)]);
    await source.send('SET', 'big', Buffer.alloc(3 * 1024 * 1024, 'x'));
    await fillPlain(source, 20);
    await source.send('ACL', 'SETUSER', 'default', '-memory');
    const run = await slotctl(['import', cluster.entry, '--cluster-from', source.address, '--yes']);
    expect(run.code, run.stderr).toBe(0);
    expect(await keyCounts(cluster)).toBe(21);
  });
});
