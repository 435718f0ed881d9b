/**
 * The flow behind `placeReplicas`: one unit for each replica that may get another primary. Replicas on one host with one
 * present primary are interchangeable, so they form one crowd:
 *
 *     source - crowd - residents of (shard, host)          those who stay
 *     source - crowd - hub of the host - any shard         those who move, and from the start those without a home
 *     shard, by host - shard, by zone - shard - sink       the first one of a host or zone costs nothing
 *
 * Replicas that may not move are no units; they use up what would cost nothing in their shard.
 */
import type { Host, Zone } from './group-by-zone.ts';
import { FlowNetwork, type Vertex } from './min-cost-flow.ts';

/** How many replicas are on which hosts. */
export type Headcount = ReadonlyMap<Host, number>;

export interface PresentShard {
  /** Of the primary. */
  readonly host: Host;
  readonly replicas: Headcount;
}

/** What becomes of a shard. */
export interface ShardChange {
  readonly staying: Headcount;
  readonly arriving: Headcount;
}

/** In the order of the shards. */
export function solveRehoming(
  shards: readonly PresentShard[],
  homeless: Headcount,
  movable: 'homeless' | 'all',
): ShardChange[] {
  return new RehomeNetwork(shards, homeless, movable === 'all').solve();
}

/** With more replicas than this, one of a level outweighs a thousand of those below it, and no longer all. */
const MOST_OUTWEIGHED = 1000;

/**
 * One of a level outweighs all that the levels below could add up to. Whether primaries have a replica at all is no
 * level but built into the arcs, so that the highest weight stays below 2.1e15. Every replica always has a direct way
 * to some shard, and no shortest path costs more than that: little above the highest weight, and a safe integer.
 */
function weightsFor(replicas: number) {
  const base = Math.min(replicas, MOST_OUTWEIGHED) + 1;
  const move = 1;
  const siblingInZone = move * base;
  const siblingOnHost = siblingInZone * base;
  const uneven = siblingOnHost * base;
  const primaryZone = uneven * (2 * base - 1);
  const primaryHost = primaryZone * base;
  return { move, siblingInZone, siblingOnHost, uneven, primaryZone, primaryHost };
}

/** A shard, as seen by those who come to it. */
interface Stop {
  readonly shard: PresentShard;
  readonly door: Vertex;
  readonly zoneDoors: Map<Zone, Vertex>;
  /** By host: the residents that may stay or leave, and where they and newcomers from the same host enter. */
  readonly crowds: Map<Host, { readonly crowd: Vertex; readonly entry: Vertex }>;
}

class RehomeNetwork {
  readonly #network = new FlowNetwork();
  readonly #source = this.#network.vertex();
  readonly #sink = this.#network.vertex();
  /** The second and further replicas of all shards. */
  readonly #more = this.#network.vertex();
  readonly #everybody: boolean;
  readonly #travellers: Map<Host, number>;
  readonly #hubs = new Map<Host, Vertex>();
  readonly #stops: Stop[];
  readonly #stopAt = new Map<Vertex, Stop>();
  readonly #weights: ReturnType<typeof weightsFor>;

  constructor(shards: readonly PresentShard[], homeless: Headcount, everybody: boolean) {
    this.#everybody = everybody;
    this.#travellers = new Map(homeless);
    for (const shard of everybody ? shards : []) {
      for (const [host, count] of shard.replicas) {
        this.#travellers.set(host, (this.#travellers.get(host) ?? 0) + count);
      }
    }
    this.#weights = weightsFor(total(this.#travellers));
    for (const host of this.#travellers.keys()) this.#hubs.set(host, this.#network.vertex());
    this.#stops = shards.map(shard => this.#stop(shard));
    this.#openDoors();
    for (const stop of this.#stops) this.#gather(stop);
    for (const [host, count] of homeless) this.#network.arc(this.#source, this.#hub(host), count);
    for (const host of this.#hubs.keys()) this.#connect(host);
  }

  solve(): ShardChange[] {
    this.#network.send(this.#source, this.#sink);
    const arriving = new Map<Stop, Map<Host, number>>(this.#stops.map(stop => [stop, new Map()]));
    for (const [host, hub] of this.#hubs) this.#count(hub, host, stop => arriving.get(stop));
    return this.#stops.map(stop => ({
      staying: this.#everybody ? this.#whoStays(stop) : stop.shard.replicas,
      arriving: arriving.get(stop) ?? new Map(),
    }));
  }

  #whoStays(stop: Stop): Headcount {
    const staying = new Map<Host, number>();
    for (const [host, { crowd }] of stop.crowds) this.#count(crowd, host, () => staying);
    return staying;
  }

  /** Adds what went from a vertex into shards to the counts of these. */
  #count(vertex: Vertex, host: Host, countsOf: (stop: Stop) => Map<Host, number> | undefined): void {
    for (const { to, units } of this.#network.sentFrom(vertex)) {
      const stop = this.#stopAt.get(to);
      const counts = stop && countsOf(stop);
      counts?.set(host, (counts.get(host) ?? 0) + units);
    }
  }

  #hub(host: Host): Vertex {
    return this.#hubs.get(host) as Vertex;
  }

  #stop(shard: PresentShard): Stop {
    const stop = { shard, door: this.#network.vertex(), zoneDoors: new Map(), crowds: new Map() };
    this.#stopAt.set(stop.door, stop);
    return stop;
  }

  /**
   * Every primary without a replica is given one before any other gets one more: where there are enough for all of
   * them, both kinds of arcs to the sink are filled by the end, and else there is only the first kind.
   */
  #openDoors(): void {
    const staying = this.#everybody ? 0 : total(...this.#stops.map(({ shard }) => shard.replicas));
    const travellers = total(this.#travellers);
    const share = (staying + travellers) / this.#stops.length;
    const bare = this.#stops.filter(({ shard }) => this.#settled(shard) === 0);
    for (const { door } of bare) this.#network.arc(door, this.#sink, 1);
    if (travellers <= bare.length) return;
    this.#network.arc(this.#more, this.#sink, travellers - bare.length);
    for (const { shard, door } of this.#stops) {
      const have = Math.max(1, this.#settled(shard));
      const least = Math.max(have, Math.floor(share));
      const most = Math.max(have, Math.ceil(share));
      // Above the lower share each unit leaves another primary one short, or takes one of the spares.
      this.#network.arc(door, this.#more, least - have);
      this.#network.arc(door, this.#more, most - least, this.#weights.uneven);
      this.#network.arc(door, this.#more, travellers, 2 * this.#weights.uneven);
    }
  }

  /** How many replicas a shard keeps in any case. */
  #settled(shard: PresentShard): number {
    return this.#everybody ? 0 : total(shard.replicas);
  }

  #gather(stop: Stop): void {
    if (!this.#everybody) return;
    for (const [host, count] of stop.shard.replicas) {
      const group = { crowd: this.#network.vertex(), entry: this.#network.vertex() };
      stop.crowds.set(host, group);
      this.#stopAt.set(group.entry, stop);
      this.#network.arc(this.#source, group.crowd, count);
      this.#network.arc(group.crowd, group.entry, count);
      this.#network.arc(group.crowd, this.#hub(host), count, this.#weights.move);
    }
  }

  /** Lets the replicas of a host in at every shard. */
  #connect(host: Host): void {
    const count = this.#travellers.get(host) ?? 0;
    for (const stop of this.#stops) {
      const entry = stop.crowds.get(host)?.entry;
      if (entry) this.#network.arc(this.#hub(host), entry, count);
      const free = !this.#everybody && stop.shard.replicas.has(host) ? 0 : 1;
      const conflict = this.#conflictCost(host, stop.shard.host);
      const from = entry ?? this.#hub(host);
      this.#network.arc(from, this.#zoneDoor(stop, host.zone), free, conflict);
      this.#network.arc(from, stop.door, count - free, conflict + this.#weights.siblingOnHost);
    }
  }

  #zoneDoor(stop: Stop, zone: Zone): Vertex {
    if (zone.hosts.length === 1) return stop.door;
    const known = stop.zoneDoors.get(zone);
    if (known) return known;
    const door = this.#network.vertex();
    stop.zoneDoors.set(zone, door);
    this.#stopAt.set(door, stop);
    const taken = !this.#everybody && zone.hosts.some(host => stop.shard.replicas.has(host));
    this.#network.arc(door, stop.door, taken ? 0 : 1);
    this.#network.arc(door, stop.door, zone.hosts.length, this.#weights.siblingInZone);
    return door;
  }

  #conflictCost(from: Host, to: Host): number {
    if (from === to) return this.#weights.primaryHost;
    return from.zone === to.zone ? this.#weights.primaryZone : 0;
  }
}

function total(...counts: readonly Headcount[]): number {
  return counts.reduce((sum, count) => sum + [...count.values()].reduce((a, b) => a + b, 0), 0);
}
