/** A connection against raw sockets that behave as no server should. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import type { Command } from '../../src/resp/command.ts';
import { Connection } from '../../src/resp/connection.ts';
import type { ConnectionSettings } from '../../src/resp/connection-settings.ts';
import { Secret } from '../../src/resp/credentials.ts';
import {
  ConnectError,
  ConnectionLostError,
  ConnectTimeoutError,
  ProtocolError,
  ReplyTimeoutError,
  ServerRefusalError,
  UnexpectedReplyError,
} from '../../src/resp/errors.ts';
import { asBytes, asInteger, asOk, asText, ErrorReply, type Reply } from '../../src/resp/reply.ts';
import { traceTo, type WireObserver } from '../../src/resp/trace.ts';
import { BlackHole } from '../support/black-hole.ts';
import { listen } from '../support/listen.ts';

const SETTINGS: ConnectionSettings = { connectTimeoutMs: 2000, replyTimeoutMs: 300 };

let servers: Server[] = [];
let sockets: Socket[] = [];
let connections: Connection[] = [];
afterEach(() => {
  for (const connection of connections) connection.close();
  for (const socket of sockets) socket.destroy();
  for (const server of servers) server.close();
  [servers, sockets, connections] = [[], [], []];
});

type Behaviour = (socket: Socket, request: string) => void;

/** A server that does as it is told with every piece of bytes that arrives. */
async function connectTo(
  behaviour: Behaviour,
  settings: Partial<ConnectionSettings> = {},
  observer?: WireObserver,
): Promise<Connection> {
  const server = createServer(socket => {
    sockets.push(socket);
    socket.on('error', () => {}).on('data', data => behaviour(socket, data.toString('latin1')));
  });
  servers.push(server);
  return connectToPort(await listen(server), settings, observer);
}

function connectToPort(
  port: number,
  settings: Partial<ConnectionSettings> = {},
  observer?: WireObserver,
): Connection {
  const connection = new Connection(
    `127.0.0.1:${port}`,
    { kind: 'tcp', host: '127.0.0.1', port },
    { ...SETTINGS, ...settings },
    observer,
  );
  connections.push(connection);
  return connection;
}

const ask = <T>(word: string, decode: (reply: Reply) => T): Command<T> => ({ args: [word], decode });
const ping = ask('PING', asText);
const replying =
  (text: string): Behaviour =>
  socket =>
    void socket.write(text);
const failureOf = (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (error: unknown) => error,
  );

describe('replies', () => {
  test('come back in the order of the commands, however they are cut', async () => {
    const connection = await connectTo((socket, request) => {
      if (!request.includes('THREE')) return;
      for (const byte of '+one\r\n:2\r\n$5\r\nth\r\nr\r\n') socket.write(byte);
    });
    const replies = [
      connection.send(ask('ONE', asText)),
      connection.send(ask('TWO', asInteger)),
      connection.send(ask('THREE', asText)),
    ];
    expect(await Promise.all(replies)).toEqual(['one', 2, 'th\r\nr']);
  });

  test('are bytes: nothing is lost of what is no text', async () => {
    const all = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
    const connection = await connectTo(socket => {
      socket.write(Buffer.concat([Buffer.from('$256\r\n'), all, Buffer.from('\r\n')]));
    });
    expect(await connection.send(ask('GET', asBytes))).toEqual(all);
  });

  test('are waited for from when the command is sent, and not while this process stands still before', async () => {
    const connection = await connectTo(replying('+PONG\r\n'));
    await connection.send(ping);
    const reply = connection.send(ping);
    for (const end = performance.now() + SETTINGS.replyTimeoutMs + 50; performance.now() < end; );
    expect(await reply).toBe('PONG');
  });

  test('commands of one turn go out together', async () => {
    const packets: string[] = [];
    const connection = await connectTo((socket, request) => {
      packets.push(request);
      socket.write('+OK\r\n'.repeat(request.split('PING').length - 1));
    });
    await connection.send(ping);
    await Promise.all(Array.from({ length: 50 }, () => connection.send(ping)));
    expect(packets.map(packet => packet.split('PING').length - 1)).toEqual([1, 50]);
  });

  test('a large one in many pieces leaves nothing behind that keeps the process alive', async () => {
    // redis-parser joins pieces in a pool that it keeps a timer for; it must get replies in one piece.
    const timers = () => process.getActiveResourcesInfo().filter(resource => resource === 'Timeout').length;
    const before = timers();
    const size = 3_000_000;
    const connection = await connectTo(replying(`$${size}\r\n${'x'.repeat(size)}\r\n`));
    expect((await connection.send(ask('GET', asBytes))).length).toBe(size);
    connection.close();
    expect(timers()).toBeLessThanOrEqual(before);
  });

  test('errors inside an array stay inside', async () => {
    const connection = await connectTo(replying('*2\r\n-ERR first\r\n+OK\r\n'));
    const reply = await connection.send(ask('EXEC', r => r));
    expect(reply).toEqual([new ErrorReply('ERR first'), Buffer.from('OK')]);
  });
});

describe('failures name the node, the command and the reason', () => {
  test('an error reply', async () => {
    const connection = await connectTo(replying('-NOAUTH Authentication required.\r\n'));
    const error = await failureOf(connection.send(ping));
    expect(error).toBeInstanceOf(ServerRefusalError);
    expect(error).toMatchObject({
      node: connection.name,
      kind: 'no-login',
      message: 'PING was refused: NOAUTH Authentication required.',
    });
  });

  test('a refusal concerns one command only', async () => {
    const connection = await connectTo(replying('-ERR no\r\n+yes\r\n'));
    const first = connection.send(ping);
    const second = connection.send(ping);
    await expect(first).rejects.toThrow('PING was refused: ERR no');
    expect(await second).toBe('yes');
  });

  test('a reply of the wrong shape', async () => {
    const connection = await connectTo(replying(':5\r\n'));
    const error = await failureOf(connection.send(ask('PING', asOk)));
    expect(error).toBeInstanceOf(UnexpectedReplyError);
    expect(error).toMatchObject({
      message: 'unexpected reply to PING: expected a string, got the integer 5',
    });
  });

  test('nobody listens', async () => {
    const connection = await connectTo(() => {});
    const server = servers[0];
    await new Promise(resolve => server?.close(resolve));
    const port = Number(connection.name.split(':')[1]);
    connection.close();
    const error = await failureOf(connectToPort(port).send(ping));
    expect(error).toBeInstanceOf(ConnectError);
    expect(error).toMatchObject({ message: 'connection refused: nothing listens there' });
  });

  test('a node that accepts and then says nothing', async () => {
    const connection = await connectTo(() => {});
    const error = await failureOf(connection.send(ask('CLUSTER', asText)));
    expect(error).toBeInstanceOf(ReplyTimeoutError);
    expect((error as Error).message).toMatch(/^no reply to CLUSTER within [\d.]+ m?s$/);
  });

  test('a node that drips does not buy time with every byte', async () => {
    const connection = await connectTo(socket => {
      const drip = setInterval(() => socket.write('x'), 20);
      socket.write('+');
      socket.once('close', () => clearInterval(drip));
    });
    expect(await failureOf(connection.send(ping))).toBeInstanceOf(ReplyTimeoutError);
  });

  test('several commands at once: one answer, or the first refusal, and the next replies are not mixed up', async () => {
    const connection = await connectTo((socket, request) => {
      const words = [...request.matchAll(/\$\d+\r\n(\S+)/g)].map(([, word]) => word);
      socket.write(words.map(word => (word === 'NO' ? '-ERR no\r\n' : `+${word}\r\n`)).join(''));
    });
    const all = (...words: string[]) => connection.sendAll(words.map(word => ask(word, asText)));
    expect(await all()).toEqual([]);
    const refused = all('A', 'NO', 'B', 'NO');
    const answered = all('C', 'D');
    await expect(refused).rejects.toThrow(ServerRefusalError);
    expect(await answered).toEqual(['C', 'D']);
    const each = await connection.sendEach(['A', 'NO', 'B'].map(word => ask(word, asText)));
    expect(each).toEqual(['A', expect.any(ServerRefusalError), 'B']);
  });

  test('every reply has a deadline of its own: many slow ones may take longer together', async () => {
    const connection = await connectTo(
      (socket, request) => {
        const count = request.split('PING').length - 1;
        for (let i = 1; i <= count; i++) setTimeout(() => socket.write('+OK\r\n'), i * 300);
      },
      { replyTimeoutMs: 900 },
    );
    expect(await Promise.all([1, 2, 3, 4].map(() => connection.send(ping)))).toEqual([
      'OK',
      'OK',
      'OK',
      'OK',
    ]);
  });

  test('a command may be allowed longer than the rest', async () => {
    const connection = await connectTo(socket => void setTimeout(() => socket.write('+OK\r\n'), 500));
    expect(await connection.send({ ...ping, replyTimeoutMs: 5000 })).toBe('OK');
  });

  test('a longer limit of one command does not lengthen that of the next', async () => {
    const connection = await connectTo((socket, request) => {
      if (request.includes('SLOW')) socket.write('+OK\r\n');
    });
    const slow = connection.send({ ...ask('SLOW', asText), replyTimeoutMs: 60_000 });
    const next = failureOf(connection.send(ping));
    expect(await slow).toBe('OK');
    expect(await next).toMatchObject({
      message: expect.stringMatching(/^no reply to PING within [\d.]+ m?s$/),
    });
  });

  test('our own standstill is not blamed on the node', async () => {
    // The reply comes from another process, so that it can arrive while this one does nothing.
    const echo = await Echo.start();
    const other = connectToPort(echo.port, { replyTimeoutMs: 50 });
    await other.send(ping);
    const reply = other.send(ping);
    await new Promise(resolve => process.nextTick(resolve));
    standStill(300);
    expect(await reply).toBe('OK');
    echo.stop();
  });

  test('a decoder with a bug fails its command, not the process', async () => {
    const connection = await connectTo(replying('+OK\r\n'));
    const broken = connection.send(
      ask('PING', () => {
        throw new TypeError('a bug');
      }),
    );
    await expect(broken).rejects.toThrow(new TypeError('a bug'));
  });

  test('a black hole: no answer to the connection itself', async () => {
    const hole = await BlackHole.dig();
    const connection = connectToPort(hole.port, { connectTimeoutMs: 300 });
    const error = await failureOf(connection.send(ping));
    await hole.fill();
    expect(error).toBeInstanceOf(ConnectTimeoutError);
    expect(error).toMatchObject({ message: 'no connection within 300 ms' });
  });

  test('the connection is closed in the middle', async () => {
    const connection = await connectTo(socket => void socket.end('$100\r\nhalf'));
    const error = await failureOf(connection.send(ping));
    expect(error).toBeInstanceOf(ConnectionLostError);
    expect(error).toMatchObject({ message: 'the node closed the connection instead of answering PING' });
  });

  test('garbage', async () => {
    const connection = await connectTo(replying('HTTP/1.1 400 Bad Request\r\n\r\n'));
    const error = await failureOf(connection.send(ping));
    expect(error).toBeInstanceOf(ProtocolError);
    expect(error).toMatchObject({
      message: "it does not speak the Redis protocol: a reply that begins with 'H'",
    });
  });

  test('a TLS port is recognised by its alert', async () => {
    const connection = await connectTo(replying('\u0015\u0003\u0001\u0000\u0002\u0002\u000a'));
    expect(((await failureOf(connection.send(ping))) as Error).message).toMatch(
      /is this a TLS port \(--tls\)\?$/,
    );
  });

  test('more replies than were asked for', async () => {
    const connection = await connectTo(replying('+OK\r\n+OK\r\n'));
    expect(await connection.send(ping)).toBe('OK');
    const error = await failureOf(connection.send(ping));
    expect(error).toMatchObject({ message: 'it sent a reply that nobody asked for' });
  });

  test('what has failed stays failed: there is no second try behind the back', async () => {
    let calls = 0;
    const connection = await connectTo(socket => {
      calls++;
      socket.destroy();
    });
    const first = await failureOf(connection.send(ping));
    expect(await failureOf(connection.send(ping))).toBe(first);
    expect(calls).toBe(1);
  });

  test('all that wait learn of it', async () => {
    const connection = await connectTo(socket => void socket.destroy());
    const errors = await Promise.all([1, 2, 3].map(() => failureOf(connection.send(ping))));
    expect(errors.every(error => error instanceof ConnectionLostError)).toBe(true);
  });
});

describe('logging in', () => {
  const credentials = { user: 'ops', password: new Secret('s3cret') };
  const WRONG = 'WRONGPASS invalid username-password pair or user is disabled.';

  test('goes out first, with what was asked, and is not waited for', async () => {
    let request = '';
    const connection = await connectTo(
      (socket, data) => {
        request += data;
        socket.write('+OK\r\n+PONG\r\n');
      },
      { credentials },
    );
    expect(await connection.send(ping)).toBe('PONG');
    expect(request).toBe('*3\r\n$4\r\nAUTH\r\n$3\r\nops\r\n$6\r\ns3cret\r\n*1\r\n$4\r\nPING\r\n');
  });

  test('when it is refused, that is the reason for everything that was asked', async () => {
    const connection = await connectTo(replying(`-${WRONG}\r\n-NOAUTH Authentication required.\r\n`), {
      credentials,
    });
    await expect(connection.send(ping)).rejects.toThrow(`AUTH was refused: ${WRONG}`);
  });

  test.each([
    ['whole', "-ERR unknown command 'AUTH' with args 'ops' 's3cret'\r\n"],
    ['cut', "-ERR unknown command 'AUTH' with args beginning with: 's3cr\r\n"],
    ['escaped', "-ERR unknown command 'AUTH', args: \\x733cret\r\n"],
  ])('a server that echoes the password, %s, does not get it into message or trace', async (_, reply) => {
    let trace = '';
    const observer = traceTo(line => {
      trace += line;
    });
    const connection = await connectTo(replying(reply), { credentials }, observer);
    const error = await failureOf(connection.send(ping));
    expect((error as Error).message).toBe(
      'AUTH was refused: ERR (the rest is withheld: it may repeat the password)',
    );
    expect(trace).toContain('AUTH ops ***');
    expect(trace).not.toMatch(/s3cr|733cret/);
  });

  test('a password full of quotes is hidden in traces too', async () => {
    const password = new Secret('pa"ss\\word');
    let trace = '';
    const observer = traceTo(line => {
      trace += line;
    });
    const connection = await connectTo(
      replying('+OK\r\n$11\r\npa"ss\\word!\r\n'),
      { credentials: { password } },
      observer,
    );
    await connection.send(ping);
    expect(trace).not.toContain('ss\\');
    expect(trace).toContain('"***!"');
  });
});

/** Does nothing for a while, and lets nothing else happen in this process. */
function standStill(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

/** A process that answers OK to everything. */
class Echo {
  readonly port: number;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, port: number) {
    this.#child = child;
    this.port = port;
  }

  static async start(): Promise<Echo> {
    const program = `
      const server = require('net').createServer(s => s.on('error', () => {}).on('data', () => s.write('+OK\\r\\n')));
      server.listen(0, '127.0.0.1', () => console.log(server.address().port));
    `;
    const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = await once(child.stdout, 'data');
    return new Echo(child, Number(String(line).trim()));
  }

  stop(): void {
    this.#child.kill('SIGKILL');
  }
}
