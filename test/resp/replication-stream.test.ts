/** Data as a node sends them to a replica, from a node that does what a real one rarely does. */
import { createServer, type Socket } from 'node:net';
import { describe, expect, type TestContext, test } from 'vitest';
import { NodeError } from '../../src/resp/errors.ts';
import { type Dump, type DumpSettings, openDump } from '../../src/resp/replication-stream.ts';
import { listen } from '../support/listen.ts';

const ID = 'b'.repeat(40);
const MARK = 'm'.repeat(40);
const COMMAND = /\*\d+\r\n/g;

/** Answers each command by the next of these, and sends what is left after the last one. */
async function dumpFrom(
  t: TestContext,
  answers: readonly string[],
  after: (socket: Socket) => void = () => {},
  limits: Partial<DumpSettings> = {},
): Promise<Dump> {
  const server = createServer(socket => {
    const left = [...answers];
    socket.on('error', () => {});
    socket.on('data', data => {
      for (const _ of data.toString('latin1').match(COMMAND) ?? []) socket.write(left.shift() ?? '');
      if (left.length === 0) after(socket);
    });
  });
  const port = await listen(server);
  t.onTestFinished(() => void server.close());
  const interruption = new AbortController();
  const dump = await openDump(
    {
      name: 'node',
      endpoint: { kind: 'tcp', host: '127.0.0.1', port },
      connection: { connectTimeoutMs: 5000, replyTimeoutMs: 5000 },
      observer: undefined,
      interruption: interruption.signal,
    },
    {
      diskless: true,
      silenceLimitMs: 200,
      beginLimitMs: 60_000,
      leastRate: 0,
      rateOverMs: 60_000,
      began() {},
      ...limits,
    },
  );
  t.onTestFinished(() => dump.close());
  return dump;
}

async function read({ chunks }: Dump): Promise<string> {
  const all: Buffer[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return Buffer.concat(all).toString();
}

const FULL = `+FULLRESYNC ${ID} 7\r\n`;

describe('the data of a node', () => {
  test('have a length, and newlines before them', async t => {
    const dump = await dumpFrom(t, ['+OK\r\n', '+OK\r\n', `\n\n${FULL}\n\n$5\r\nhello and more`]);
    expect(dump).toMatchObject({ replicationId: ID, offset: 7, bytes: 5 });
    expect(await read(dump)).toBe('hello');
  });

  test('end in a mark, wherever it is cut', async t => {
    const dump = await dumpFrom(
      t,
      ['+OK\r\n', '-ERR unknown\r\n', `${FULL}$EOF:${MARK}\r\nhello`],
      socket => {
        socket.write(`${'m'.repeat(39)} is none`);
        setTimeout(() => socket.write(MARK.slice(0, 11)), 20);
        setTimeout(() => socket.write(MARK.slice(11)), 40);
      },
    );
    expect(await read(dump)).toBe(`hello${'m'.repeat(39)} is none`);
  });

  test('are not taken for anything else', async t => {
    const tellings: readonly [readonly string[], RegExp][] = [
      [['+OK\r\n', '+OK\r\n', '-NOMASTERLINK not connected\r\n'], /PSYNC was refused: NOMASTERLINK/],
      [['+OK\r\n', '+OK\r\n', `${FULL}\n-ERR no fork\r\n`], /refused: ERR no fork/],
      [['+OK\r\n', '+OK\r\n', '+CONTINUE\r\n'], /unexpected reply to PSYNC/],
      [['+OK\r\n', '+OK\r\n', `${FULL}$many\r\n`], /instead of the size/],
      [['x'.repeat(20_000)], /a line without an end/],
      [['HTTP/1.1 400 Bad Request\r\n'], /does not speak the Redis protocol/],
      [['+OK\r\n', '+OK\r\n'], /no reply to PSYNC within/],
    ];
    for (const [answers, message] of tellings) await expect(dumpFrom(t, answers)).rejects.toThrow(message);
  });

  test('that break off are told, and so is a node that says nothing more', async t => {
    const head = ['+OK\r\n', '+OK\r\n', `${FULL}$100\r\nhello`];
    const broken = await dumpFrom(t, head, socket => socket.end());
    await expect(read(broken)).rejects.toThrow(/closed the connection/);
    const silent = await dumpFrom(t, head);
    await expect(read(silent)).rejects.toThrow(NodeError);
  });

  test('that do not begin are not waited for without end, whatever the node says meanwhile', async t => {
    const newlines = (socket: Socket) => {
      const timer = setInterval(() => socket.write('\n'), 10);
      socket.once('close', () => clearInterval(timer));
    };
    const opening = dumpFrom(t, ['+OK\r\n', '+OK\r\n', FULL], newlines, { beginLimitMs: 300 });
    await expect(opening).rejects.toThrow(/no reply to PSYNC but empty lines within/);
  });

  test('that drip are given up, when it has been judged for long enough', async t => {
    const drip = (socket: Socket) => {
      const timer = setInterval(() => socket.write('x'), 10);
      socket.once('close', () => clearInterval(timer));
    };
    const head = ['+OK\r\n', '+OK\r\n', `${FULL}$1000000\r\n`];
    const dump = await dumpFrom(t, head, drip, { leastRate: 1024, rateOverMs: 300 });
    await expect(read(dump)).rejects.toThrow(/it sent \d+ bytes in 0 s, and the least is 1024 per second/);
    const patient = await dumpFrom(t, ['+OK\r\n', '+OK\r\n', `${FULL}$60\r\n`], drip, {
      leastRate: 10,
      rateOverMs: 100,
    });
    expect(await read(patient)).toBe('x'.repeat(60));
  });
});
