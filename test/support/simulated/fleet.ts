/** The fleet that the real executor is given: its commands go to simulated nodes, and something may go wrong with them. */
import type { Command } from '../../../src/resp/command.ts';
import {
  ConnectError,
  ConnectionLostError,
  InterruptedError,
  ReplyTimeoutError,
  ServerRefusalError,
} from '../../../src/resp/errors.ts';
import { Fleet, type Lane, type NodeRef } from '../../../src/resp/fleet.ts';
import { type Address, formatAddress } from '../../../src/topology/node.ts';
import { simulatedClock } from './clock.ts';
import type { SimulatedCluster } from './cluster.ts';
import type { SimulatedNode } from './node.ts';
import { Wire } from './wire.ts';

/** What happens to one command, or to whoever sends it or gets it. */
export type FaultKind =
  /** The program is killed before this command has left it. */
  | 'killed'
  /** The program is killed, and all that it has sent so far is done. */
  | 'killed-after'
  /** The connection breaks, and the command does not arrive. */
  | 'cut'
  /** The connection breaks, and all that was sent over it is done; nobody hears of it. */
  | 'cut-after'
  /** The node is gone, before it has done it or after. */
  | 'crash'
  | 'crash-after'
  /** Of a MIGRATE: its keys have arrived, and the source is gone and comes back with the keys that it had before. */
  | 'crash-within'
  /** The node stands still for so long that it is given up, and goes on later: what was sent is done then. */
  | 'late'
  /** Of a MIGRATE: the last key has arrived, and the source does not hear of it and keeps it. */
  | 'torn'
  /** And the program is killed. */
  | 'torn-killed';

export interface Fault {
  /** Counted from 1, over all nodes, among the commands that it can hit. */
  readonly at: number;
  /** It can hit only these; of faults of a MIGRATE, those that send keys. */
  readonly among?: RegExp;
  readonly kind: FaultKind;
}

const OF_MIGRATE: ReadonlySet<FaultKind> = new Set(['crash-within', 'torn', 'torn-killed']);

const LONGEST_WORD_BY_WORD = 1000;
const LIMITS = { connectTimeoutMs: 1000, replyTimeoutMs: 1000 };

export class SimulatedFleet extends Fleet {
  readonly #cluster: SimulatedCluster;
  readonly #fault: Fault | undefined;
  readonly #wires = new Map<string, Wire>();
  readonly #lanes = new Set<Wire>();
  #ended: Error | undefined;
  /** Commands that have left the program. */
  sent = 0;
  /** Those of them that the fault could hit. */
  exposed = 0;
  /** What the fault has hit. */
  hit: { readonly node: SimulatedNode; readonly words: string } | undefined;

  constructor(cluster: SimulatedCluster, entry: SimulatedNode, fault?: Fault) {
    const { host, port } = entry.place;
    super({ entry: { kind: 'tcp', host, port }, ...LIMITS });
    this.#cluster = cluster;
    this.#fault = fault;
    simulatedClock.work = () => this.#work();
    simulatedClock.passes = ms => cluster.timePasses(ms);
  }

  override send<T>(node: NodeRef, command: Command<T>): Promise<T> {
    if (this.#ended) return Promise.reject(this.#ended);
    return this.#wire(node).send(command);
  }

  override sendAll<T>(node: NodeRef, commands: readonly Command<T>[]): Promise<T[]> {
    return Promise.all(commands.map(command => this.send(node, command)));
  }

  /** Long ones are counts of keys in many slots: word by word they would take most of the time of all tests. */
  override transact<T>(node: NodeRef, commands: readonly Command<T>[]): Promise<T[]> {
    if (commands.length <= LONGEST_WORD_BY_WORD) return super.transact(node, commands);
    return this.#ended ? Promise.reject(this.#ended) : this.#wire(node).sendAtOnce(commands);
  }

  override lane(node: Address): Lane {
    const wire = new Wire(this.#nodeAt(node));
    this.#lanes.add(wire);
    const send = <T>(command: Command<T>) =>
      this.#ended ? Promise.reject<T>(this.#ended) : wire.send(command);
    return {
      send,
      sendAll: commands => Promise.all(commands.map(send)),
      sendEach: commands => Promise.all(commands.map(command => send(command).catch(refusalOnly))),
      close: () => {
        wire.fail(new ConnectionLostError(wire.name, 'the connection was closed'));
        this.#lanes.delete(wire);
      },
    };
  }

  override adoptEntry(address: Address): void {
    const entry = this.#wires.get('entry');
    if (entry && !this.#wires.has(formatAddress(address))) this.#wires.set(formatAddress(address), entry);
  }

  override close(): void {
    this.#end(new ConnectionLostError('', 'the connection was closed'));
  }

  override interrupt(): void {
    this.#end(new InterruptedError());
  }

  #end(error: Error): void {
    this.#ended ??= error;
    for (const wire of this.#allWires()) wire.fail(error);
  }

  #wire(ref: NodeRef): Wire {
    const key = ref === 'entry' ? ref : formatAddress(ref);
    const { entry } = this;
    const address = ref === 'entry' ? (entry.kind === 'tcp' ? entry : { host: '', port: 0 }) : ref;
    const known = this.#wires.get(key);
    const wire = known && known.state !== 'lost' ? known : new Wire(this.#nodeAt(address));
    this.#wires.set(key, wire);
    return wire;
  }

  override renew(node: Address): void {
    const key = formatAddress(node);
    if (this.#wires.get(key)?.state === 'broken') this.#wires.delete(key);
  }

  #nodeAt({ host, port }: Address): SimulatedNode {
    const node = this.#cluster.nodeAt(host, port);
    if (!node) throw new RangeError(`there is no simulated node at ${host}:${port}`);
    return node;
  }

  #allWires(): Wire[] {
    return [...new Set([...this.#wires.values(), ...this.#lanes])];
  }

  /** One command of one connection, whichever comes first. */
  #work(): boolean {
    const busy = this.#allWires().filter(wire => wire.isBusy);
    if (busy.length === 0) return false;
    const wire = this.#cluster.random.pick(busy);
    if (!wire.node.isUp) {
      wire.fail(new ConnectError(wire.name, 'connection refused'));
      return true;
    }
    this.sent++;
    const fault = this.#fault;
    if (fault && !this.hit && canHit(fault, wire) && ++this.exposed >= fault.at)
      this.#strike(wire, fault.kind);
    else wire.next(this.#cluster);
    return true;
  }

  #strike(wire: Wire, kind: FaultKind): void {
    const { node } = wire;
    this.hit = { node, words: wire.upcoming };
    switch (kind) {
      case 'killed-after':
        for (const other of this.#allWires()) other.finishUnheard(this.#cluster);
        this.interrupt();
        break;
      case 'killed':
        this.interrupt();
        break;
      case 'cut-after':
        wire.finishUnheard(this.#cluster);
        wire.fail(broken(wire));
        break;
      case 'cut':
        wire.fail(broken(wire));
        break;
      case 'crash-after':
        wire.doUnheard(this.#cluster);
        this.#crash(node);
        break;
      case 'crash-within': {
        const before = node.data.copy();
        this.#cluster.undisturbed(() => wire.doUnheard(this.#cluster));
        this.#crash(node);
        node.data = before;
        break;
      }
      case 'crash':
        this.#crash(node);
        break;
      case 'late':
        wire.leaveForLater(this.#cluster);
        wire.fail(new ReplyTimeoutError(wire.name, 'something', LIMITS.replyTimeoutMs));
        break;
      case 'torn':
      case 'torn-killed':
        // One that the target refuses is not torn: the next one is.
        if (!wire.tear(this.#cluster)) this.hit = undefined;
        else if (kind === 'torn-killed') this.interrupt();
        break;
    }
  }

  #crash(node: SimulatedNode): void {
    this.#cluster.crash(node);
    for (const wire of this.#allWires()) if (wire.node === node) wire.fail(broken(wire));
  }
}

function canHit({ kind, among }: Fault, wire: Wire): boolean {
  return (!OF_MIGRATE.has(kind) || wire.isSendingKeys) && (among?.test(wire.upcoming) ?? true);
}

function broken({ name }: Wire): ConnectionLostError {
  return new ConnectionLostError(name, 'the connection broke');
}

function refusalOnly(error: unknown): ServerRefusalError {
  if (error instanceof ServerRefusalError) return error;
  throw error;
}
