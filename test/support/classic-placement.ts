/** How redis-cli lays out a new cluster, as an oracle: a good first try, mended by chance. */
import { type Spot, zonesOf } from '../../src/plan/placement/group-by-zone.ts';
import type { Shard } from '../../src/plan/placement/score.ts';
import type { NodeId } from '../../src/topology/node.ts';

interface Replica {
  readonly id: NodeId;
  primary: NodeId;
}

export function classicLayOut(spots: readonly Spot[], primaryCount: number, seed: number): Shard[] {
  const hostOf = new Map(spots.map(({ id, place }) => [id, place.host]));
  const line = oneOfEachHost(spots);
  const primaries = line.slice(0, primaryCount);
  const replicas = firstTry(primaries, line.slice(primaryCount), hostOf);
  mend(primaries, replicas, hostOf, seed);
  return primaries.map(primary => ({
    primary,
    replicas: replicas.filter(replica => replica.primary === primary).map(({ id }) => id),
  }));
}

/** One node of each host, then the next one of each. */
function oneOfEachHost(spots: readonly Spot[]): NodeId[] {
  const hosts = zonesOf(spots.map(({ id, place: { host } }) => ({ id, place: { host } })));
  const queues = hosts.flatMap(zone => zone.hosts.map(host => [...host.nodes]));
  return spots.flatMap(() => queues.flatMap(queue => queue.splice(0, 1)));
}

function firstTry(
  primaries: readonly NodeId[],
  line: readonly NodeId[],
  hostOf: ReadonlyMap<NodeId, string>,
): Replica[] {
  const free = [...line.slice(1), ...line.slice(0, 1)];
  const each = Math.floor(free.length / primaries.length);
  const replicas: Replica[] = [];
  const take = (primary: NodeId) => {
    const elsewhere = free.findIndex(id => hostOf.get(id) !== hostOf.get(primary));
    const [id] = free.splice(Math.max(0, elsewhere), 1);
    if (id) replicas.push({ id, primary });
  };
  for (const primary of primaries) for (let i = 0; i < each; i++) take(primary);
  while (free.length > 0) primaries.forEach(take);
  return replicas;
}

/** Swaps the primaries of an offender, chosen at random, and of any other replica, unless that is worse. */
function mend(
  primaries: readonly NodeId[],
  replicas: readonly Replica[],
  hostOf: ReadonlyMap<NodeId, string>,
  seed: number,
): void {
  const random = generator(seed);
  for (let rounds = 500 * (primaries.length + replicas.length); rounds > 0; rounds--) {
    const { score, offenders } = classicScore(replicas, hostOf);
    if (score === 0) return;
    const one = offenders[random(offenders.length)] as Replica;
    const others = replicas.filter(replica => replica !== one);
    const other = others[random(others.length)];
    if (!other) return;
    swap(one, other);
    if (classicScore(replicas, hostOf).score > score) swap(one, other);
  }
}

function swap(one: Replica, other: Replica): void {
  [one.primary, other.primary] = [other.primary, one.primary];
}

/** Nodes of one shard on one host: 10000 for each replica beside the primary, else 1 for each of several siblings. */
function classicScore(
  replicas: readonly Replica[],
  hostOf: ReadonlyMap<NodeId, string>,
): { score: number; offenders: Replica[] } {
  const groups = new Map<string, Replica[]>();
  for (const replica of replicas) {
    const key = `${replica.primary} ${hostOf.get(replica.id)}`;
    groups.set(key, [...(groups.get(key) ?? []), replica]);
  }
  let score = 0;
  const offenders: Replica[] = [];
  for (const group of groups.values()) {
    const withPrimary = group.some(({ id, primary }) => hostOf.get(id) === hostOf.get(primary));
    if (!withPrimary && group.length < 2) continue;
    score += withPrimary ? 10_000 * group.length : group.length;
    offenders.push(...group);
  }
  return { score, offenders };
}

/** Whole numbers below `limit` from a seed (mulberry32). */
function generator(seed: number): (limit: number) => number {
  let state = seed;
  return limit => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  };
}
