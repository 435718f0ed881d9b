/** Real servers say no in every version's words, and are understood. */
import { describe, expect, type TestContext, test } from 'vitest';
import { Connection } from '../../src/resp/connection.ts';
import { ServerRefusalError } from '../../src/resp/errors.ts';
import type { RefusalKind } from '../../src/resp/refusals.ts';
import { TestCluster } from '../support/cluster.ts';
import { startLoneServer } from '../support/lone-server.ts';
import { until } from '../support/poll.ts';
import { freePort } from '../support/ports.ts';
import type { ServerProcess } from '../support/server-process.ts';
import { serversUnderTest } from '../support/servers.ts';
import { keyIn } from '../support/slot-keys.ts';

type Heard = RefusalKind | `target: ${RefusalKind}` | 'yes';

/** Of another client: it is in no transaction, and not logged in. */
function clientOf({ address, setup: { host, port } }: ServerProcess, t: TestContext) {
  const settings = { connectTimeoutMs: 10_000, replyTimeoutMs: 30_000 };
  const connection = new Connection(address, { kind: 'tcp', host, port }, settings);
  t.onTestFinished(() => connection.close());
  return { send: (...words: string[]) => connection.send({ args: words, decode: reply => reply }) };
}

async function heard(answer: Promise<unknown>): Promise<Heard> {
  try {
    await answer;
    return 'yes';
  } catch (error) {
    if (!(error instanceof ServerRefusalError)) throw error;
    return error.byTarget ? `target: ${error.kind}` : error.kind;
  }
}

const NOBODY = '0123456789'.repeat(4);
const LIBRARY = "#!lua name=lib\nredis.register_function('f', function() return 1 end)";

describe.concurrent.each(serversUnderTest())('$name', build => {
  test('by itself', async t => {
    const [server, other] = await Promise.all([startLoneServer(t, build), startLoneServer(t, build)]);
    const [client, guest] = [clientOf(server, t), clientOf(server, t)];
    const told = (...words: string[]) => heard(server.send(...words));
    const config = (...words: string[]) => client.send('CONFIG', 'SET', ...words);
    for (const each of [server, other]) await each.send('SET', 's', 'value');
    const { host, port } = other.setup;
    const migrate = (to: number, ...options: string[]) =>
      told('MIGRATE', host, `${to}`, 's', '0', '1000', ...options);

    expect(await told('LLEN', 's')).toBe('wrong-type');
    expect(await told('XINFO', 'STREAM', 'none')).toBe('no-such-key');
    expect(await told('NONE', 'a')).toBe('unknown-command');
    expect(await told('CONFIG', 'NONE')).toBe('unknown-command');
    expect(await told('CLUSTER', 'NODES')).toBe('no-cluster');
    expect(await told('SELECT', '99')).toBe('no-such-database');
    expect(await told('RESTORE', 't', '0', 'no dump')).toBe('bad-payload');
    expect(await heard(server.send('RESTORE', 's', '0', await dumped(server)))).toBe('busy-key');
    await server.send('FUNCTION', 'LOAD', LIBRARY);
    expect(await told('FUNCTION', 'LOAD', LIBRARY)).toBe('library-exists');

    expect(await migrate(port)).toBe('target: busy-key');
    expect(await migrate(await freePort(host))).toBe('io-error');
    await other.send('CONFIG', 'SET', 'min-replicas-to-write', '1');
    expect(await migrate(port, 'REPLACE')).toBe('target: no-replicas');
    expect(await migrate(port, 'REPLACE', 'AUTH', 'unasked')).toBe('target: needless-login');
    await other.send('CONFIG', 'SET', 'requirepass', 'other');
    // Who is there already stays without a login.
    await other.send('CLIENT', 'KILL', 'TYPE', 'normal');
    expect(await migrate(port, 'REPLACE')).toBe('target: no-login');
    expect(await migrate(port, 'REPLACE', 'AUTH', 'wrong')).toBe('target: wrong-login');

    await config('maxmemory-policy', 'allkeys-lfu');
    expect(await told('OBJECT', 'IDLETIME', 's')).toBe('no-idle-time');
    await config('maxmemory-policy', 'noeviction');
    await config('maxmemory', '1');
    expect(await told('SET', 't', 'x')).toBe('out-of-memory');
    await config('maxmemory', '0');
    await server.send('MULTI');
    await server.send('SET', 't', 'x');
    await config('min-replicas-to-write', '1');
    expect(await told('EXEC')).toBe('no-replicas');
    expect(await told('SET', 't', 'x')).toBe('no-replicas');

    await config('lua-time-limit', '1');
    const script = heard(server.send('EVAL', 'while true do end', '0'));
    await until('it is busy', async () => (await heard(client.send('GET', 's'))) === 'busy');
    await client.send('SCRIPT', 'KILL');
    await script;

    await server.send('ACL', 'SETUSER', 'guest', 'on', '>secret', '~s', '+@all', '-get');
    expect(await heard(guest.send('AUTH', 'guest', 'wrong'))).toBe('wrong-login');
    await guest.send('AUTH', 'guest', 'secret');
    expect(await heard(guest.send('GET', 's'))).toBe('no-permission');
    expect(await heard(guest.send('STRLEN', 't'))).toBe('no-permission');

    await server.send('REPLICAOF', host, `${await freePort(host)}`);
    expect(await told('SET', 't', 'x')).toBe('read-only');
    await config('replica-serve-stale-data', 'no');
    expect(await told('GET', 's')).toBe('primary-link-down');
    await server.send('CONFIG', 'SET', 'requirepass', 'secret');
    expect(await heard(clientOf(server, t).send('GET', 's'))).toBe('no-login');
  });

  test('in a cluster', async t => {
    const cluster = await TestCluster.startFor(t, { build, primaries: 2, replicasPerPrimary: 1 });
    const told = (position: number, ...words: string[]) => heard(cluster.node(position).send(...words));
    const [source, target, replica] = [0, 1, 2];
    const key = keyIn(5, 'key');
    expect(await told(target, 'SET', key, 'x')).toBe('moved');
    expect(await told(source, 'SELECT', '99')).toBe('no-such-database');
    expect(await told(source, 'CLUSTER', 'FORGET', NOBODY)).toBe('unknown-node');
    expect(await told(replica, 'CLUSTER', 'SETSLOT', '5', 'STABLE')).toBe('not-a-primary');
    await cluster.node(source).send('CLUSTER', 'SETSLOT', '5', 'MIGRATING', cluster.member(target).id);
    expect(await told(source, 'GET', key)).toBe('ask');
    expect(await told(source, 'CLUSTER', 'SETSLOT', '5', 'STABLE')).toBe('yes');
    if (build.product === 'valkey' && Number.parseInt(build.version, 10) >= 9)
      expect(await told(source, 'CLUSTER', 'CANCELSLOTMIGRATIONS')).toBe('no-migration');
    await cluster.node(source).send('CLUSTER', 'DELSLOTS', '5');
    expect(await told(source, 'GET', key)).toBe('cluster-down');
  });
});

async function dumped(server: ServerProcess): Promise<Buffer> {
  const payload = await server.send('DUMP', 's');
  if (!Buffer.isBuffer(payload)) throw new Error('no dump');
  return payload;
}
