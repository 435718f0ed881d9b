/** How much a node does at a time: a passage begins when both its ends have room, in the order in which they came. */
import type { NodeId } from '../../topology/node.ts';

interface Waiter {
  readonly nodes: readonly NodeId[];
  readonly enter: () => void;
}

export class Gates {
  readonly #most: number;
  readonly #busy = new Map<NodeId, number>();
  #waiting: Waiter[] = [];

  constructor(mostPerNode: number) {
    this.#most = mostPerNode;
  }

  async pass<T>(nodes: readonly NodeId[], work: () => Promise<T>): Promise<T> {
    await new Promise<void>(enter => {
      this.#waiting.push({ nodes, enter });
      this.#admit();
    });
    try {
      return await work();
    } finally {
      for (const node of nodes) this.#busy.set(node, (this.#busy.get(node) ?? 1) - 1);
      this.#admit();
    }
  }

  /** Whoever has to wait does not hold up those behind it that have room. */
  #admit(): void {
    const queue = this.#waiting;
    this.#waiting = [];
    for (const waiting of queue) {
      const { nodes, enter } = waiting;
      if (nodes.some(node => (this.#busy.get(node) ?? 0) >= this.#most)) {
        this.#waiting.push(waiting);
        continue;
      }
      for (const node of nodes) this.#busy.set(node, (this.#busy.get(node) ?? 0) + 1);
      enter();
    }
  }
}
