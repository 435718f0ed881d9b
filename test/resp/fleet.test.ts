/** Connections to a real server that ends them, and what becomes of those who speak next. */
import { expect, type TestContext, test } from 'vitest';
import { ConnectionLostError } from '../../src/resp/errors.ts';
import { Fleet } from '../../src/resp/fleet.ts';
import { until } from '../support/poll.ts';
import { freePort } from '../support/ports.ts';
import { ServerProcess } from '../support/server-process.ts';
import { anyServer } from '../support/servers.ts';

const text = (...args: string[]) => ({ args, decode: String });

async function startFor(t: TestContext) {
  const [host, port] = ['127.0.0.1', await freePort('127.0.0.1')];
  const server = new ServerProcess({ build: anyServer(), host, port, config: [`port ${port}`] });
  const entry = { kind: 'tcp', host, port } as const;
  let lost = 0;
  const observer = { sent: () => {}, received: () => {}, failed: () => lost++ };
  const fleet = new Fleet({ entry, connectTimeoutMs: 2000, replyTimeoutMs: 5000 }, observer);
  t.onTestFinished(async () => {
    fleet.close();
    await server.dispose();
  });
  await server.start();
  /** Returns when that has been noticed: whoever speaks in between gets an error. */
  const endAll = async () => {
    const ended = Number(await server.send('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes'));
    await until('it is noticed', () => lost >= ended);
  };
  return { server, fleet, address: { host, port }, endAll };
}

test('a connection that was ended while nobody waited is opened again, and so is a lane, in its database', async t => {
  const { fleet, address, endAll } = await startFor(t);
  const lane = fleet.lane(address);
  await Promise.all([lane.send(text('SELECT', '3')), lane.send(text('SET', 'k', 'three'))]);
  await fleet.send(address, text('SET', 'k', 'zero'));
  await endAll();
  expect(await lane.send(text('GET', 'k'))).toBe('three');
  expect(await fleet.send(address, text('GET', 'k'))).toBe('zero');
});

test('what was sent is not sent again', async t => {
  const { server, fleet, address, endAll } = await startFor(t);
  const lane = fleet.lane(address);
  await lane.send(text('PING'));
  const waiting = lane.send(text('BLPOP', 'list', '0'));
  await server.send('PING');
  await Promise.all([endAll(), expect(waiting).rejects.toThrow(ConnectionLostError)]);
  // And the connection stays what it is: lost with something owed.
  await expect(lane.send(text('PING'))).rejects.toThrow(ConnectionLostError);
});

test('after the end nobody opens a connection, which would keep the program from its own', async t => {
  const { server, fleet, address } = await startFor(t);
  fleet.close();
  await expect(fleet.send(address, text('PING'))).rejects.toThrow(ConnectionLostError);
  await expect(fleet.lane(address).send(text('PING'))).rejects.toThrow(ConnectionLostError);
  const others = () => server.text('CLIENT', 'LIST').then(list => list.trim().split('\n').length - 1);
  await until('all that was begun is ended', async () => (await others()) === 0);
});
