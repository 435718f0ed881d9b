/** Every way to a cluster, and every way of not getting in: one sentence, the right exit code, no secret anywhere. */

import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, describe, expect, type TestContext, test } from 'vitest';
import { tlsSettings } from '../../src/resp/tls-files.ts';
import { BlackHole } from '../support/black-hole.ts';
import { encrypted, makeCertificates } from '../support/certificates.ts';
import { type ClusterPlan, TestCluster } from '../support/cluster.ts';
import { listen } from '../support/listen.ts';
import { freePort } from '../support/ports.ts';
import { type Run, slotctl, type TerminalSetup } from '../support/run-slotctl.ts';
import { ServerProcess } from '../support/server-process.ts';
import { anyServer, serversUnderTest } from '../support/servers.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';
import { removeFolder, tempFolder } from '../support/temp-folder.ts';

const HEALTHY = '[OK] All 16384 slots covered.\n';
const PASSWORD = 'correct horse battery';

function expectHealthy(run: Run): void {
  expect(run.stderr).toBe('');
  expect(run.stdout).toContain(HEALTHY);
  expect(run.code).toBe(0);
}

function expectUnreachable(run: Run, sentence: string | RegExp): void {
  expect(run.stdout).toBe('');
  expect(run.stderr).toMatch(sentence);
  expect(run.stderr.trim().split('\n')).toHaveLength(1);
  expect(run.stderr).not.toMatch(/^\s+at /m);
  expect(run.code).toBe(3);
}

const quiet: TerminalSetup = {};
const authenticated: TerminalSetup = { env: { REDISCLI_AUTH: PASSWORD } };

describe.concurrent.each(serversUnderTest())('$name', build => {
  async function start(t: TestContext, plan: Omit<ClusterPlan, 'build'> = {}): Promise<TestCluster> {
    const cluster = await TestCluster.start({ build, replicasPerPrimary: 0, ...plan });
    t.onTestFinished(() => cluster.dispose());
    return cluster;
  }

  test('a password: by every way to give it, and none of them shows it', async t => {
    const { entry } = await start(t, { password: PASSWORD });
    const warned = await slotctl(['check', entry, '-a', PASSWORD]);
    expect(warned).toMatchObject({ code: 0, stdout: expect.stringContaining(HEALTHY) });
    expect(warned.stderr).toMatch(
      /^Warning: Using a password with '-a' or '-u' option on the command line interface may not be safe\./,
    );
    expectHealthy(await slotctl(['check', entry, '--pass', PASSWORD, '--no-auth-warning']));
    expectHealthy(
      await slotctl(['check', entry, '--user', 'default', '--pass', PASSWORD, '--no-auth-warning']),
    );
    expectHealthy(await slotctl(['check', entry], authenticated));
    expectHealthy(await slotctl(['check', entry], { env: { VALKEYCLI_AUTH: PASSWORD } }));
    expectHealthy(await slotctl(['check', entry, '--askpass'], { secret: PASSWORD }));
    const uri = `redis://default:${encodeURIComponent(PASSWORD)}@${entry}`;
    expectHealthy(await slotctl(['check', uri, '--no-auth-warning']));
    expectHealthy(await slotctl(['check', '-u', uri, '--no-auth-warning']));
    expectHealthy(await slotctl(['check', entry, '-u', uri, '--no-auth-warning']));
    const traced = await slotctl(['check', entry, '--trace'], authenticated);
    expect(traced.stderr).toContain('> AUTH ***');
    expect(traced.stderr).not.toContain(PASSWORD);
  });

  test('no password, and a wrong one', async t => {
    const { entry } = await start(t, { primaries: 1, password: PASSWORD });
    expectUnreachable(
      await slotctl(['check', entry]),
      /: it asks for a password \(--askpass, REDISCLI_AUTH or --pass\)$/m,
    );
    const wrong = await slotctl(['check', entry], { env: { REDISCLI_AUTH: 'tr0ub4dor' } });
    expectUnreachable(wrong, /: it does not accept the user or the password \(WRONGPASS /);
    expect(wrong.stderr).not.toContain('tr0ub4dor');
    expectUnreachable(await slotctl(['info', entry]), 'it asks for a password');
    const json = await slotctl(['check', entry, '--json']);
    expect(JSON.parse(json.stdout)).toMatchObject({ format: 'slotctl-check', error: { node: entry } });
    expect(json.code).toBe(3);
  });

  test('one node with another password', async t => {
    const { nodes, entry } = await start(t, { password: PASSWORD });
    await nodes[2]?.send('CONFIG', 'SET', 'requirepass', 'another');
    const { code, stdout } = await slotctl(['check', entry, '--json'], authenticated);
    expect(code).toBe(1);
    const { findings } = JSON.parse(stdout) as { findings: { kind: string; summary: string }[] };
    expect(findings.find(f => f.kind === 'node-unreachable')?.summary).toMatch(
      new RegExp(`^${nodes[2]?.address} could not be asked: it does not accept the user or the password`),
    );
  });

  test('ACL users: the rights that the README lists are enough, and none is missed in silence', async t => {
    const { nodes, entry } = await start(t);
    const look = ['+info', '+cluster|nodes'];
    const all = [...look, '+cluster|info', '+dbsize'];
    const search = ['+cluster|countkeysinslot', '+multi', '+exec', '+cluster|slot-stats', '+select'];
    const known = await nodes[0]?.text('COMMAND', 'DOCS', 'CLUSTER|SLOT-STATS');
    const grants = search.filter(right => right !== '+cluster|slot-stats' || known !== '');
    for (const node of nodes) {
      await node.send('ACL', 'SETUSER', 'watcher', 'on', `>${PASSWORD}`, ...all);
      await node.send('ACL', 'SETUSER', 'searcher', 'on', `>${PASSWORD}`, ...all, ...grants);
      await node.send('ACL', 'SETUSER', 'modest', 'on', `>${PASSWORD}`, ...look);
      await node.send('ACL', 'SETUSER', 'blind', 'on', `>${PASSWORD}`, '+info');
    }
    const as = (user: string, ...options: string[]) =>
      slotctl(['check', entry, '--user', user, ...options], authenticated);
    expectHealthy(await as('watcher'));
    expectHealthy(await as('searcher', '--search-multiple-owners'));
    expectUnreachable(await as('blind'), /: the user may not ask: CLUSTER NODES was refused: NOPERM /);
    const modest = await as('modest');
    expect(modest.stdout).toContain('[WARNING] The cluster_state of ');
    expect(modest.stdout).not.toContain('nothing is wrong');
    expect(modest).toMatchObject({ code: 0, stderr: '' });
    // What was asked for and could not be looked at is a problem, and the rest is told all the same.
    const text = await as('watcher', '--search-multiple-owners');
    expect(text.stdout).not.toContain('No multiple owners found');
    expect(text.stdout).toMatch(
      />>> Check for multiple slot owners\.\.\.\n\[ERR\] The keys of .+ were not counted\.\n/,
    );
    const info = await slotctl(['info', entry, '--user', 'modest'], authenticated);
    expect(info).toMatchObject({ code: 0, stderr: '' });
    const uncounted = await as('watcher', '--search-multiple-owners', '--json');
    const { findings } = JSON.parse(uncounted.stdout) as { findings: { kind: string; summary: string }[] };
    expect(findings.map(f => f.kind)).toEqual(['keys-uncounted', 'keys-uncounted', 'keys-uncounted']);
    expect(findings[0]?.summary).toMatch(
      /could not be counted: CLUSTER COUNTKEYSINSLOT was refused: NOPERM /,
    );
    expect(uncounted).toMatchObject({ code: 1, stderr: '' });
  });

  test('TLS only: verified by authority and name, refused otherwise', async t => {
    const { folder, ca, cert, key, config, read } = makeCertificates([
      'IP:127.0.0.1',
      'IP:127.0.0.2',
      'IP:127.0.0.3',
      'DNS:cache.example',
    ]);
    t.onTestFinished(() => removeFolder(folder));
    const files = { ca: [read(ca)], cert: read(cert), key: read(key) };
    const tls = { ...(await tlsSettings(files, { insecure: false })), config };
    const { entry } = await start(t, { tls });
    const client = ['--cert', cert, '--key', key];
    expectHealthy(await slotctl(['check', entry, '--tls', '--cacert', ca, ...client]));
    expectHealthy(await slotctl(['check', entry, '--tls', '--cacertdir', folder, ...client]));
    const insecure = await slotctl(['check', entry, '--tls', '--insecure', '--no-auth-warning', ...client]);
    expect(insecure.stderr).toMatch(/^Warning: --insecure verifies no certificate: .+\n$/);
    expect(insecure).toMatchObject({ code: 0, stdout: expect.stringContaining(HEALTHY) });
    expectHealthy(
      await slotctl(['check', entry, '--tls', '--cacert', ca, '--sni', 'cache.example', ...client]),
    );
    expectHealthy(await slotctl(['check', `rediss://${entry}`, '--cacert', ca, ...client]));
    const info = await slotctl(['info', `valkeys://${entry}`, '--cacert', ca, ...client]);
    expect(info.stdout).toMatch(/^\[OK\] 0 keys in 3 /m);
    expect(info).toMatchObject({ code: 0, stderr: '' });
    const check = (...options: string[]) =>
      slotctl(['check', entry, '-t', '60', '--reply-timeout', '60', ...options]);
    expectUnreachable(
      await check('--tls', '--trust-hosts', '127.0.0.0/8', ...client),
      'the certificate is not signed by a known authority; name it with --cacert',
    );
    expectUnreachable(
      await check('--tls', '--cacert', ca, '--sni', 'other.example', ...client),
      'the certificate is for another name',
    );
    expectUnreachable(
      await check('--tls', '--cacert', ca),
      'the server does not accept our certificate; give one with --cert and --key',
    );
    expectUnreachable(await check(), 'it speaks TLS, and was asked in plain text; add --tls');
  });

  test('TLS asked of a port that has none', async t => {
    const { entry } = await start(t, { primaries: 1 });
    expectUnreachable(
      await slotctl(['check', entry, '--tls', '--sni', 'localhost']),
      'it speaks plain text, and was asked in TLS; leave out --tls, and the options that imply it',
    );
  });

  test('a node that is no cluster node', async t => {
    const port = await freePort();
    const server = new ServerProcess({
      build,
      host: '127.0.0.1',
      port,
      config: ['bind 127.0.0.1', `port ${port}`],
    });
    t.onTestFinished(() => server.dispose());
    await server.start();
    expectUnreachable(await slotctl(['check', server.address]), 'not a cluster node (cluster-enabled is no)');
    expectUnreachable(await slotctl(['info', server.address]), 'not a cluster node');
  });

  test('a cluster of one that nobody has met', async t => {
    const [port, busPort] = [await freePort(), await freePort()];
    const config = ['bind 127.0.0.1', `port ${port}`, 'cluster-enabled yes', `cluster-port ${busPort}`];
    const server = new ServerProcess({ build, host: '127.0.0.1', port, config });
    t.onTestFinished(() => server.dispose());
    await server.start();
    const { code, stdout } = await slotctl(['check', server.address]);
    expect(code).toBe(1);
    expect(stdout).toContain('[ERR] No node owns slots 0-16383.');
  });
});

describe.concurrent('ways to write an address', () => {
  const build = anyServer();

  async function start(t: TestContext, plan: Omit<ClusterPlan, 'build'> = {}): Promise<TestCluster> {
    const cluster = await TestCluster.start({ build, replicasPerPrimary: 0, ...plan });
    t.onTestFinished(() => cluster.dispose());
    return cluster;
  }

  test('one word, two words, a bus port, a host name, a URI', async t => {
    const { entry, nodes } = await start(t);
    const port = `${nodes[0]?.setup.port}`;
    expectHealthy(await slotctl(['check', entry]));
    expectHealthy(await slotctl(['check', '127.0.0.1', port]));
    expectHealthy(await slotctl(['check', `${entry}@31337`]));
    expectHealthy(await slotctl(['check', `localhost:${port}`]));
    expectHealthy(await slotctl(['check', '--no-auth-warning', 'localhost', port]));
    expectHealthy(await slotctl(['check', `redis://${entry}`]));
    expectHealthy(await slotctl(['check', `valkey://${entry}/0`]));
  });

  test('IPv6, with brackets and without', async t => {
    const { nodes } = await start(t, { hosts: ['::1'] });
    const port = nodes[0]?.setup.port;
    for (const words of [[`[::1]:${port}`], [`::1:${port}`], ['::1', `${port}`], [`redis://[::1]:${port}`]]) {
      expectHealthy(await slotctl(['check', ...words]));
    }
  });

  test('ports above 55535, whose bus is elsewhere', async t => {
    const { entry } = await start(t, { ports: { first: 61_000, last: 65_535 } });
    expectHealthy(await slotctl(['check', entry]));
  });

  test('a unix socket', async t => {
    const folder = tempFolder('socket');
    t.onTestFinished(() => removeFolder(folder));
    const socket = join(folder, 'node.sock');
    const { entry } = await start(t, { primaries: 1, config: [`unixsocket ${socket}`] });
    const run = await slotctl(['check', '-s', socket]);
    expectHealthy(run);
    expect(run.stdout).toContain(`(using node ${entry})`);
    expectUnreachable(
      await slotctl(['check', '-s', join(folder, 'no.sock')]),
      'there is no such socket file',
    );
  });

  test('behind NAT, by an address map, as text and as a file', async t => {
    const { nodes, members } = await start(t, { hosts: ['127.0.0.1', '127.0.0.2', '127.0.0.3'] });
    const proxies = await Promise.all(members.map(({ host, port }) => TcpProxy.open({ host, port })));
    t.onTestFinished(() => {
      for (const proxy of proxies) proxy.close();
    });
    const lines = nodes.map((node, i) => `${node.address}=127.0.0.1:${proxies[i]?.port}`);
    const entry = `127.0.0.1:${proxies[0]?.port}`;
    const run = await slotctl(['check', entry, '--address-map', lines.join(',')]);
    expectHealthy(run);
    expect(proxies.map(proxy => proxy.connections)).toEqual([1, 1, 1]);
    const folder = tempFolder('map');
    t.onTestFinished(() => removeFolder(folder));
    const file = join(folder, 'map');
    writeFileSync(file, `# how we get there\n${lines.join('\n')}\n`);
    expectHealthy(await slotctl(['check', entry, '--address-map', file]));
    expect(proxies.map(proxy => proxy.connections)).toEqual([2, 2, 2]);
  });
});

describe('certificates and keys that cannot be used: wrong usage, before anything is connected to', () => {
  const certificates = makeCertificates(['IP:127.0.0.1']);
  const others = makeCertificates(['IP:127.0.0.1']);
  afterAll(() => {
    removeFolder(certificates.folder);
    removeFolder(others.folder);
  });
  const garbage = join(certificates.folder, 'garbage');
  writeFileSync(garbage, 'not a certificate\n');
  const { ca, cert, key } = certificates;

  test.each([
    ['garbage for a certificate', ['--cert', garbage, '--key', key], 'cannot be used'],
    ['garbage for a key', ['--cert', cert, '--key', garbage], 'cannot be used'],
    [
      'a key of another certificate',
      ['--cert', cert, '--key', others.key],
      'does not belong to the client certificate',
    ],
    ['an encrypted key', ['--cert', cert, '--key', encrypted(certificates)], 'is encrypted'],
    ['garbage for an authority', ['--cacert', garbage], 'holds no certificate in PEM form'],
  ])('%s', async (_, options, reason) => {
    const { code, stdout, stderr } = await slotctl([
      'check',
      '127.0.0.1:1',
      '--tls',
      '--cacert',
      ca,
      ...options,
    ]);
    expect(stderr).toContain(reason);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  });
});

describe.concurrent('what is no server at all', () => {
  test('a closed port', async () => {
    const port = await freePort();
    expectUnreachable(
      await slotctl(['info', `127.0.0.1:${port}`]),
      'connection refused: nothing listens there',
    );
    const run = await slotctl(['check', `127.0.0.1:${port}`]);
    expectUnreachable(run, `127.0.0.1:${port}: connection refused: nothing listens there`);
  });

  test('a host that does not exist', async () => {
    expectUnreachable(
      await slotctl(['check', 'no-such-host.invalid:7000']),
      /no such host|could not be looked up/,
    );
  });

  test('a black hole', async () => {
    const hole = await BlackHole.dig();
    const run = await slotctl(['check', `127.0.0.1:${hole.port}`, '-t', '0.3']);
    await hole.fill();
    expectUnreachable(run, 'no connection within 300 ms');
  });

  test.each([
    ['a web server', 'HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n', "begins with 'H'"],
    ['zeros', '\u0000'.repeat(100), 'begins with byte 0'],
    ['a giant', '$99999999999999\r\n', 'a reply of more than'],
    ['an endless array', '*999999999\r\n', 'a reply of more than'],
    ['another reply than asked for', ':1\r\n'.repeat(4), 'expected a string, got the integer 1'],
    ['half a reply', '$100\r\nredis_version', 'no reply to INFO within'],
    ['nothing', '', 'no reply to INFO within'],
  ])('%s in place of RESP', async (_, text, reason) => {
    const server = createServer(socket => socket.on('error', () => {}).on('data', () => socket.write(text)));
    const port = await listen(server);
    const run = await slotctl(['check', `127.0.0.1:${port}`, '--reply-timeout', '0.5'], quiet);
    const info = await slotctl(['info', `127.0.0.1:${port}`, '--reply-timeout', '0.5'], quiet);
    server.close();
    expectUnreachable(run, reason);
    expectUnreachable(info, reason);
  });
});
