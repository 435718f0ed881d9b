/**
 * A client that follows redirections, and that tells apart what matters afterwards: what was done, what was refused and
 * therefore not done, and what nobody knows of. It never sends again what may have been done.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { decodeClusterNodes } from '../../../src/resp/cluster-nodes.ts';
import type { Command } from '../../../src/resp/command.ts';
import { Connection } from '../../../src/resp/connection.ts';
import { ConnectError, ServerRefusalError } from '../../../src/resp/errors.ts';
import type { Reply } from '../../../src/resp/reply.ts';
import { formatAddress } from '../../../src/topology/node.ts';
import type { Words } from './kinds.ts';

export type Outcome =
  | { readonly kind: 'done'; readonly reply: Reply }
  | { readonly kind: 'refused'; readonly why: string }
  | { readonly kind: 'in doubt'; readonly why: string };

const SETTINGS = { connectTimeoutMs: 500, replyTimeoutMs: 1000 };
const WAIT_MS = 300;
const PAUSE_MS = 25;

export interface RouterSetup {
  readonly addresses: readonly string[];
  /** Replicas that must have a write before it counts as done. */
  readonly replicas: number;
}

export class Router {
  readonly #setup: RouterSetup;
  readonly #connections = new Map<string, Connection>();
  readonly #owners: (string | undefined)[] = [];
  #asking: Promise<void> | undefined;

  constructor(setup: RouterSetup) {
    this.#setup = setup;
  }

  /** Tries until somebody does it, nobody knows, or the time is up. */
  async perform(slot: number, words: Words, patienceMs: number, isWrite = true): Promise<Outcome> {
    const deadline = performance.now() + patienceMs;
    let to = this.#owners[slot];
    let asks = false;
    for (let redirections = 0; ; ) {
      const outcome: Outcome = to
        ? await this.#attempt(to, words, asks, isWrite)
        : { kind: 'refused', why: 'nobody is known to own the slot' };
      if (outcome.kind !== 'refused') return outcome;
      const [word, , place]: string[] = outcome.why.split(' ');
      asks = word === 'ASK';
      if (word === 'MOVED') this.#owners[slot] = place;
      if (word === 'MOVED' || asks) to = place;
      if (performance.now() > deadline) return outcome;
      // Nodes that disagree send one back and forth.
      if ((word === 'MOVED' || asks) && ++redirections % 5 > 0) continue;
      await sleep(PAUSE_MS);
      await this.#refresh();
      to = this.#owners[slot];
    }
  }

  close(): void {
    for (const connection of this.#connections.values()) connection.close();
  }

  async #attempt(to: string, words: Words, asks: boolean, isWrite: boolean): Promise<Outcome> {
    const connection = this.#connectionTo(to);
    const command: Command<Reply> = { args: [...words], decode: reply => reply };
    const waits = isWrite && this.#setup.replicas > 0;
    try {
      // In one packet, or another worker's command would be what ASKING is for.
      const sent = connection.sendAll(asks ? [{ ...command, args: ['ASKING'] }, command] : [command]);
      const waited = waits ? connection.send(this.#wait()) : Promise.resolve(0);
      const [replies, copies] = await Promise.all([sent, waited.catch(() => 0)]);
      if (waits && Number(copies) < this.#setup.replicas)
        return { kind: 'in doubt', why: `${to}: too few replicas have it` };
      return { kind: 'done', reply: replies.at(-1) ?? null };
    } catch (error) {
      if (error instanceof ServerRefusalError) return { kind: 'refused', why: error.text };
      // Never sent.
      if (error instanceof ConnectError) return { kind: 'refused', why: `unreachable: ${error.message}` };
      return { kind: 'in doubt', why: `${to}: ${error}` };
    }
  }

  #wait(): Command<Reply> {
    return { args: ['WAIT', `${this.#setup.replicas}`, `${WAIT_MS}`], decode: reply => reply };
  }

  #connectionTo(address: string): Connection {
    const known = this.#connections.get(address);
    if (known?.state === 'alive') return known;
    const colon = address.lastIndexOf(':');
    const endpoint = {
      kind: 'tcp',
      host: address.slice(0, colon),
      port: Number(address.slice(colon + 1)),
    } as const;
    const connection = new Connection(address, endpoint, SETTINGS);
    this.#connections.set(address, connection);
    return connection;
  }

  /** Whoever answers first is believed: being wrong costs a redirection. */
  #refresh(): Promise<void> {
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = undefined;
    });
    return this.#asking;
  }

  async #ask(): Promise<void> {
    const views = this.#setup.addresses.map(address =>
      this.#connectionTo(address).send({
        args: ['CLUSTER', 'NODES'],
        decode: reply => decodeClusterNodes(reply),
      }),
    );
    const view = await Promise.any(views).catch(() => undefined);
    for (const node of view?.nodes ?? []) {
      if (node.role !== 'primary' || !node.address || node.health === 'failed') continue;
      const address = formatAddress(node.address);
      for (const { first, last } of node.slots.ranges)
        for (let slot = first; slot <= last; slot++) this.#owners[slot] = address;
    }
  }
}
