/** How many primaries a new cluster puts on each host. */
import { type Host, nodesIn, type Zone } from './group-by-zone.ts';

/** Primaries by host; a host that is absent has none. */
export type PrimaryCounts = ReadonlyMap<Host, number>;

export function primariesInZone(zone: Zone, counts: PrimaryCounts): number {
  return zone.hosts.reduce((sum, host) => sum + (counts.get(host) ?? 0), 0);
}

/** Every primary gets `least` replicas, and `spares` of them one more. */
export interface ReplicaQuota {
  readonly primaries: number;
  readonly replicas: number;
  readonly least: number;
  readonly spares: number;
}

export function quotaOf(nodes: number, primaries: number): ReplicaQuota {
  const replicas = nodes - primaries;
  return { primaries, replicas, least: Math.floor(replicas / primaries), spares: replicas % primaries };
}

interface Range {
  readonly low: number;
  readonly high: number;
}

/** How many primaries each host and each zone may have without making the worst conflicts any worse. */
export interface Limits {
  readonly hosts: ReadonlyMap<Host, Range>;
  readonly zones: ReadonlyMap<Zone, Range>;
}

/**
 * The replicas that a host (or zone) of so many nodes and primaries cannot but keep beside its own primaries: what it
 * has to give, plus the least its primaries must be given, minus all there is to exchange. Conversely a flow of
 * replicas that leaves exactly these at home always exists, and this is above zero for one host and one zone at most,
 * the one that dominates. It never falls with more primaries where every primary gets a replica (`least` above 0), and
 * never rises otherwise, so that whatever it allows is a range.
 */
function stuck(
  nodes: number,
  primaries: number,
  { primaries: all, replicas, least, spares }: ReplicaQuota,
): number {
  const unavoidableSpares = Math.max(0, spares - (all - primaries));
  return Math.max(0, nodes - primaries + primaries * least + unavoidableSpares - replicas);
}

function rangeOf(nodes: number, allowed: number, quota: ReplicaQuota): Range {
  const fits = (primaries: number) => stuck(nodes, primaries, quota) <= allowed;
  let low = 0;
  let high = Math.min(nodes, quota.primaries);
  while (low <= high && !fits(low)) low++;
  while (low <= high && !fits(high)) high--;
  return { low, high };
}

/** Undefined where no choice of primaries keeps to what is allowed. */
function limitsFor(
  zones: readonly Zone[],
  quota: ReplicaQuota,
  stuckOnHost: number,
  stuckInZone: number,
): Limits | undefined {
  const onHosts = new Map<Host, Range>();
  const inZones = new Map<Zone, Range>();
  for (const zone of zones) {
    const own = rangeOf(nodesIn(zone), zone.hosts.length > 1 ? stuckInZone : Number.POSITIVE_INFINITY, quota);
    const ranges = zone.hosts.map(host => rangeOf(host.nodes.length, stuckOnHost, quota));
    zone.hosts.forEach((host, i) => {
      onHosts.set(host, ranges[i] as Range);
    });
    const low = Math.max(own.low, sum(ranges, 'low'));
    const high = Math.min(own.high, sum(ranges, 'high'));
    if (low > high || ranges.some(range => range.low > range.high)) return undefined;
    inZones.set(zone, { low, high });
  }
  const all = [...inZones.values()];
  if (sum(all, 'low') > quota.primaries || sum(all, 'high') < quota.primaries) return undefined;
  return { hosts: onHosts, zones: inZones };
}

function sum(ranges: readonly Range[], end: keyof Range): number {
  return ranges.reduce((total, range) => total + range[end], 0);
}

/** First as few replicas as possible on the host of their primary, then as few as possible in its zone. */
export function tightestLimits(zones: readonly Zone[], quota: ReplicaQuota): Limits {
  let stuckOnHost = 0;
  while (!limitsFor(zones, quota, stuckOnHost, Number.POSITIVE_INFINITY)) stuckOnHost++;
  for (let stuckInZone = 0; ; stuckInZone++) {
    const limits = limitsFor(zones, quota, stuckOnHost, stuckInZone);
    if (limits) return limits;
  }
}

/**
 * Within the limits, the numbers with the least sum of squares over zones, and then over hosts. Limits of hosts nest in
 * those of zones, which makes the greedy choice the best one: what is owed first, and then one by one where the next
 * costs least, which is where there are fewest.
 */
export function evenCounts(zones: readonly Zone[], limits: Limits, primaries: number): PrimaryCounts {
  const counts = new Map([...limits.hosts].map(([host, { low }]) => [host, low]));
  const tallies = zones.map(zone => {
    const { low, high } = limits.zones.get(zone) as Range;
    const tally = { zone, high, count: primariesInZone(zone, counts) };
    while (tally.count < low) addOne(tally);
    return tally;
  });
  let left = primaries - tallies.reduce((placed, { count }) => placed + count, 0);
  for (; left > 0; left--) {
    const fewest = Math.min(...tallies.filter(t => t.count < t.high).map(t => t.count));
    const candidates = tallies.filter(t => t.count === fewest && t.count < t.high);
    addOne(leastBy(candidates, ({ zone }) => counts.get(roomiest(zone)) ?? 0));
  }
  return counts;

  function roomiest(zone: Zone): Host {
    const open = zone.hosts.filter(host => (counts.get(host) ?? 0) < (limits.hosts.get(host)?.high ?? 0));
    return leastBy(open, host => counts.get(host) ?? 0);
  }

  function addOne(tally: { readonly zone: Zone; count: number }): void {
    const host = roomiest(tally.zone);
    counts.set(host, (counts.get(host) ?? 0) + 1);
    tally.count++;
  }
}

function leastBy<T>(list: readonly T[], costOf: (item: T) => number): T {
  const [first, ...rest] = list;
  if (first === undefined) throw new RangeError('there is nothing to choose from');
  return rest.reduce((best, item) => (costOf(item) < costOf(best) ? item : best), first);
}
