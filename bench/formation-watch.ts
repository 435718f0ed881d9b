/**
 * Watches from outside how nodes become one cluster. It is one when every node knows every node, who is whose replica
 * and who owns which slots, says cluster_state:ok, and every primary takes a write.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { decodeClusterNodes } from '../src/resp/cluster-nodes.ts';
import { ServerRefusalError } from '../src/resp/errors.ts';
import { KnownLines } from '../src/resp/known-lines.ts';
import type { ClusterNode } from '../src/topology/node.ts';
import { SLOT_COUNT } from '../src/topology/slot-set.ts';
import type { ServerProcess } from '../test/support/server-process.ts';
import { keysBySlot } from './key-in-slot.ts';

const POLL_EVERY_MS = 30;

interface Glance {
  readonly self: ClusterNode;
  readonly nodes: readonly ClusterNode[];
}

export class FormationWatch {
  readonly #nodes: readonly ServerProcess[];
  readonly #primaries: number;
  readonly #keys = keysBySlot();
  #laggard: ServerProcess | undefined;
  #formedAt: number | undefined;

  constructor(nodes: readonly ServerProcess[], primaries: number) {
    this.#nodes = nodes;
    this.#primaries = primaries;
  }

  /** Opens the connections, which then stay open. */
  async begin(): Promise<void> {
    await Promise.all(this.#nodes.map(node => node.send('PING')));
    this.#laggard = this.#nodes.at(-1);
  }

  /** Returns the moment in performance.now(). */
  async untilFormed(limitMs: number, signal: AbortSignal): Promise<number> {
    const deadline = performance.now() + limitMs;
    while (this.#formedAt === undefined) {
      // Whoever was found to lag behind is asked alone until it has caught up: asking everybody all the time would
      // take from the tool the processor time that it is measured by.
      if (!this.#laggard || (await this.#glanceAt(this.#laggard))) await this.isFormed();
      if (performance.now() > deadline) {
        const who = this.#laggard ? `${this.#laggard.address} lags behind` : 'the nodes differ';
        throw new Error(`there is no cluster after ${limitMs / 1000} s: ${who}`);
      }
      await sleep(POLL_EVERY_MS, undefined, { signal });
    }
    return this.#formedAt;
  }

  /** Asks everybody now. */
  async isFormed(): Promise<boolean> {
    const known = new KnownLines();
    const glances = await Promise.all(this.#nodes.map(node => this.#glanceAt(node, known)));
    this.#laggard = this.#nodes[glances.indexOf(undefined)];
    const seen = glances.filter(glance => glance !== undefined);
    if (this.#laggard || !allTheSame(seen) || !(await this.#takesWrites(glances))) return false;
    this.#formedAt ??= performance.now();
    return true;
  }

  /** What the node says, if it knows everything. Whether all know the same is a question to all. */
  async #glanceAt(node: ServerProcess, known?: KnownLines): Promise<Glance | undefined> {
    const replies = await unlessRefused(
      Promise.all([node.send('CLUSTER', 'NODES'), node.text('CLUSTER', 'INFO')]),
    );
    if (!replies?.[1].includes('cluster_state:ok')) return undefined;
    const glance = decodeClusterNodes(replies[0], known);
    return this.#isComplete(glance.nodes) ? glance : undefined;
  }

  #isComplete(nodes: readonly ClusterNode[]): boolean {
    const primaries = nodes.filter(node => node.role === 'primary');
    const ids = new Set(primaries.map(node => node.id));
    return (
      nodes.length === this.#nodes.length &&
      primaries.length === this.#primaries &&
      primaries.reduce((sum, { slots }) => sum + slots.size, 0) === SLOT_COUNT &&
      nodes.every(node => node.health === 'ok' && node.role !== 'stranger') &&
      nodes.every(node => node.role !== 'replica' || (node.primary && ids.has(node.primary)))
    );
  }

  async #takesWrites(glances: readonly (Glance | undefined)[]): Promise<boolean> {
    const written = await Promise.all(
      this.#nodes.map(async (node, i) => {
        const self = glances[i]?.self;
        const slot = self?.role === 'primary' ? self.slots.ranges[0]?.first : undefined;
        if (slot === undefined) return true;
        return (await unlessRefused(node.text('SET', this.#keys[slot] ?? '', 'written'))) === 'OK';
      }),
    );
    return written.every(Boolean);
  }
}

function allTheSame(glances: readonly Glance[]): boolean {
  // Most lists are one and the same list, thanks to KnownLines.
  const lists = new Set(glances.map(glance => glance.nodes));
  return new Set([...lists].map(dutiesOf)).size === 1;
}

function dutiesOf(nodes: readonly ClusterNode[]): string {
  const lines = nodes.map(node => {
    if (node.role === 'primary') return `${node.id} owns ${node.slots}`;
    return `${node.id} ${node.role} of ${node.role === 'replica' ? node.primary : '?'}`;
  });
  return lines.sort().join('\n');
}

/** A node that refuses to answer, as a replica does that loads its first data, is not ready. */
async function unlessRefused<T>(reply: Promise<T>): Promise<T | undefined> {
  try {
    return await reply;
  } catch (error) {
    if (error instanceof ServerRefusalError) return undefined;
    throw error;
  }
}
