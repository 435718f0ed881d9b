/** A simulated connection. */
import { type Command, commandName, type Word } from '../../../src/resp/command.ts';
import { exec } from '../../../src/resp/commands/cluster.ts';
import { ConnectionLostError, ServerRefusalError, UnexpectedReplyError } from '../../../src/resp/errors.ts';
import { ErrorReply, type Reply, ReplyShapeError } from '../../../src/resp/reply.ts';
import { HANGS_UP } from './answer.ts';
import { simulatedClock } from './clock.ts';
import type { SimulatedCluster } from './cluster.ts';
import { keysOfMigrate } from './key-commands.ts';
import type { SimulatedNode } from './node.ts';
import { Session } from './session.ts';

interface Pending {
  readonly command: Command<unknown>;
  /** What it finds queued. */
  readonly queued?: string[][];
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** One connection: what was asked, in order. */
export class Wire {
  readonly node: SimulatedNode;
  readonly #session = new Session();
  #pending: Pending[] = [];
  #failure: Error | undefined;

  constructor(node: SimulatedNode) {
    this.node = node;
    node.sessions.add(this.#session);
  }

  /** As Connection tells it. */
  get state(): 'alive' | 'lost' | 'broken' {
    if (!this.#failure) return 'alive';
    return this.#failure instanceof ConnectionLostError ? 'lost' : 'broken';
  }

  get name(): string {
    return this.node.address;
  }

  get isBusy(): boolean {
    return this.#pending.length > 0;
  }

  get upcoming(): string {
    return wordsOf(this.#pending[0]?.command.args ?? []).join(' ');
  }

  /** What comes next is a MIGRATE, and has something to send. */
  get isSendingKeys(): boolean {
    const words = wordsOf(this.#pending[0]?.command.args ?? []);
    const isThere = (key: string) => this.node.data.get(this.#session.database, key) !== undefined;
    return words[0] === 'MIGRATE' && keysOfMigrate(words).some(isThere);
  }

  send<T>(command: Command<T>): Promise<T> {
    return this.#ask(command, {});
  }

  /** A transaction as if it were one command. */
  sendAtOnce<T>(commands: readonly Command<T>[]): Promise<T[]> {
    return this.#ask(exec(commands), { queued: commands.map(({ args }) => wordsOf(args)) });
  }

  #ask<T>(command: Command<T>, more: Pick<Pending, 'queued'>): Promise<T> {
    if (this.#failure) return Promise.reject(this.#failure);
    simulatedClock.rouse();
    return new Promise<T>((resolve, reject) => {
      this.#pending.push({ ...more, command, resolve: resolve as (value: unknown) => void, reject });
    });
  }

  next(cluster: SimulatedCluster): void {
    const pending = this.#pending.shift();
    if (!pending) return;
    if (pending.queued) this.#session.queued = pending.queued;
    const reply = cluster.run(this.node, this.#session, wordsOf(pending.command.args));
    if (reply === HANGS_UP) {
      this.#pending.unshift(pending);
      this.fail(new ConnectionLostError(this.name, 'the node closed the connection'));
    } else settle(this.name, pending, reply);
  }

  /** Done, and nobody hears of it. */
  doUnheard(cluster: SimulatedCluster): void {
    const [next] = this.#pending;
    if (next) cluster.run(this.node, this.#session, wordsOf(next.command.args));
  }

  /** Of a MIGRATE: returns whether its last key is at both ends now. */
  tear(cluster: SimulatedCluster): boolean {
    cluster.isTearing = true;
    this.next(cluster);
    const isTorn = !cluster.isTearing;
    cluster.isTearing = false;
    return isTorn;
  }

  leaveForLater(cluster: SimulatedCluster): void {
    for (const { command } of this.#pending)
      cluster.late.push({ node: this.node, session: this.#session, words: wordsOf(command.args) });
  }

  finishUnheard(cluster: SimulatedCluster): void {
    for (const { command } of this.#pending) cluster.run(this.node, this.#session, wordsOf(command.args));
  }

  fail(error: Error): void {
    this.#failure ??= error;
    this.node.sessions.delete(this.#session);
    const pending = this.#pending;
    this.#pending = [];
    for (const { reject } of pending) reject(error);
  }
}

/** As Connection does it. */
function settle(name: string, { command, resolve, reject }: Pending, reply: Reply): void {
  if (reply instanceof ErrorReply && !command.takesErrors) {
    reject(new ServerRefusalError(name, commandName(command), reply.text));
    return;
  }
  try {
    resolve(command.decode(reply));
  } catch (error) {
    reject(
      error instanceof ReplyShapeError
        ? new UnexpectedReplyError(name, commandName(command), error.message)
        : error,
    );
  }
}

const ASCII = /^[\x20-\x7e]*$/;

/** Bytes as latin1. Nearly all words are ASCII, which is the same in both: a round of `fix` sends tens of thousands. */
function wordsOf(args: readonly Word[]): string[] {
  return args.map(word => {
    if (typeof word !== 'string') return word.toString('latin1');
    return ASCII.test(word) ? word : Buffer.from(word, 'utf8').toString('latin1');
  });
}
