/**
 * A cluster in memory: nodes that answer the words of the wire as real ones do, and a bus between them on which as much
 * passes, after each command, as the seed will have it. Held against real servers in
 * test/integration/simulated-against-real.test.ts.
 */
import type { Reply } from '../../../src/resp/reply.ts';
import { answer, type HANGS_UP, type World } from './answer.ts';
import { Bus } from './bus-traffic.ts';
import { simulatedClock } from './clock.ts';
import { Dataset } from './dataset.ts';
import { isOk, nodeLines } from './membership-commands.ts';
import { type Dialect, type Place, REDIS_7_0, SimulatedNode } from './node.ts';
import { Random } from './random.ts';
import type { Session } from './session.ts';

export interface Shape {
  readonly primaries: number;
  readonly replicasPerPrimary?: number;
  /** How many slots each primary has; all the same unless told otherwise. */
  readonly slots?: readonly number[];
  readonly dialect?: Dialect;
  readonly seed?: number;
}

/** A command that waits in the buffers of a node that stood still. */
export interface Late {
  readonly node: SimulatedNode;
  readonly session: Session;
  readonly words: readonly string[];
}

const SLOTS = 16384;
const HOSTS = ['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4'];
/** How much of the bus's traffic passes between two commands, in percent of their number. */
const GOSSIP_PERCENT = [10, 0, 50, 95];

export class SimulatedCluster implements World {
  readonly nodes: readonly SimulatedNode[];
  readonly random: Random;
  readonly #bus: Bus;
  readonly #gossipPercent: number;
  /** What is still to be done, in its order, before or among the next commands at the same node. */
  late: Late[] = [];
  isTearing = false;
  /** What others do between two commands. */
  meanwhile: () => void = () => {};

  constructor(nodes: readonly SimulatedNode[], seed = 0) {
    this.nodes = nodes;
    this.random = new Random(seed);
    this.#gossipPercent = GOSSIP_PERCENT[seed % GOSSIP_PERCENT.length] ?? 0;
    this.#bus = new Bus(nodes, this.random, () => this.nowMs);
  }

  /** Strangers to each other. */
  static lone(count: number, { dialect = REDIS_7_0, seed = 0 }: Partial<Shape> = {}): SimulatedCluster {
    const nodes = Array.from({ length: count }, (_, i) => new SimulatedNode(placeOf(i), dialect));
    return new SimulatedCluster(nodes, seed);
  }

  /** Everybody knows everything. The first nodes are the primaries. */
  static formed(shape: Shape): SimulatedCluster {
    const { primaries, replicasPerPrimary = 0, seed = 0 } = shape;
    const count = primaries * (1 + replicasPerPrimary);
    const cluster = SimulatedCluster.lone(count, shape);
    const sizes = shape.slots ?? equalSizes(primaries);
    const border = (n: number) => sizes.slice(0, n).reduce((sum, size) => sum + size, 0);
    cluster.nodes.forEach((node, i) => {
      node.knowsItsIp = true;
      node.currentEpoch = count;
      node.configEpoch = i + 1;
      for (const other of cluster.nodes) if (other !== node) node.addPeer(other.id, other.place);
      const replicated = i < primaries ? undefined : cluster.nodes[i % primaries]?.id;
      if (replicated !== undefined) node.primary = replicated;
      if (i >= primaries) return;
      for (let slot = border(i); slot < border(i + 1); slot++) node.slots.assign(slot, node.id);
    });
    cluster.settle();
    return cluster.withSeed(seed);
  }

  /** The same nodes, with other chances from here on. */
  withSeed(seed: number): SimulatedCluster {
    return new SimulatedCluster(this.nodes, seed);
  }

  get nowMs(): number {
    return simulatedClock.nowMs;
  }

  node(position: number): SimulatedNode {
    const node = this.nodes[position];
    if (!node) throw new RangeError(`there is no node ${position}`);
    return node;
  }

  nodeAt(host: string, port: number): SimulatedNode | undefined {
    return this.nodes.find(({ place }) => place.host === host && place.port === port);
  }

  byId(id: string | undefined): SimulatedNode | undefined {
    return this.nodes.find(node => node.id === id);
  }

  /** One command at one node, and what happens on the bus meanwhile. */
  run(node: SimulatedNode, session: Session, words: readonly string[]): Reply | typeof HANGS_UP {
    const next = this.late.find(late => late.node === node);
    if (next && next.session !== session && this.random.chance(60)) {
      this.late = this.late.filter(late => late !== next);
      answer(node, next.session, next.words, this);
    }
    const reply = answer(node, session, words, this);
    if (this.random.chance(this.#gossipPercent)) this.#bus.passSomething();
    this.followPrimaries();
    this.meanwhile();
    return reply;
  }

  /** Whoever stood still has done what was left. */
  catchUp(): void {
    for (const { node, session, words } of this.late.splice(0)) answer(node, session, words, this);
    this.followPrimaries();
  }

  /** Nobody else does anything meanwhile. */
  undisturbed(work: () => void): void {
    const { meanwhile } = this;
    this.meanwhile = () => {};
    work();
    this.meanwhile = meanwhile;
  }

  announce(node: SimulatedNode): void {
    this.#bus.announce(node);
  }

  /** As many rounds on the bus as fit into the time, up to what settles everything. */
  timePasses(ms: number): void {
    const MOST_ROUNDS = 8;
    const EVERY_MS = 100;
    const rounds = Math.floor((this.nowMs + ms) / EVERY_MS) - Math.floor(this.nowMs / EVERY_MS);
    for (let i = 0; i < Math.min(rounds, MOST_ROUNDS); i++) this.#round();
  }

  /** Until nobody has anything new to say. */
  settle(): void {
    const MOST_ROUNDS = 30;
    const words = () => this.nodes.map(node => String(nodeLines(node))).join('\n');
    for (let round = 0, before = ''; round < MOST_ROUNDS && words() !== before; round++) {
      before = words();
      this.#round();
    }
  }

  get isOk(): boolean {
    return this.nodes.every(node => !node.isUp || isOk(node));
  }

  crash(node: SimulatedNode): void {
    if (!node.isUp) return;
    node.isUp = false;
    node.downSinceMs = this.nowMs;
    // Its replicas go on with what they have; this is what it finds again.
    node.data = node.data.copy();
    this.#bus.lose(node);
  }

  restart(node: SimulatedNode, { keepsData = true }: { readonly keepsData?: boolean } = {}): void {
    if (node.isUp) return;
    node.isUp = true;
    if (!keepsData) node.data = new Dataset();
    for (const peer of node.peers.values()) peer.linked = false;
    if (node.isPrimary) this.#adoptOrphans(node);
    this.followPrimaries();
  }

  /** A replica of a node that is gone takes its place, once it is known to be gone: what was said before has arrived. */
  failOver(lost: SimulatedNode): void {
    this.settle();
    const heir = this.nodes.find(node => node.isUp && node.primary === lost.id);
    if (!heir) throw new RangeError(`nobody can take the place of ${lost.address}`);
    this.takeOver(heir);
    this.settle();
  }

  takeOver(heir: SimulatedNode): void {
    const lost = heir.primary;
    heir.primary = undefined;
    heir.bumpEpoch();
    heir.data = heir.data.copy();
    for (let slot = 0; slot < SLOTS; slot++)
      if (heir.slots.ownerOf(slot) === lost) heir.slots.assign(slot, heir.id);
    this.announce(heir);
  }

  follows(replica: SimulatedNode): boolean {
    const primary = this.byId(replica.primary);
    return primary?.isUp === true && primary.isPrimary && replica.data === primary.data;
  }

  replicasOf({ id }: SimulatedNode): SimulatedNode[] {
    return this.nodes.filter(node => node.primary === id && this.follows(node));
  }

  /** Replicas have what their primaries have, from the moment on that they have found them. */
  followPrimaries(): void {
    for (const node of this.nodes) {
      if (!node.isUp || node.isPrimary) continue;
      const primary = this.byId(node.primary);
      if (primary?.isUp && primary.isPrimary) node.data = primary.data;
    }
  }

  #round(): void {
    this.#bus.round();
    this.followPrimaries();
  }

  /** What a server does on start with keys in slots that are not its own. */
  #adoptOrphans(node: SimulatedNode): void {
    for (const slot of node.data.slots) {
      const owner = node.slots.ownerOf(slot);
      if (owner === node.id || node.importing.has(slot)) continue;
      if (node.deletesOrphans) node.data.deleteSlot(slot);
      else if (owner === undefined) node.slots.assign(slot, node.id);
      else node.importing.set(slot, owner);
    }
  }
}

function equalSizes(primaries: number): number[] {
  const border = (n: number) => Math.round((n * SLOTS) / primaries);
  return Array.from({ length: primaries }, (_, i) => border(i + 1) - border(i));
}

function placeOf(position: number): Place {
  const port = 7000 + position;
  return { host: HOSTS[position % HOSTS.length] ?? '', port, busPort: port + 10_000 };
}
