/** Clients that read and write all the time, and how long they wait for each answer. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from '../../src/resp/command.ts';
import { asking } from '../../src/resp/commands/slots.ts';
import { Connection } from '../../src/resp/connection.ts';
import { ServerRefusalError } from '../../src/resp/errors.ts';
import { type FilledCluster, keyNames, movingSlots } from './filled-cluster.ts';

const CLIENTS = 2;
/** Between two commands of one client. */
const PAUSE_MS = 1;
const MOST_REDIRECTS = 10;
const WARM_AFTER = 500;
const SETTINGS = { connectTimeoutMs: 10_000, replyTimeoutMs: 10_000 };

export class SteadyLoad {
  readonly #filled: FilledCluster;
  readonly #keys: readonly string[];
  readonly #waits: number[] = [];
  readonly #clients: Promise<void>[];
  /** As clients do: where a key was found last. By what its slot is made of. */
  readonly #homes = new Map<string, string>();
  #isOver = false;

  constructor(filled: FilledCluster) {
    this.#filled = filled;
    const { lowest, highest } = movingSlots(filled.cluster, filled.moveCase);
    // Both tools find half of the load in the slots that they move.
    this.#keys = [...lowest.union(highest)].flatMap(slot => keyNames(filled.moveCase, slot));
    this.#clients = Array.from({ length: CLIENTS }, (_, i) => this.#client(i));
  }

  /** Every wait in milliseconds. */
  get waits(): readonly number[] {
    return this.#waits;
  }

  /** Until everybody is connected and compiled; what has been measured by then is forgotten. */
  async warmUp(): Promise<void> {
    while (this.#waits.length < WARM_AFTER) await sleep(PAUSE_MS);
    this.#waits.length = 0;
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#clients);
  }

  async #client(seed: number): Promise<void> {
    const connections = new Map<string, Connection>();
    try {
      for (let i = seed; !this.#isOver; i++) {
        // Here and there, and not one slot after the other.
        const key = this.#keys[(i * 7919) % this.#keys.length] ?? '';
        const startedAt = performance.now();
        await this.#ask(connections, i % 2 === 0 ? ['GET', key] : ['SET', key, `${i}`]);
        this.#waits.push(performance.now() - startedAt);
        await sleep(PAUSE_MS);
      }
    } finally {
      for (const connection of connections.values()) connection.close();
    }
  }

  async #ask(connections: Map<string, Connection>, words: readonly string[]): Promise<void> {
    const command: Command<unknown> = { args: words, decode: reply => reply };
    const [, tag = ''] = /\{(.*)\}/.exec(words[1] ?? '') ?? [];
    let address = this.#homes.get(tag) ?? this.#filled.cluster.entry;
    let isAsk = false;
    for (let tries = 0; tries < MOST_REDIRECTS; tries++) {
      const connection = connectionTo(address, connections);
      try {
        await connection.sendAll<unknown>(isAsk ? [asking(), command] : [command]);
        return;
      } catch (error) {
        const redirect = error instanceof ServerRefusalError && /^(MOVED|ASK) \d+ (\S+)$/.exec(error.text);
        if (!redirect) throw error;
        isAsk = redirect[1] === 'ASK';
        address = redirect[2] ?? '';
        if (!isAsk) this.#homes.set(tag, address);
      }
    }
    throw new Error(`${words.join(' ')} was redirected ${MOST_REDIRECTS} times`);
  }
}

function connectionTo(address: string, connections: Map<string, Connection>): Connection {
  const known = connections.get(address);
  if (known) return known;
  const [host = '', port = ''] = address.split(/:(?=\d+$)/);
  const connection = new Connection(address, { kind: 'tcp', host, port: Number(port) }, SETTINGS);
  connections.set(address, connection);
  return connection;
}

export function percentile(waits: readonly number[], percent: number): number {
  const sorted = [...waits].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * percent) / 100))] ?? Number.NaN;
}
