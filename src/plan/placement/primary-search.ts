/**
 * Chooses among the numbers of primaries per host that conflicts with the primary and evenness leave open.
 *
 * Numbers that are equally good in these respects differ by moving one primary at a time (they are the optima of a
 * convex function over nested limits), from a host to one with one primary less. So all of them can be visited from any
 * of them; what the replicas among themselves make of each is known only from the flow. The visit starts with the best
 * one known, tells hosts apart only by what they look like, and ends when nothing better can exist, when all have been
 * seen, or when the effort is spent, which happens only to large and irregular clusters.
 */
import { type Host, nodesIn, type Zone } from './group-by-zone.ts';
import {
  evenCounts,
  type Limits,
  type PrimaryCounts,
  primariesInZone,
  type ReplicaQuota,
  tightestLimits,
} from './primary-counts.ts';
import { type Exchange, exchange } from './replica-exchange.ts';
import { type AntiAffinityScore, compareScores } from './score.ts';

export interface PrimaryChoice {
  readonly counts: PrimaryCounts;
  readonly exchange: Exchange;
}

/** In pairs of hosts looked at by a flow; setting one up takes as long as looking at a thousand. */
const EFFORT = 400_000;
const SETTING_UP = 1_000;

export function choosePrimaries(zones: readonly Zone[], quota: ReplicaQuota): PrimaryChoice {
  const limits = tightestLimits(zones, quota);
  const judge = (counts: PrimaryCounts): PrimaryChoice => ({
    counts,
    exchange: exchange(zones, counts, quota),
  });
  const start = judge(evenCounts(zones, limits, quota.primaries));
  const bound = leastScore(zones, quota, start.exchange.score);
  let tries = Math.floor(EFFORT / (SETTING_UP + limits.hosts.size ** 2));
  const seen = new Set([lookOf(zones, start.counts)]);
  const open = [start];
  let best = start;
  while (compareScores(best.exchange.score, bound) > 0) {
    const next = open.sort((a, b) => compareScores(a.exchange.score, b.exchange.score)).shift();
    if (!next) break;
    for (const counts of tiedWith(next.counts, zones, limits)) {
      const look = lookOf(zones, counts);
      if (seen.has(look)) continue;
      if (tries-- <= 0) return best;
      seen.add(look);
      const choice = judge(counts);
      open.push(choice);
      if (compareScores(choice.exchange.score, best.exchange.score) < 0) best = choice;
    }
  }
  return best;
}

/** The numbers after moving one primary so that no limit is left and no evenness lost. */
function* tiedWith(counts: PrimaryCounts, zones: readonly Zone[], limits: Limits): Generator<PrimaryCounts> {
  const has = (host: Host) => counts.get(host) ?? 0;
  const places = zones.flatMap(zone => {
    const look = lookOfZone(zone, counts);
    const inZone = primariesInZone(zone, counts);
    return zone.hosts.map(host => ({ host, zone, inZone, look: `${look}|${lookOfHost(host, counts)}` }));
  });
  for (const from of distinct(places, place => place.look)) {
    if (has(from.host) <= (limits.hosts.get(from.host)?.low ?? 0)) continue;
    for (const to of distinct(places, place => `${place.look}|${place.zone === from.zone}`)) {
      if (has(to.host) !== has(from.host) - 1) continue;
      if (has(to.host) >= (limits.hosts.get(to.host)?.high ?? 0)) continue;
      if (to.zone !== from.zone) {
        if (to.inZone !== from.inZone - 1) continue;
        if (to.inZone >= (limits.zones.get(to.zone)?.high ?? 0)) continue;
        if (from.inZone <= (limits.zones.get(from.zone)?.low ?? 0)) continue;
      }
      yield new Map([...counts, [from.host, has(from.host) - 1], [to.host, has(to.host) + 1]]);
    }
  }
}

function distinct<T>(list: readonly T[], keyOf: (item: T) => string): T[] {
  const firsts = new Map<string, T>();
  for (const item of list) if (!firsts.has(keyOf(item))) firsts.set(keyOf(item), item);
  return [...firsts.values()];
}

function lookOfHost(host: Host, counts: PrimaryCounts): string {
  return `${host.nodes.length}:${counts.get(host) ?? 0}`;
}

function lookOfZone(zone: Zone, counts: PrimaryCounts): string {
  return zone.hosts
    .map(host => lookOfHost(host, counts))
    .sort()
    .join(' ');
}

/** Numbers that look alike are the same but for the names of hosts and zones. */
function lookOf(zones: readonly Zone[], counts: PrimaryCounts): string {
  return zones
    .map(zone => lookOfZone(zone, counts))
    .sort()
    .join('|');
}

/** The conflicts with primaries as found, and with them the fewest among siblings that any numbers could have. */
function leastScore(
  zones: readonly Zone[],
  quota: ReplicaQuota,
  found: AntiAffinityScore,
): AntiAffinityScore {
  const hosts = zones.flatMap(zone => zone.hosts.map(host => host.nodes.length));
  const onHost = leastTogether(hosts, quota, found.onPrimaryHost);
  const inZone = leastTogether(zones.map(nodesIn), quota, found.onPrimaryHost + found.inPrimaryZone);
  return { ...found, besideSiblingOnHost: onHost, besideSiblingInZone: Math.max(0, inZone - onHost) };
}

/**
 * Counts pairs of a shard and a group (hosts or zones) with nodes in it. Where the primaries stand does not matter: by
 * the rule for matrices of zeros and ones with given sums (Gale and Ryser), whatever number of largest groups is set
 * apart, they are in at most that many pairs per shard, and the rest in at most one pair per node. One pair per shard
 * is the primary's own, which replicas have a part in only where they conflict with it.
 */
function leastTogether(groups: readonly number[], quota: ReplicaQuota, conflicts: number): number {
  const { primaries, replicas, least, spares } = quota;
  const sorted = [...groups].sort((a, b) => b - a);
  let rest = primaries + replicas;
  let pairs = rest;
  for (let apart = 0; apart <= sorted.length; apart++) {
    const inApart = (primaries - spares) * Math.min(least + 1, apart) + spares * Math.min(least + 2, apart);
    pairs = Math.min(pairs, rest + inApart);
    rest -= sorted[apart] ?? 0;
  }
  return Math.max(0, replicas - (pairs - primaries + Math.min(conflicts, primaries)));
}
