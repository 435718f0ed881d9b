/** Whom slotctl connects to, whom it gives the password, and what a node can make it do by naming others. */
import { copyFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import { afterAll, describe, expect, onTestFinished, test } from 'vitest';
import { makeCertificates } from '../support/certificates.ts';
import { listen, portOf } from '../support/listen.ts';
import { slotctl } from '../support/run-slotctl.ts';
import { bulk, ScriptedNode } from '../support/scripted-node.ts';
import { removeFolder } from '../support/temp-folder.ts';

const PASSWORD = 'kestrel-tundra-58';
const env = { REDISCLI_AUTH: PASSWORD, SLOTCTL_FROM_AUTH: PASSWORD };
const FAST = ['-t', '1', '--reply-timeout', '1'];
const certificates = makeCertificates(['IP:127.0.0.1']);
const { ca, cert, key, folder } = certificates;
afterAll(() => removeFolder(folder));

/** What a port without TLS gets to read; it answers nothing. */
async function eavesdrop(): Promise<{ readonly address: string; heard(): string }> {
  let heard = '';
  const server = createServer(socket =>
    socket.on('error', () => {}).on('data', data => (heard += data.toString('latin1'))),
  );
  await listen(server);
  onTestFinished(() => void server.close());
  return { address: `127.0.0.1:${portOf(server)}`, heard: () => heard };
}

describe('options that only mean something with TLS', () => {
  const options: [string, string[]][] = [
    ['--cacert', ['--cacert', ca]],
    ['--cacertdir', ['--cacertdir', folder]],
    ['--cert and --key', ['--cert', cert, '--key', key]],
    ['--sni', ['--sni', 'cache.example']],
    ['--insecure', ['--insecure']],
  ];

  test.each(options)('%s: no password goes out in plain text', async (_, words) => {
    const { address, heard } = await eavesdrop();
    for (const way of [
      ['check', address],
      ['--cluster', 'check', address],
      ['check', `redis://${address}`],
    ]) {
      expect((await slotctl([...way, ...words, ...FAST], { env })).code).not.toBe(0);
    }
    expect(heard()).not.toBe('');
    expect(heard()).not.toContain(PASSWORD);
    expect(heard()).not.toContain('AUTH');
  });

  test.each(options)('import, --cluster-from%s: neither', async (_, words) => {
    const { address, heard } = await eavesdrop();
    const target = await ScriptedNode.alone({ isCluster: true });
    onTestFinished(() => target.close());
    const own = words.map(word => word.replace(/^--/, '--cluster-from-'));
    const run = await slotctl(
      ['import', target.address, '--cluster-from', address, '--dry-run', ...own, ...FAST],
      {
        env: { SLOTCTL_FROM_AUTH: PASSWORD },
      },
    );
    expect(run.code).not.toBe(0);
    expect(heard()).not.toBe('');
    expect(heard()).not.toContain('AUTH');
  });
});

const idOf = (i: number) => i.toString(16).padStart(40, '0');
const line = (i: number, where: string, more = '') =>
  `${idOf(i)} ${where}@1 ${more}master - 0 0 ${i} connected${i === 1 ? ' 0-16383' : ''}`;

async function node(i: number, ...others: string[]): Promise<ScriptedNode> {
  const started = await ScriptedNode.listen();
  onTestFinished(() => started.close());
  started.answers.set(`AUTH ${PASSWORD.toUpperCase()}`, '+OK\r\n');
  const list = [line(i, started.address, 'myself,'), ...others];
  started.answers.set('CLUSTER NODES', bulk(`${list.join('\n')}\n`));
  return started;
}

interface Document {
  readonly nodes: readonly { id: string; address: string; reachable: boolean; reason?: string }[];
}

async function checkJson(entry: ScriptedNode, ...options: string[]): Promise<Document['nodes']> {
  const { stdout } = await slotctl(['check', entry.address, '--json', ...options], { env });
  return (JSON.parse(stdout) as Document).nodes;
}

describe('--trust-hosts', () => {
  test('a node that is announced elsewhere gets neither connection nor password, and that is said', async () => {
    const other = await node(2);
    const entry = await node(1, line(2, other.address));
    const [own, announced] = await checkJson(entry, '--trust-hosts', '10.0.0.0/8,.example.com');
    expect(own).toMatchObject({ reachable: true });
    expect(announced).toMatchObject({
      address: other.address,
      reachable: false,
      reason: 'it is outside of --trust-hosts and was not connected to',
    });
    expect(other.connections).toBe(0);
  });

  test('one that is inside is a node as any', async () => {
    const other = await node(2);
    const entry = await node(1, line(2, other.address));
    const nodes = await checkJson(entry, '--trust-hosts', '127.0.0.0/8');
    expect(nodes.map(({ reachable }) => reachable)).toEqual([true, true]);
    expect(other.received).toContain(PASSWORD);
  });

  test('where the address map leads to is trusted, and so is whoever is named by hand', async () => {
    const other = await node(2);
    const entry = await node(1, line(2, '10.9.9.9:7000'));
    const trust = ['--trust-hosts', '192.168.0.0/16'];
    const nodes = await checkJson(entry, ...trust, '--address-map', `10.9.9.9:7000=${other.address}`);
    expect(nodes.map(({ reachable }) => reachable)).toEqual([true, true]);
    const newcomer = await node(3);
    await slotctl(['add-node', newcomer.address, entry.address, '--dry-run', ...trust], { env });
    expect(newcomer.connections).toBeGreaterThan(0);
    const first = await node(4);
    await slotctl(['create', first.address, newcomer.address, '--dry-run', ...trust], { env });
    expect(first.connections).toBeGreaterThan(0);
  });

  test('holds for what import reads from', async () => {
    const hidden = await node(2);
    const source = await node(1, line(2, hidden.address));
    source.answers.set('INFO', bulk('redis_version:7.0.15\r\nrole:master\r\ncluster_enabled:1\r\n'));
    const target = await ScriptedNode.alone({ isCluster: true });
    onTestFinished(() => target.close());
    await slotctl(
      [
        'import',
        target.address,
        '--cluster-from',
        source.address,
        '--dry-run',
        '--trust-hosts',
        '10.0.0.0/8',
      ],
      { env: { SLOTCTL_FROM_AUTH: PASSWORD } },
    );
    expect(source.connections).toBeGreaterThan(0);
    expect(hidden.connections).toBe(0);
  });

  test.each(['', '10.0.0.0/99', 'a b'])('wrong usage: %j', async list => {
    const run = await slotctl(['check', '127.0.0.1:1', '--trust-hosts', list]);
    expect(run).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('--trust-hosts') });
  });
});

describe('what is asked of those who are named', () => {
  test('several ids at one place are one node, which is asked once', async () => {
    const other = await node(2, ...[3, 4, 5, 6, 7, 8, 9].map(i => line(i, '127.0.0.1:1')));
    const entry = await node(1, ...[2, 3, 4, 5, 6, 7, 8, 9].map(i => line(i, other.address)));
    const nodes = await checkJson(entry);
    expect(nodes.filter(({ reachable }) => reachable).map(({ id }) => id)).toEqual([idOf(1), idOf(2)]);
    const looks = (text: string) => text.split('CLUSTER\r\n$5\r\nNODES').length - 1;
    // Where nodes disagree, `check` looks again; each look asks both of them once, on the connection that is there.
    expect(looks(other.received)).toBe(looks(entry.received));
    expect([other.connections, entry.connections]).toEqual([1, 1]);
  });

  test('a node that answers each question just in time is given up all the same', async () => {
    const entry = await node(1);
    entry.delayMs = 2000;
    const run = await slotctl(['check', entry.address, '-t', '0.5', '--reply-timeout', '3']);
    expect(run.stderr).toMatch(/: no reply to all that was asked within \d[\d.]* s\n$/);
    expect(run.code).toBe(3);
  });

  test.each([
    [
      'in one list',
      (of: number) => Array.from({ length: of }, (_, i) => line(i + 2, '127.0.0.1:1')),
      /more than 3000 lines, each of a node/,
    ],
  ])(
    'more nodes than a cluster can have, %s: nothing is concluded, and it is said',
    async (_, list, sentence) => {
      const entry = await node(1, ...list(5000));
      const run = await slotctl(['check', entry.address], { env });
      expect(run.stderr).toMatch(sentence);
      expect(run).toMatchObject({ code: 3, stdout: '' });
    },
  );

  test('more nodes than a cluster can have, in several lists', async () => {
    const named = (from: number) => Array.from({ length: 2000 }, (_, i) => line(from + i, '127.0.0.1:1'));
    const other = await node(2, ...named(10_000));
    const entry = await node(1, line(2, other.address), ...named(20_000));
    const run = await slotctl(['check', entry.address], { env });
    expect(run.stderr).toMatch(/with what it reports there would be more than 3000 nodes/);
    expect(run).toMatchObject({ code: 3, stdout: '' });
  });
});

describe('TLS without a word on whom to trust', () => {
  async function tlsNode(options: TlsOptions): Promise<string> {
    const server = createTlsServer(options, socket => void socket.on('error', () => {}));
    server.on('tlsClientError', () => {});
    await listen(server);
    onTestFinished(() => void server.close());
    return `127.0.0.1:${portOf(server)}`;
  }
  const read = (own = certificates) => ({ cert: own.read(own.cert), key: own.read(own.key) });

  test.each([
    [['--tls'], 'any certificate from a public authority'],
    [['--insecure', '--no-auth-warning'], '--insecure verifies no certificate'],
    [['--tls', '--cacert', ca], ''],
    [['--tls', '--sni', 'n'], ''],
    [['--tls', '--trust-hosts', '10.0.0.0/8'], ''],
  ])('%j', async (options, warning) => {
    const address = await tlsNode(read());
    const { stderr } = await slotctl(['info', address, ...options, ...FAST]);
    const warnings = stderr.split('\n').filter(text => text.startsWith('Warning: '));
    expect(warnings).toEqual(warning === '' ? [] : [expect.stringContaining(warning)]);
  });

  test('import warns of its source', async () => {
    const target = await ScriptedNode.alone({ isCluster: true });
    onTestFinished(() => target.close());
    const from = await tlsNode(read());
    const warned = async (...options: string[]) =>
      (await slotctl(['import', target.address, '--cluster-from', from, '--dry-run', ...options, ...FAST]))
        .stderr;
    expect(await warned('--cluster-from-insecure')).toMatch(/^Warning: --cluster-from-insecure verifies no/);
    expect(await warned('--cluster-from-tls')).toMatch(
      /^Warning: any certificate .+ --cluster-from-cacert, --cluster-from-sni or --trust-hosts/,
    );
    expect(await warned('--cluster-from-cacert', ca)).not.toContain('Warning');
  });

  test('a name in a certificate does not reach the terminal as it is', async () => {
    const odd = makeCertificates([], 'a\u001b[2J\u001b]0;owned\u0007b');
    onTestFinished(() => removeFolder(odd.folder));
    const named = await tlsNode(read(odd));
    const entry = await ScriptedNode.listen(read());
    onTestFinished(() => entry.close());
    const list = [line(1, entry.address, 'myself,'), line(2, named).replace('@1', '@1,cache.example')];
    entry.answers.set('CLUSTER NODES', bulk(`${list.join('\n')}\n`));
    copyFileSync(odd.ca, join(folder, 'odd.crt'));
    for (const options of [[], ['--json'], ['--trace']]) {
      const run = await slotctl(['check', entry.address, '--cacertdir', folder, ...options, ...FAST]);
      expect(run.stdout + run.stderr).toContain('the certificate is for another name');
      expect(run.stdout + run.stderr).not.toMatch(/[^\x20-\x7e…’\n]|u001b/);
    }
  });
});
