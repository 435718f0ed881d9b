/**
 * All data of a node, as it gives them to a new replica: the bytes of an RDB file, on a socket of their own. They are
 * handed on as they come and as fast as they are taken; nothing is held here.
 */
import type { Socket } from 'node:net';
import { ArrivingBytes } from './arriving-bytes.ts';
import { type Command, commandName, encodeCommands } from './command.ts';
import { auth } from './commands/cluster.ts';
import {
  type FullCopy,
  loadsAsVersion,
  onlyTheData,
  takesMarkedEnd,
  wantEverything,
} from './commands/replication.ts';
import type { ConnectionSettings } from './connection-settings.ts';
import { Deadline } from './deadline.ts';
import {
  ConnectionLostError,
  ConnectTimeoutError,
  InterruptedError,
  NodeError,
  ProtocolError,
  ReplyTimeoutError,
  ServerRefusalError,
} from './errors.ts';
import { readReply } from './pending.ts';
import { ErrorReply, excerpt, type Reply } from './reply.ts';
import { withoutEcho } from './secrecy.ts';
import { connectError, type Endpoint, LONGEST_REASON, openSocket } from './socket.ts';
import type { WireObserver } from './trace.ts';

export interface DumpSettings {
  /** The node may send its data as it reads them, instead of saving them to its own disk first. */
  readonly diskless: boolean;
  /** A node that forks, or waits for others who want the same, sends a newline now and then. */
  readonly silenceLimitMs: number;
  /** It may save to its disk first, and say all the time that it is still there. */
  readonly beginLimitMs: number;
  /** Bytes per second, over so long a wait for them; 0: none is too slow. */
  readonly leastRate: number;
  readonly rateOverMs: number;
  /** Told when the node has fixed which moment its data are of; they may come much later. */
  readonly began: () => void;
  /** Of the server itself, where it asks for one. */
  readonly version?: string;
}

export interface Dump extends FullCopy {
  /** Absent where the node does not know beforehand. */
  readonly bytes?: number;
  /** To be read once. Throws where the node breaks off. */
  readonly chunks: AsyncIterable<Buffer>;
  close(): void;
}

export interface DumpSource {
  readonly name: string;
  readonly endpoint: Endpoint;
  readonly connection: ConnectionSettings;
  readonly observer: WireObserver | undefined;
  /** Ends it early. */
  readonly interruption: AbortSignal;
}

export async function openDump(
  source: DumpSource,
  { diskless, silenceLimitMs, beginLimitMs, leastRate, rateOverMs, began, version }: DumpSettings,
): Promise<Dump> {
  const socket = await connect(source);
  const waitingFor = commandName(wantEverything());
  const arriving = new ArrivingBytes(source.name, waitingFor, socket, silenceLimitMs);
  const beginning = new Deadline(waitedMs => {
    socket.destroy(new ReplyTimeoutError(source.name, `${waitingFor} but empty lines`, waitedMs));
  });
  beginning.start(beginLimitMs);
  try {
    const { credentials } = source.connection;
    if (credentials) await ask(auth(credentials), socket, arriving, source);
    // A node that does not know them, or a user who may not say them, can do without.
    const wishes = [
      onlyTheData(),
      ...(diskless ? [takesMarkedEnd()] : []),
      ...(version === undefined ? [] : [loadsAsVersion(version)]),
    ];
    for (const wish of wishes) await ask(wish, socket, arriving, source).catch(unlessRefused);
    // One after the other: a server refuses this one while it owes another reply.
    const copy = await ask(wantEverything(), socket, arriving, source);
    began();
    const size = await readSize(arriving, source);
    beginning.stop();
    arriving.expect(leastRate, rateOverMs);
    const chunks = size.kind === 'known' ? upTo(size.bytes, arriving) : untilMark(size.mark, arriving);
    return {
      ...copy,
      ...(size.kind === 'known' && { bytes: size.bytes }),
      chunks: told(chunks, source),
      close: () => arriving.close(),
    };
  } catch (error) {
    beginning.stop();
    arriving.close();
    throw inWords(error, source);
  }
}

/** A socket that can be written to, or the reason why there is none. */
function connect({ name, endpoint, connection, interruption }: DumpSource): Promise<Socket> {
  const tls = endpoint.kind === 'tcp' ? connection.tls : undefined;
  const { connectTimeoutMs } = connection;
  return new Promise((resolve, reject) => {
    let opened: Socket | undefined;
    const fail = (error: Error) => {
      deadline.stop();
      opened?.destroy();
      reject(error instanceof NodeError ? error : connectError(name, error, tls !== undefined));
    };
    const deadline = new Deadline(() => fail(new ConnectTimeoutError(name, connectTimeoutMs)));
    deadline.start(connectTimeoutMs);
    const ready = () => {
      deadline.stop();
      // Set by then: a socket is never ready before it is handed out.
      if (opened) resolve(opened);
    };
    openSocket(endpoint, { tls, connectTimeoutMs }, ready).then(socket => {
      opened = socket;
      socket.once('error', fail);
      const end = () => socket.destroy(new InterruptedError());
      if (interruption.aborted) end();
      interruption.addEventListener('abort', end);
      socket.once('close', () => interruption.removeEventListener('abort', end));
    }, fail);
  });
}

async function ask<T>(
  command: Command<T>,
  socket: Socket,
  arriving: ArrivingBytes,
  { name, observer }: DumpSource,
): Promise<T> {
  const sentAt = performance.now();
  socket.write(encodeCommands([command]));
  observer?.sent(name, command);
  const line = await arriving.line();
  const text = line.slice(1);
  if (!/^[-+]/.test(line))
    throw new ProtocolError(name, `it does not speak the Redis protocol: '${excerpt(line)}'`);
  const answer: Reply = line.startsWith('-') ? new ErrorReply(withoutEcho(command, text)) : Buffer.from(text);
  observer?.received(name, command, answer, performance.now() - sentAt);
  return readReply(command, answer, name);
}

function unlessRefused(error: unknown): void {
  if (!(error instanceof ServerRefusalError)) throw error;
}

type Size =
  | { readonly kind: 'known'; readonly bytes: number }
  | { readonly kind: 'marked'; readonly mark: Buffer };

/** RDB_EOF_MARK_SIZE of the servers: digits by chance that end a dump whose size is not known beforehand. */
const MARK_BYTES = 40;

async function readSize(arriving: ArrivingBytes, { name }: DumpSource): Promise<Size> {
  const line = await arriving.line();
  if (line.startsWith('-'))
    throw new ServerRefusalError(
      name,
      commandName(wantEverything()),
      withoutEcho(wantEverything(), line.slice(1)),
    );
  const [, bytes, mark] = /^\$(?:(\d{1,15})|EOF:(.{40}))$/.exec(line) ?? [];
  if (bytes !== undefined) return { kind: 'known', bytes: Number(bytes) };
  if (mark !== undefined) return { kind: 'marked', mark: Buffer.from(mark) };
  throw new ProtocolError(name, `instead of the size of its data it sent '${excerpt(line)}'`);
}

async function* upTo(bytes: number, arriving: ArrivingBytes): AsyncGenerator<Buffer> {
  for (let left = bytes; left > 0; ) {
    const chunk = (await arriving.next()).subarray(0, left);
    left -= chunk.length;
    yield chunk;
  }
}

/** The node sends nothing after the mark, so that it ends a chunk; what may be a part of it is held back. */
async function* untilMark(mark: Buffer, arriving: ArrivingBytes): AsyncGenerator<Buffer> {
  let held: Buffer = Buffer.alloc(0);
  for (;;) {
    const chunk = await arriving.next();
    // Only a small piece is joined to what was held: all others would be copied whole.
    const isSmall = chunk.length < MARK_BYTES;
    if (!isSmall && held.length > 0) yield held;
    const bytes = isSmall ? Buffer.concat([held, chunk]) : chunk;
    const sure = Math.max(0, bytes.length - MARK_BYTES);
    if (sure > 0) yield bytes.subarray(0, sure);
    held = bytes.subarray(sure);
    if (held.equals(mark)) return;
  }
}

async function* told(chunks: AsyncIterable<Buffer>, source: DumpSource): AsyncGenerator<Buffer> {
  try {
    yield* chunks;
  } catch (error) {
    throw inWords(error, source);
  }
}

function inWords(error: unknown, { name, observer, interruption }: DumpSource): unknown {
  if (interruption.aborted) return new InterruptedError();
  const failure = isSystemError(error)
    ? new ConnectionLostError(name, `the connection broke: ${excerpt(error.message, LONGEST_REASON)}`)
    : error;
  if (failure instanceof NodeError) observer?.failed(name, failure);
  return failure;
}

function isSystemError(error: unknown): error is Error {
  return error instanceof Error && 'code' in error;
}
