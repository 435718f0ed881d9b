/**
 * Gives replicas to the primaries of a living cluster: those that have none yet, or all of them anew with as few moves
 * as possible. What is best is decided in this order:
 *
 * 1. as many primaries as possible have a replica at all;
 * 2. replicas on the host of their primary, and 3. in its zone;
 * 4. unevenness: replicas missing below the even share rounded down, plus replicas above it rounded up;
 * 5. siblings on one host, and 6. in one zone;
 * 7. moves. What is best already in all other respects therefore stays as it is.
 */

import type { NodePlace } from '../../topology/host-and-zone.ts';
import type { NodeId } from '../../topology/node.ts';
import { type Host, zonesOf } from './group-by-zone.ts';
import { type Headcount, solveRehoming } from './place-replicas-network.ts';
import type { Shard } from './score.ts';
import { homesIn } from './shards.ts';

export interface WhichReplicas {
  /** `homeless`: replicas that have a primary keep it. `all`: everybody may move. */
  readonly movable: 'homeless' | 'all';
}

/** Shards come back in their order; in each, first those who stayed, in their order, and then the newcomers. */
export function placeReplicas(
  shards: readonly Shard[],
  homeless: readonly NodeId[],
  placeOf: (id: NodeId) => NodePlace,
  { movable }: WhichReplicas,
): Shard[] {
  if (homeless.length > 0 && shards.length === 0) {
    throw new RangeError('there is no primary that could get a replica');
  }
  const hostOf = hostsByNode(shards, homeless, placeOf);
  const present = shards.map(({ primary, replicas }) => ({
    host: hostOf(primary),
    replicas: headcount(replicas, hostOf),
  }));
  const changes = solveRehoming(present, headcount(homeless, hostOf), movable);

  const parted = shards.map(({ replicas }, i) => firstOf(replicas, changes[i]?.staying, hostOf));
  let waiting = [...parted.flatMap(({ others }) => others), ...homeless];
  return shards.map(({ primary }, i) => {
    const { taken, others } = firstOf(waiting, changes[i]?.arriving, hostOf);
    waiting = others;
    return { primary, replicas: [...(parted[i]?.taken ?? []), ...taken] };
  });
}

/** Whose each of these becomes; all others stay where they are. Where there is no primary, nobody's. */
export function homesFor(
  shards: readonly Shard[],
  homeless: readonly NodeId[],
  placeOf: (id: NodeId) => NodePlace,
): Map<NodeId, NodeId> {
  if (homeless.length === 0 || shards.length === 0) return new Map();
  const newcomers = new Set(homeless);
  return new Map(
    homesIn(placeReplicas(shards, homeless, placeOf, { movable: 'homeless' })).filter(([id]) =>
      newcomers.has(id),
    ),
  );
}

function hostsByNode(
  shards: readonly Shard[],
  homeless: readonly NodeId[],
  placeOf: (id: NodeId) => NodePlace,
): (id: NodeId) => Host {
  const nodes = [...shards.flatMap(({ primary, replicas }) => [primary, ...replicas]), ...homeless];
  const hosts = zonesOf(nodes.map(id => ({ id, place: placeOf(id) }))).flatMap(zone => zone.hosts);
  const byNode = new Map(hosts.flatMap(host => host.nodes.map(id => [id, host])));
  return id => byNode.get(id) as Host;
}

function headcount(nodes: readonly NodeId[], hostOf: (id: NodeId) => Host): Headcount {
  const counts = new Map<Host, number>();
  for (const id of nodes) counts.set(hostOf(id), (counts.get(hostOf(id)) ?? 0) + 1);
  return counts;
}

/** The first so many of each host. */
function firstOf(
  nodes: readonly NodeId[],
  wanted: Headcount = new Map(),
  hostOf: (id: NodeId) => Host,
): { taken: NodeId[]; others: NodeId[] } {
  const left = new Map(wanted);
  const taken: NodeId[] = [];
  const others: NodeId[] = [];
  for (const id of nodes) {
    const open = left.get(hostOf(id)) ?? 0;
    left.set(hostOf(id), open - 1);
    (open > 0 ? taken : others).push(id);
  }
  return { taken, others };
}
