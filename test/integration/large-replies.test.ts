/** Large values that arrive at the same time, as when several are compared: together more than is to be held. */
import { expect, test } from 'vitest';
import { Connection } from '../../src/resp/connection.ts';
import { asBytes } from '../../src/resp/reply.ts';
import { ReplyBudget } from '../../src/resp/reply-bounds.ts';
import { startLoneServer } from '../support/lone-server.ts';
import { anyServer } from '../support/servers.ts';

const MB = 1024 * 1024;

test('all of them arrive, one after the other where need be', async t => {
  const server = await startLoneServer(t, anyServer());
  await server.send('SET', 'large', Buffer.alloc(30 * MB, 'x'));
  const reading = { budget: new ReplyBudget(40 * MB) };
  const settings = { connectTimeoutMs: 5000, replyTimeoutMs: 60_000, reading };
  const { host, port } = server.setup;
  const get = { args: ['GET', 'large'], decode: asBytes };
  const connections = Array.from(
    { length: 4 },
    () => new Connection(server.address, { kind: 'tcp', host, port }, settings),
  );
  try {
    const twice = connections.flatMap(connection => [connection.send(get), connection.send(get)]);
    const values = await Promise.all(twice);
    expect(values.map(({ length }) => length)).toEqual(Array(8).fill(30 * MB));
  } finally {
    for (const connection of connections) connection.close();
  }
});
