/** What is done only where nobody changes a key: a connection that was closed meanwhile has watched nothing. */
import { expect, test } from 'vitest';
import { inTransaction } from '../../src/live/keys/in-transaction.ts';
import { watch } from '../../src/resp/commands/fix.ts';
import { unlink } from '../../src/resp/commands/import.ts';
import { ConnectionLostError } from '../../src/resp/errors.ts';
import { Fleet } from '../../src/resp/fleet.ts';
import { startLoneServer } from '../support/lone-server.ts';
import { until } from '../support/poll.ts';
import { serversUnderTest } from '../support/servers.ts';

const KEY = Buffer.from('watched');

test.for(serversUnderTest())(
  '$name: a connection that the server has closed since WATCH is not replaced by one that watches nothing',
  async (build, t) => {
    const server = await startLoneServer(t, build);
    const [host = '', port = ''] = server.address.split(':');
    const address = { host, port: Number(port) };
    const fleet = new Fleet({
      entry: { kind: 'tcp', ...address },
      connectTimeoutMs: 5000,
      replyTimeoutMs: 5000,
    });
    t.onTestFinished(() => fleet.close());
    const lane = fleet.lane(address);
    await server.send('SET', KEY, 'old');
    await lane.send(watch(KEY));

    const own = await server.text('CLIENT', 'ID');
    await server.send('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    const others = async () =>
      (await server.text('CLIENT', 'LIST', 'TYPE', 'normal')).trim().split('\n').length;
    await until('only we are connected', async () => (await others()) === 1);
    expect(await server.text('CLIENT', 'ID')).toBe(own);
    await server.send('SET', KEY, 'new');

    await expect(inTransaction(lane, unlink([KEY]))).rejects.toThrow(ConnectionLostError);
    expect(await server.text('GET', KEY)).toBe('new');

    // From then on it is a connection like any other.
    await lane.send(watch(KEY));
    expect(await inTransaction(lane, unlink([KEY]))).toBe(true);
    expect(await server.send('GET', KEY)).toBe(null);
  },
);
