/**
 * Lays out a new cluster: who becomes a primary, and whose replica everybody else is. What is best is decided in this
 * order, each respect only among what is best in all before it (for siblings in large, irregular clusters: among what
 * the search in primary-search.ts gets to see): replicas away from the host of their primary, and from
 * its zone; primaries evenly over zones, and over hosts; siblings on different hosts, and in different zones. Replicas
 * are divided evenly in any case. The same nodes in the same order give the same layout.
 */
import type { NodeId } from '../../topology/node.ts';
import { type Host, type Spot, type Zone, zonesOf } from './group-by-zone.ts';
import { type PrimaryCounts, quotaOf } from './primary-counts.ts';
import { choosePrimaries } from './primary-search.ts';
import { type Exchange, exchange } from './replica-exchange.ts';
import type { Shard } from './score.ts';

export type { Shard, Spot };

/** Takes a number of primaries, or exactly these nodes in this order, and gives every other node to one of them. */
export function layOut(spots: readonly Spot[], primaries: number | readonly NodeId[]): Shard[] {
  const zones = zonesOf(spots);
  const count = typeof primaries === 'number' ? primaries : primaries.length;
  if (!Number.isInteger(count) || count < 1 || count > spots.length) {
    throw new RangeError(`${spots.length} nodes cannot have ${count} primaries`);
  }
  const quota = quotaOf(spots.length, count);
  if (typeof primaries === 'number') {
    const choice = choosePrimaries(zones, quota);
    return deal(spots, zones, firstOfEach(zones, choice.counts), choice.exchange);
  }
  const counts = countsOf(zones, primaries);
  return deal(spots, zones, primaries, exchange(zones, counts, quota));
}

function countsOf(zones: readonly Zone[], primaries: readonly NodeId[]): PrimaryCounts {
  const chosen = new Set(primaries);
  const counts = new Map<Host, number>();
  for (const host of zones.flatMap(zone => zone.hosts)) {
    counts.set(host, host.nodes.filter(id => chosen.has(id)).length);
  }
  const found = [...counts.values()].reduce((sum, count) => sum + count, 0);
  if (found !== primaries.length) throw new RangeError('a primary is named twice, or is not among the nodes');
  return counts;
}

/** In turn from each zone, and there in turn from each host, so that neighbouring slots are on different hosts. */
function firstOfEach(zones: readonly Zone[], counts: PrimaryCounts): NodeId[] {
  return inTurn(
    zones.map(zone => inTurn(zone.hosts.map(host => host.nodes.slice(0, counts.get(host) ?? 0)))),
  );
}

function inTurn<T>(queues: readonly (readonly T[])[]): T[] {
  const rounds = Math.max(0, ...queues.map(queue => queue.length));
  return Array.from({ length: rounds }, (_, round) =>
    queues.flatMap(queue => queue.slice(round, round + 1)),
  ).flat();
}

/** Turns numbers into nodes: see replica-exchange.ts for why dealing in one round is as good as the numbers promise. */
function deal(
  spots: readonly Spot[],
  zones: readonly Zone[],
  primaries: readonly NodeId[],
  { received }: Exchange,
): Shard[] {
  const position = new Map(spots.map(({ id }, i) => [id, i]));
  const replicasOf = new Map<NodeId, NodeId[]>(primaries.map(id => [id, []]));
  const hosts = zones.flatMap(zone => zone.hosts);
  const waiting = new Map(hosts.map(host => [host, host.nodes.filter(id => !replicasOf.has(id))]));
  for (const host of hosts) {
    const own = primaries.filter(id => host.nodes.includes(id));
    const hand = (received.get(host) ?? []).flatMap(
      ({ from, units }) => waiting.get(from)?.splice(0, units) ?? [],
    );
    hand.forEach((replica, i) => {
      replicasOf.get(own[i % own.length] as NodeId)?.push(replica);
    });
  }
  const byPosition = (a: NodeId, b: NodeId) => (position.get(a) ?? 0) - (position.get(b) ?? 0);
  return [...replicasOf].map(([primary, replicas]) => ({ primary, replicas: replicas.sort(byPosition) }));
}
