/**
 * Which hosts give their replicas to primaries on which hosts, once it is known how many primaries each host has.
 *
 * Primaries on one host are interchangeable, and so are its replicas: only numbers matter, and the best ones come from
 * one flow of minimal cost. What host h receives is dealt to its p primaries afterwards, in one round, ordered by zone
 * and then by host. Each zone's and each host's part of that order is contiguous, so every primary gets the p-th part
 * of it, rounded down or up, and likewise of the whole. A part of x replicas therefore puts max(0, x - p) beside a
 * sibling, the fewest possible, for all hosts and all zones at the same time: the flow's cost is exactly the score.
 */
import type { Host, Zone } from './group-by-zone.ts';
import { FlowNetwork, type Vertex } from './min-cost-flow.ts';
import type { PrimaryCounts, ReplicaQuota } from './primary-counts.ts';
import type { AntiAffinityScore } from './score.ts';

export interface Delivery {
  readonly from: Host;
  readonly units: number;
}

export interface Exchange {
  readonly score: AntiAffinityScore;
  /** What the primaries of each host receive, ordered by zone and then by host. */
  readonly received: ReadonlyMap<Host, readonly Delivery[]>;
}

/**
 * One conflict of a level outweighs all that the levels below could add up to, since none exceeds the number of
 * replicas. With a thousand of them a whole flow costs about 1e12, far from the end of safe integers.
 */
function weightsFor(replicas: number): AntiAffinityScore {
  const base = replicas + 1;
  return {
    onPrimaryHost: base ** 3,
    inPrimaryZone: base ** 2,
    besideSiblingOnHost: base,
    besideSiblingInZone: 1,
  };
}

function scoreFrom(cost: number, replicas: number): AntiAffinityScore {
  const base = replicas + 1;
  const digit = (weight: number) => Math.floor(cost / weight) % base;
  const weights = weightsFor(replicas);
  return {
    onPrimaryHost: digit(weights.onPrimaryHost),
    inPrimaryZone: digit(weights.inPrimaryZone),
    besideSiblingOnHost: digit(weights.besideSiblingOnHost),
    besideSiblingInZone: digit(weights.besideSiblingInZone),
  };
}

interface Giver {
  readonly host: Host;
  readonly replicas: number;
  readonly vertex: Vertex;
}

/** source - giving hosts - (receiving host, zone of the giver) - receiving hosts - sink. */
export function exchange(zones: readonly Zone[], counts: PrimaryCounts, quota: ReplicaQuota): Exchange {
  const network = new FlowNetwork();
  const weights = weightsFor(quota.replicas);
  const [source, sink, spares] = [network.vertex(), network.vertex(), network.vertex()];
  network.arc(spares, sink, quota.spares);
  const hosts = zones.flatMap(zone => zone.hosts);
  const givers: Giver[] = [];
  for (const host of hosts) {
    const replicas = host.nodes.length - (counts.get(host) ?? 0);
    if (replicas === 0) continue;
    const giver = { host, replicas, vertex: network.vertex() };
    network.arc(source, giver.vertex, replicas);
    givers.push(giver);
  }
  const receiverAt = new Map<Vertex, Host>();
  for (const host of hosts) {
    const primaries = counts.get(host) ?? 0;
    if (primaries > 0) receive(host, primaries);
  }
  const { cost } = network.send(source, sink);
  return { score: scoreFrom(cost, quota.replicas), received: deliveries(network, givers, receiverAt) };

  function receive(host: Host, primaries: number): void {
    const receiver = network.vertex();
    receiverAt.set(receiver, host);
    // All flow arrives, so both arcs are filled, and every primary has its least before any has a spare one.
    network.arc(receiver, sink, primaries * quota.least);
    network.arc(receiver, spares, Math.min(primaries, quota.spares));
    const doors = new Map<Zone, Vertex>();
    for (const giver of givers) {
      const conflict = conflictCost(giver.host, host);
      const door = doors.get(giver.host.zone) ?? doorOf(giver.host.zone, receiver, primaries);
      doors.set(giver.host.zone, door);
      network.arc(giver.vertex, door, Math.min(primaries, giver.replicas), conflict);
      // Beyond one per primary they share a host with a sibling, and count for that alone.
      network.arc(giver.vertex, receiver, giver.replicas - primaries, conflict + weights.besideSiblingOnHost);
    }
  }

  function doorOf(zone: Zone, receiver: Vertex, primaries: number): Vertex {
    if (zone.hosts.length === 1) return receiver;
    const door = network.vertex();
    receiverAt.set(door, receiverAt.get(receiver) as Host);
    network.arc(door, receiver, primaries);
    network.arc(door, receiver, quota.replicas, weights.besideSiblingInZone);
    return door;
  }

  function conflictCost(from: Host, to: Host): number {
    if (from === to) return weights.onPrimaryHost;
    return from.zone === to.zone ? weights.inPrimaryZone : 0;
  }
}

function deliveries(
  network: FlowNetwork,
  givers: readonly Giver[],
  receiverAt: ReadonlyMap<Vertex, Host>,
): Map<Host, Delivery[]> {
  const received = new Map<Host, Delivery[]>();
  for (const { host, vertex } of givers) {
    for (const { to, units } of network.sentFrom(vertex)) {
      const receiver = receiverAt.get(to);
      if (!receiver) continue;
      const list = received.get(receiver) ?? [];
      received.set(receiver, list);
      list.push({ from: host, units });
    }
  }
  return received;
}
