/**
 * One socket to one node. Commands are pipelined, replies come back in order, and every wait has an end. Nothing is
 * done behind the caller's back: no retry, no reconnect, no redirect. A connection that has failed stays failed and
 * says the same to everybody who asks.
 */
import type { Socket } from 'node:net';
import { type Command, commandName } from './command.ts';
import { auth } from './commands/cluster.ts';
import { brokenOff, hungUp, notUnderstood, type Progress, perhapsSpeaks } from './connection-failures.ts';
import type { ConnectionSettings } from './connection-settings.ts';
import { Deadline } from './deadline.ts';
import {
  ConnectionLostError,
  ConnectTimeoutError,
  type NodeError,
  ReplyTimeoutError,
  type ServerRefusalError,
  unasked,
} from './errors.ts';
import { Fifo } from './fifo.ts';
import { FramingError } from './framer.ts';
import type { Wire } from './other-protocol.ts';
import { Outbox } from './outbox.ts';
import { deliver, type Pending, type RefusalsAre, waitingFor } from './pending.ts';
import { ErrorReply, type Reply } from './reply.ts';
import { boundsOf, SMALL_REPLY } from './reply-bounds.ts';
import { ReplyReader } from './reply-reader.ts';
import { withoutEcho } from './secrecy.ts';
import { connectError, type Endpoint, openSocket } from './socket.ts';
import type { WireObserver } from './trace.ts';

export class Connection {
  /** How the node is named in errors and traces; the fleet names it once more when it knows what the node announces. */
  name: string;
  readonly #settings: ConnectionSettings;
  readonly #observer: WireObserver | undefined;
  readonly #reader: ReplyReader;
  #socket: Socket | undefined;
  readonly #progress: { -readonly [P in keyof Progress]: Progress[P] };
  readonly #outbox = new Outbox();
  readonly #pending = new Fifo<Pending>();
  readonly #connectDeadline: Deadline;
  readonly #replyDeadline: Deadline;
  #login: Command<void> | undefined;
  #failure: NodeError | undefined;
  #endedAtRest = false;
  #closed = false;

  /** `refusal`: why it is not to come about at all. */
  constructor(
    name: string,
    endpoint: Endpoint,
    settings: ConnectionSettings,
    observer?: WireObserver,
    refusal?: NodeError,
  ) {
    this.name = name;
    this.#settings = settings;
    this.#observer = observer;
    this.#reader = new ReplyReader(settings.reading, waits => {
      // Where it is we who do not read, the node's time does not run.
      this.#socket?.[waits ? 'pause' : 'resume']();
      this.#awaitNext();
    });
    const tls = endpoint.kind === 'tcp' && settings.tls !== undefined;
    this.#progress = { tls, isConnected: false, isReady: false, isAnswered: false };
    this.#connectDeadline = new Deadline(() => {
      this.giveUp(new ConnectTimeoutError(name, settings.connectTimeoutMs));
    });
    this.#replyDeadline = new Deadline(waitedMs => {
      this.giveUp(new ReplyTimeoutError(name, this.#headName() ?? '', waitedMs));
    });
    if (refusal) {
      this.giveUp(refusal);
      return;
    }
    this.#connectDeadline.start(settings.connectTimeoutMs);
    this.#open(endpoint).catch(error => this.giveUp(connectError(name, error, tls)));
    // AUTH goes first and is not waited for: where it is refused, so is all that follows, for that reason.
    if (settings.credentials) {
      this.#login = auth(settings.credentials);
      this.send(this.#login).catch(() => {});
    }
  }

  /**
   * `rested`: it was there, and ended while nobody waited for anything, as servers end it that have a `timeout`; perhaps
   * before it was used at all. Nothing is lost, and what is asked for next may be asked for on another. `lost`: it ended while somebody waited. `broken`: it
   * failed otherwise, or never came about.
   */
  get state(): 'alive' | 'rested' | 'lost' | 'broken' {
    if (!this.#failure) return 'alive';
    if (!(this.#failure instanceof ConnectionLostError)) return 'broken';
    return this.#endedAtRest ? 'rested' : 'lost';
  }

  send<T>(command: Command<T>): Promise<T> {
    return this.#unlessOver((resolve, reject) => {
      this.#enqueue([command], { resolve: resolve as (value: unknown) => void, reject });
    });
  }

  /** Commands that go out together; their replies are one answer, and the first refusal is that of all. */
  sendAll<T>(commands: readonly Command<T>[]): Promise<T[]> {
    return this.#sendTogether(commands, 'failures');
  }

  /** As sendAll(), but refusals are answers among the others. */
  sendEach<T>(commands: readonly Command<T>[]): Promise<(T | ServerRefusalError)[]> {
    return this.#sendTogether(commands, 'answers');
  }

  #sendTogether<T>(commands: readonly Command<unknown>[], refusals: RefusalsAre): Promise<T[]> {
    return this.#unlessOver((resolve, reject) => {
      if (commands.length === 0) resolve([]);
      else this.#enqueue(commands, waitingFor(commands.length, refusals, resolve, reject));
    });
  }

  #unlessOver<T>(begin: (resolve: (value: T) => void, reject: (error: unknown) => void) => void): Promise<T> {
    if (this.#failure) return Promise.reject(this.#failure);
    if (this.#closed) return Promise.reject(new ConnectionLostError(this.name, 'the connection was closed'));
    return new Promise<T>(begin);
  }

  #enqueue(commands: readonly Command<unknown>[], waiting: Pending['waiting']): void {
    const sentAt = performance.now();
    for (const command of commands) {
      this.#pending.add({ command, sentAt, waiting });
      this.#observer?.sent(this.name, command);
    }
    const isFirst = this.#outbox.add(commands);
    // What is asked for in one turn of the event loop goes out in one packet.
    if (this.#progress.isReady && isFirst) process.nextTick(() => this.#flush());
  }

  get perhapsSpeaks(): Wire | undefined {
    return perhapsSpeaks(this.#failure, this.#progress);
  }

  close(): void {
    this.#closed = true;
    this.#end(() => new ConnectionLostError(this.name, 'the connection was closed'));
  }

  async #open(endpoint: Endpoint): Promise<void> {
    const { tls, connectTimeoutMs } = this.#settings;
    const socket = await openSocket(endpoint, { tls, connectTimeoutMs }, () => {
      this.#progress.isReady = true;
      this.#connectDeadline.stop();
      this.#flush();
    });
    this.#socket = socket;
    if (this.#closed || this.#failure) {
      socket.on('error', () => {}).destroy();
      return;
    }
    socket.once('connect', () => {
      this.#progress.isConnected = true;
    });
    socket.on('data', chunk => this.#receive(chunk));
    socket.on('error', error => this.giveUp(brokenOff(this.name, error, this.#progress)));
    // As soon as the server has said its last word, so that nothing more is written to it.
    socket.on('end', () => this.giveUp(hungUp(this.name, this.#headName())));
    socket.on('close', () => this.giveUp(hungUp(this.name, this.#headName())));
  }

  #flush(): void {
    const unsent = this.#socket && this.#outbox.empty();
    if (!unsent) return;
    this.#socket?.write(unsent.bytes);
    // Only now is anything owed: a process that is suspended in between must not find that its time is up.
    if (unsent.commands === this.#pending.size) this.#awaitNext();
  }

  #receive(chunk: Buffer): void {
    if (this.#failure) return;
    try {
      for (const reply of this.#reader.push(chunk, this.#boundsOf)) this.#settle(reply);
      this.#progress.isAnswered = true;
      if (this.#reader.isAmidst && this.#pending.size === 0) this.giveUp(unasked(this.name));
    } catch (error) {
      if (!(error instanceof FramingError)) throw error;
      this.giveUp(notUnderstood(this.name, error, chunk, this.#progress));
    }
  }

  readonly #boundsOf = (place: number) => {
    const asked = this.#pending.at(place);
    return asked ? boundsOf(asked.command) : SMALL_REPLY;
  };

  #settle(received: Reply): void {
    if (this.#failure) return;
    const pending = this.#pending.take();
    if (!pending) this.giveUp(unasked(this.name));
    if (!pending) return;
    this.#awaitNext();
    const { command, sentAt } = pending;
    const reply =
      received instanceof ErrorReply ? new ErrorReply(withoutEcho(command, received.text)) : received;
    this.#observer?.received(this.name, command, reply, performance.now() - sentAt);
    const refusal = deliver(pending, reply, this.name);
    if (refusal && command === this.#login) this.giveUp(refusal);
  }

  /** The next reply is owed from now on, as long as its command allows. */
  #awaitNext(): void {
    const head = this.#reader.isWaiting ? undefined : this.#pending.first;
    if (head) this.#replyDeadline.start(head.command.replyTimeoutMs ?? this.#settings.replyTimeoutMs);
    else this.#replyDeadline.stop();
  }

  #headName(): string | undefined {
    const head = this.#pending.first;
    return head && commandName(head.command);
  }

  /** It is over with this node, for that reason. */
  giveUp(error: NodeError): void {
    if (this.#failure || this.#closed) return;
    this.#failure = error;
    this.#endedAtRest = this.#progress.isReady && this.#pending.size === 0;
    this.#observer?.failed(this.name, error);
    this.#end(() => error);
  }

  /** The reason is made only when somebody waits for it: an error is expensive, and most connections end in peace. */
  #end(reason: () => NodeError): void {
    this.#connectDeadline.stop();
    this.#replyDeadline.stop();
    this.#socket?.destroy();
    this.#reader.end();
    const pending = this.#pending.empty();
    if (pending.length === 0) return;
    const error = reason();
    for (const { waiting } of pending) waiting.reject(error);
  }
}
