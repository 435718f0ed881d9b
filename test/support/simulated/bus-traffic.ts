/** Who talks to whom on the bus, and when. */
import { type Message, messageOf, receive, receiveUpdate } from './bus.ts';
import type { SimulatedNode } from './node.ts';
import type { Random } from './random.ts';

interface UnderWay {
  readonly from: SimulatedNode;
  readonly to: SimulatedNode;
  readonly message: Message;
}

const NODE_TIMEOUT_MS = 15_000;

export class Bus {
  readonly #nodes: readonly SimulatedNode[];
  readonly #random: Random;
  readonly #nowMs: () => number;
  #underWay: UnderWay[] = [];

  constructor(nodes: readonly SimulatedNode[], random: Random, nowMs: () => number) {
    this.#nodes = nodes;
    this.#random = random;
    this.#nowMs = nowMs;
  }

  /** To everybody whom the node knows; it arrives sooner or later. */
  announce(from: SimulatedNode): void {
    for (const { place } of from.peers.values()) {
      const to = this.#nodeAt(place);
      if (to?.isUp) this.#underWay.push({ from, to, message: messageOf(from, 'ping') });
    }
  }

  lose(node: SimulatedNode): void {
    this.#underWay = this.#underWay.filter(({ from, to }) => from !== node && to !== node);
  }

  /** One message arrives, or two nodes hear of each other. */
  passSomething(): void {
    const [from, to] = [this.#random.pick(this.#nodes), this.#random.pick(this.#nodes)];
    const next = this.#underWay.length > 0 ? this.#random.pick(this.#underWay) : undefined;
    if (next && this.#random.chance(50)) this.#deliverBetween(next.from, next.to);
    else if (from.handshakes.size > 0) this.#shakeHands(from);
    else if (from !== to) this.#talk(from, to);
  }

  /** Everybody with everybody. */
  round(): void {
    for (const node of this.#nodes) if (node.isUp) this.#shakeHands(node);
    for (const from of this.#nodes) for (const to of this.#nodes) if (from !== to) this.#talk(from, to);
    for (const node of this.#nodes) if (node.isUp) this.#noticeAbsence(node);
  }

  #talk(from: SimulatedNode, to: SimulatedNode): void {
    if (!from.isUp || !to.isUp || !from.knows(to.id)) return;
    this.#deliverBetween(from, to);
    this.#deliver(to, messageOf(from, 'ping'), from);
    this.#deliverBetween(to, from);
    // Whoever is not known is answered all the same.
    this.#deliver(from, messageOf(to, 'ping'), to);
  }

  /** Messages of one node to another arrive in their order. */
  #deliverBetween(from: SimulatedNode, to: SimulatedNode): void {
    const mine = this.#underWay.filter(next => next.from === from && next.to === to);
    this.#underWay = this.#underWay.filter(next => !mine.includes(next));
    for (const { message } of mine) this.#deliver(to, message, from);
  }

  #deliver(to: SimulatedNode, message: Message, from: SimulatedNode): void {
    if (!to.isUp) return;
    receive(to, message, { nowMs: this.#nowMs(), reply: update => receiveUpdate(from, update) });
  }

  #shakeHands(node: SimulatedNode): void {
    for (const [name, place] of node.handshakes) {
      const other = this.#nodeAt(place);
      if (!other?.isUp) continue;
      node.handshakes.delete(name);
      if (other === node) continue;
      node.bans.delete(other.id);
      if (!node.knows(other.id)) node.addPeer(other.id, other.place);
      this.#deliver(other, messageOf(node, 'meet'), node);
      this.#deliver(node, messageOf(other, 'ping'), other);
    }
  }

  #noticeAbsence(node: SimulatedNode): void {
    for (const peer of node.peers.values()) {
      const other = this.#nodeAt(peer.place);
      if (other?.isUp && other.id === peer.id) continue;
      peer.linked = false;
      if (other?.isUp || !other || this.#nowMs() - other.downSinceMs <= NODE_TIMEOUT_MS) continue;
      const owners = node.slots.owners;
      const present = owners.filter(id => this.#nodes.some(n => n.isUp && n.id === id));
      peer.health = present.length > owners.length / 2 ? 'failed' : 'suspected';
    }
  }

  #nodeAt({ host, port }: { readonly host: string; readonly port: number }): SimulatedNode | undefined {
    return this.#nodes.find(({ place }) => place.host === host && place.port === port);
  }
}
