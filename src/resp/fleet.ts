/**
 * All nodes of one cluster, one connection each, opened when first spoken to, and once more when a server has ended it
 * because nobody spoke for long; what was sent is never sent again. Above this file nodes are known by the
 * addresses that they announce; where that is on the network (`--address-map`, a unix socket) is known only here.
 */
import { type Address, formatAddress } from '../topology/node.ts';
import { AddressMap } from './address-map.ts';
import type { Command } from './command.ts';
import { exec, multi, queued } from './commands/cluster.ts';
import { Connection } from './connection.ts';
import type { ConnectionSettings } from './connection-settings.ts';
import type { Credentials } from './credentials.ts';
import { Deadline } from './deadline.ts';
import { InterruptedError, type NodeError, ReplyTimeoutError } from './errors.ts';
import { type Lane, openLane } from './lane.ts';
import { type NodeRef, type PlaceSettings, Places } from './places.ts';
import type { Dump, DumpSettings } from './replication-stream.ts';
import type { Endpoint } from './socket.ts';
import type { WireObserver } from './trace.ts';

export type { Lane } from './lane.ts';
export type { NodeRef } from './places.ts';

export interface FleetSettings extends ConnectionSettings, PlaceSettings {}

/** Of those that a single command may take. What a look asks goes out together, and is answered in one go. */
const LOOK_REPLY_TIMEOUTS = 2;

export class Fleet {
  readonly #settings: FleetSettings;
  readonly #places: Places;
  readonly #observer: WireObserver | undefined;
  readonly #connections = new Map<string, Connection>();
  readonly #lanes = new Set<Connection>();
  readonly #interruption = new AbortController();
  #isOver = false;

  constructor(settings: FleetSettings, observer?: WireObserver) {
    this.#settings = settings;
    this.#places = new Places(settings);
    this.#observer = observer;
  }

  get entry(): Endpoint {
    return this.#settings.entry;
  }

  send<T>(node: NodeRef, command: Command<T>): Promise<T> {
    return this.#use(node, connection => connection.send(command));
  }

  /** Commands that go out together, where one would wait for all anyway: thousands of promises cost more than commands. */
  sendAll<T>(node: NodeRef, commands: readonly Command<T>[]): Promise<T[]> {
    return this.#use(node, connection => connection.sendAll(commands));
  }

  #use<T>(node: NodeRef, work: (connection: Connection) => Promise<T>): Promise<T> {
    if (this.#interrupted) return Promise.reject(new InterruptedError());
    return this.#minded(work(this.#connection(node)));
  }

  /** What fails because we have closed it all was interrupted. */
  #minded<T>(reply: Promise<T>): Promise<T> {
    return reply.catch(error => {
      throw this.#interrupted ? new InterruptedError() : error;
    });
  }

  /** MULTI … EXEC: the node runs the commands with nothing in between. */
  async transact<T>(node: NodeRef, commands: readonly Command<T>[]): Promise<T[]> {
    const queueing = [multi(), ...commands.map(queued)].map(command => this.send(node, command));
    const [replies] = await Promise.all([this.send(node, exec(commands)), ...queueing]);
    return replies;
  }

  /** The person has named it, so that it may be connected to wherever it is. */
  trust(node: Address): void {
    this.#places.admit(node);
  }

  /** Where a node is on the network. Two addresses of one place are one node, and have one connection. */
  placeOf(node: Address): string {
    return this.#places.nameOf(node);
  }

  /** How long a node may take for all that a look asks of it. */
  get lookLimitMs(): number {
    const { connectTimeoutMs, replyTimeoutMs } = this.#settings;
    return connectTimeoutMs + LOOK_REPLY_TIMEOUTS * replyTimeoutMs;
  }

  /** A node that is still not done with it by then is given up, though every single reply may have come in time. */
  async asLook<T>(node: NodeRef, work: () => Promise<T>): Promise<T> {
    const deadline = new Deadline(waitedMs => {
      const connection = this.#connection(node);
      connection.giveUp(new ReplyTimeoutError(connection.name, 'all that was asked', waitedMs));
    });
    deadline.start(this.lookLimitMs);
    try {
      return await work();
    } finally {
      deadline.stop();
    }
  }

  /** The same, or that the port speaks TLS where it was asked in plain text, and the other way round. */
  async explained(node: NodeRef, error: NodeError): Promise<NodeError> {
    const connection = this.#connections.get(node === 'entry' ? node : this.placeOf(node));
    const endpoint = this.#places.endpointOf(node);
    const wire = connection?.perhapsSpeaks;
    if (!connection || !wire || endpoint.kind === 'unix' || this.#isOver) return error;
    const { otherWire } = await import('./other-protocol.ts');
    const asking = { limitMs: this.#settings.connectTimeoutMs, signal: this.interruption };
    return (await otherWire(wire, endpoint, asking, connection.name)) ?? error;
  }

  /** For what would hold up the others: one long command after another. */
  lane(node: Address): Lane {
    return openLane({
      open: () => this.#openLane(node),
      forget: connection => void this.#lanes.delete(connection),
      isInterrupted: () => this.#interrupted,
      minded: reply => this.#minded(reply),
    });
  }

  #openLane(node: Address): Connection {
    const connection = this.#open(
      formatAddress(node),
      this.#places.endpointOf(node),
      this.#places.refusalOf(node),
    );
    this.#lanes.add(connection);
    return connection;
  }

  /** All data of a node, on a connection of its own. */
  async dump(node: Address, settings: DumpSettings): Promise<Dump> {
    // Loaded only when used: nearly nobody does.
    const { openDump } = await import('./replication-stream.ts');
    // A node that is known by its socket file only has no port.
    const endpoint = node.port === 0 ? this.entry : this.#places.endpointOf(node);
    const refusal = this.#places.refusalOf(node);
    if (refusal) throw refusal;
    const connection = this.#settings;
    const [observer, interruption] = [this.#observer, this.interruption];
    return openDump({ name: formatAddress(node), endpoint, connection, observer, interruption }, settings);
  }

  /** For whoever has to mend what a failure left behind: where the connection is broken, the next command has a new one. */
  renew(node: Address): void {
    const key = this.placeOf(node);
    if (this.#connections.get(key)?.state === 'broken') this.#connections.delete(key);
  }

  /** As what we log in, for those who log in on our behalf. */
  get credentials(): Credentials | undefined {
    return this.#settings.credentials;
  }

  /** What to tell a server about where a node is, when we know the node by where we reach it. */
  announcedAddress(address: Address): Address {
    return this.#places.map.toInternal(address);
  }

  /** Where a node is on the network, where the address map says so. */
  reachedAt(address: Address): { readonly at: Address; readonly line: string } | undefined {
    const line = this.#places.map.lineFor(address);
    if (line === undefined) return undefined;
    const { host, port } = this.#places.map.toExternal(address);
    return { at: { host, port }, line };
  }

  /** For whoever waits for something else than a reply, which ends with the connections. */
  get interruption(): AbortSignal {
    return this.#interruption.signal;
  }

  get #interrupted(): boolean {
    return this.#interruption.signal.aborted;
  }

  /**
   * Ends all connections, for good: whoever still waits for a reply gets an error, and work that goes on because it has not
   * heard of the end opens no new one, which nobody would end, so that the program would never come to its own.
   */
  close(): void {
    this.#isOver = true;
    this.#endAll();
  }

  #endAll(): void {
    for (const connection of [...this.#connections.values(), ...this.#lanes]) connection.close();
  }

  /** As close(), but everything under way fails as interrupted, and so does all that is asked for later. */
  interrupt(): void {
    this.#interruption.abort();
    this.#endAll();
  }

  /** A node that turns out to be the entry node keeps the connection that is already there. */
  adoptEntry(address: Address): void {
    const entry = this.#connections.get('entry');
    const key = this.placeOf(address);
    // Under an address map it was called by what was typed until it said what it announces.
    if (entry && this.#places.map !== AddressMap.none) entry.name = formatAddress(address);
    // Where somebody was quicker, both stay: a connection that is not in the list is never ended.
    if (entry && !this.#connections.has(key)) this.#connections.set(key, entry);
  }

  #connection(node: NodeRef): Connection {
    const key = node === 'entry' ? node : this.placeOf(node);
    const known = this.#connections.get(key);
    // What was under way on it has failed, and is not sent again; a node that cannot be reached is not tried again.
    if (known && (known.state === 'alive' || known.state === 'broken')) return known;
    const endpoint = this.#places.endpointOf(node);
    const refusal = node === 'entry' ? undefined : this.#places.refusalOf(node);
    // By what it announces, as in all reports; of the entry node that is not known yet.
    const name = this.#places.shownName(node);
    const connection = this.#open(name, endpoint, refusal);
    this.#connections.set(key, connection);
    return connection;
  }

  #open(name: string, endpoint: Endpoint, refusal?: NodeError): Connection {
    const connection = new Connection(name, endpoint, this.#settings, this.#observer, refusal);
    if (this.#isOver) connection.close();
    return connection;
  }
}
