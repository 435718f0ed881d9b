/** A TLS port that is asked in plain text, and a plain one that is asked in TLS, are named as that. */
import { createServer } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { afterAll, describe, expect, onTestFinished, type TestContext, test } from 'vitest';
import { makeCertificates } from '../support/certificates.ts';
import { listen, portOf } from '../support/listen.ts';
import { freePort } from '../support/ports.ts';
import { type Run, slotctl } from '../support/run-slotctl.ts';
import { bulk, ScriptedNode } from '../support/scripted-node.ts';
import { ServerProcess } from '../support/server-process.ts';
import { serversUnderTest } from '../support/servers.ts';
import { removeFolder } from '../support/temp-folder.ts';

const certificates = makeCertificates(['IP:127.0.0.1']);
const { ca, cert, key, config } = certificates;
afterAll(() => removeFolder(certificates.folder));

const PASSWORD = 'kestrel-tundra-58';
const env = { REDISCLI_AUTH: PASSWORD, SLOTCTL_FROM_AUTH: PASSWORD };
/** So long a server waits for the rest of what it takes for a command, and then it is asked otherwise. */
const FAST = ['-t', '3'];
const SPEAKS_TLS = 'it speaks TLS, and was asked in plain text; add --tls';
const SPEAKS_PLAIN =
  'it speaks plain text, and was asked in TLS; leave out --tls, and the options that imply it';

function expectSaid(run: Run, sentence: string): void {
  expect(run.stderr.trim().split('\n').at(-1)).toContain(sentence);
  expect(run.stderr).not.toContain(PASSWORD);
  expect(run.code).toBe(3);
}

describe.concurrent.each(serversUnderTest())('$name', build => {
  /** A cluster of one, with both kinds of port. */
  async function start(t: TestContext, authClients: 'yes' | 'no') {
    const [port, tlsPort, busPort] = [await freePort(), await freePort(), await freePort()];
    const server = new ServerProcess({
      build,
      host: '127.0.0.1',
      port,
      config: [
        'bind 127.0.0.1',
        `port ${port}`,
        `tls-port ${tlsPort}`,
        `tls-auth-clients ${authClients}`,
        'cluster-enabled yes',
        `cluster-port ${busPort}`,
        ...config,
      ],
    });
    t.onTestFinished(() => server.dispose());
    await server.start();
    return { plain: `127.0.0.1:${port}`, tls: `127.0.0.1:${tlsPort}` };
  }

  test.for(['yes', 'no'] as const)('client certificates wanted: %s', async (authClients, t) => {
    const { plain, tls } = await start(t, authClients);
    const secure = ['--cacert', ca, '--cert', cert, '--key', key];
    expectSaid(await slotctl(['check', tls, ...FAST], { env }), `${tls}: ${SPEAKS_TLS}`);
    expectSaid(await slotctl(['--cluster', 'check', tls, ...FAST], { env }), `${tls}: ${SPEAKS_TLS}`);
    expectSaid(await slotctl(['check', plain, ...secure, ...FAST], { env }), `${plain}: ${SPEAKS_PLAIN}`);
    expectSaid(
      await slotctl(['info', plain, '--tls', '--insecure', ...FAST], { env }),
      `${plain}: ${SPEAKS_PLAIN}`,
    );
    const target = await ScriptedNode.alone({ isCluster: true });
    t.onTestFinished(() => target.close());
    const from = (...words: string[]) =>
      slotctl(['import', target.address, '--cluster-from', ...words, '--dry-run', ...FAST], {
        env: { SLOTCTL_FROM_AUTH: PASSWORD },
      });
    expectSaid(await from(tls), 'it speaks TLS, and was asked in plain text; add --cluster-from-tls');
    expectSaid(await from(plain, '--cluster-from-cacert', ca), 'leave out --cluster-from-tls');
    // A right one is not suspected of anything.
    const own = await slotctl(['info', tls, ...secure, ...FAST]);
    expect(own.stderr).toBe('');
  });
});

describe('a node that is announced', () => {
  test('is named as that, too', async () => {
    const server = createTlsServer({ cert: certificates.read(cert), key: certificates.read(key) });
    server.on('tlsClientError', () => {});
    await listen(server);
    const entry = await ScriptedNode.listen();
    onTestFinished(() => {
      entry.close();
      server.close();
    });
    const line = (id: string, where: string, flags: string) =>
      `${id.repeat(40)} ${where}@1 ${flags} - 0 0 1 connected`;
    const list = [
      line('a', entry.address, 'myself,master'),
      line('b', `127.0.0.1:${portOf(server)}`, 'master'),
    ];
    entry.answers.set('CLUSTER NODES', bulk(`${list.join('\n')}\n`));
    const { stdout } = await slotctl(['check', entry.address, '--json', ...FAST]);
    expect(stdout).toContain(SPEAKS_TLS);
  });
});

test('who only hangs up speaks neither', async () => {
  let connections = 0;
  const server = createServer(socket => {
    connections++;
    socket.on('error', () => {}).on('data', () => socket.destroy());
  });
  await listen(server);
  onTestFinished(() => void server.close());
  const address = `127.0.0.1:${portOf(server)}`;
  const plain = await slotctl(['check', address, ...FAST], { env });
  expect(plain.stderr).toMatch(/the node closed the connection|the connection broke/);
  const tls = await slotctl(['check', address, '--cacert', ca, ...FAST], { env });
  expect(tls.stderr).not.toContain('plain text');
  expect(connections).toBe(4);
});
