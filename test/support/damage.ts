/** Breaks a cluster on purpose: slots half moved, keys where nobody looks for them, owners that are not told. */

import { keySlot } from '../../src/topology/key-slot.ts';
import type { NodeId } from '../../src/topology/node.ts';
import type { TestCluster } from './cluster.ts';

/** A slot with names for keys in it. */
export interface Spot {
  readonly slot: string;
  key(name: string): string;
}

export class Damage {
  readonly #cluster: TestCluster;
  readonly #used = new Set<number>();

  constructor(cluster: TestCluster) {
    this.#cluster = cluster;
  }

  id(position: number): NodeId {
    return this.#cluster.member(position).id;
  }

  /** One that the node owns and that no other part of the test has to do with. */
  spot(owner: number): Spot {
    const { slots } = this.#cluster.member(owner);
    for (let i = 0; ; i++) {
      const tag = `t${i}`;
      const slot = keySlot(Buffer.from(tag));
      if (!slots.has(slot) || this.#used.has(slot)) continue;
      this.#used.add(slot);
      return { slot: `${slot}`, key: name => `{${tag}}${name}` };
    }
  }

  setSlot(node: number, { slot }: Spot, ...words: string[]): Promise<unknown> {
    return this.#cluster.node(node).send('CLUSTER', 'SETSLOT', slot, ...words);
  }

  importing(node: number, spot: Spot, from: number): Promise<unknown> {
    return this.setSlot(node, spot, 'IMPORTING', this.id(from));
  }

  migrating(node: number, spot: Spot, to: number): Promise<unknown> {
    return this.setSlot(node, spot, 'MIGRATING', this.id(to));
  }

  write(node: number, key: string, value: string): Promise<unknown> {
    return this.#cluster.node(node).send('SET', key, value);
  }

  /** At a node that imports the slot. */
  async writeAside(node: number, key: string, value: string): Promise<void> {
    const server = this.#cluster.node(node);
    await Promise.all([server.send('ASKING'), server.send('SET', key, value)]);
  }

  /** At a node that has nothing to do with the slot. */
  async stray(node: number, spot: Spot, owner: number, name: string, value: string): Promise<void> {
    await this.importing(node, spot, owner);
    await this.writeAside(node, spot.key(name), value);
    await this.setSlot(node, spot, 'STABLE');
  }

  /** Nobody owns it any more. */
  async disown({ slot }: Spot): Promise<void> {
    await Promise.all(
      this.#cluster.nodes.map(node => node.send('CLUSTER', 'DELSLOTS', slot).catch(() => {})),
    );
  }

  async idleSeconds(node: number, key: string): Promise<number> {
    return Number(await this.#cluster.node(node).send('OBJECT', 'IDLETIME', key));
  }
}
