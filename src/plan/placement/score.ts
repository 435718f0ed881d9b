/** How far a cluster is from surviving the loss of a host or a zone. */

import { type NodePlace, zoneOf } from '../../topology/host-and-zone.ts';
import type { NodeId } from '../../topology/node.ts';

export interface Shard {
  readonly primary: NodeId;
  readonly replicas: readonly NodeId[];
}

/**
 * Four numbers of replicas, worst first; a replica counts once as seen from its primary and once as seen from its
 * siblings, and where it shares the host it does not count again for the zone. Without zones the numbers for zones are
 * therefore 0. Scores compare in this order: one replica that dies with its primary is worse than any number of
 * replicas that die with each other.
 */
export interface AntiAffinityScore {
  /** On the host of their primary. */
  readonly onPrimaryHost: number;
  /** In the zone of their primary, on another host. */
  readonly inPrimaryZone: number;
  /** Above the first one of the same shard on a host. */
  readonly besideSiblingOnHost: number;
  /** In a zone above the first host that the same shard uses there: hosts minus zones, summed over shards. */
  readonly besideSiblingInZone: number;
}

export const perfectScore: AntiAffinityScore = {
  onPrimaryHost: 0,
  inPrimaryZone: 0,
  besideSiblingOnHost: 0,
  besideSiblingInZone: 0,
};

export function scoreOf(shards: Iterable<Shard>, placeOf: (id: NodeId) => NodePlace): AntiAffinityScore {
  const score = { ...perfectScore };
  for (const { primary, replicas } of shards) {
    const home = placeOf(primary);
    const hostsByZone = new Map<string, Set<string>>();
    const hosts = new Set<string>();
    for (const place of replicas.map(placeOf)) {
      if (place.host === home.host) score.onPrimaryHost++;
      else if (zoneOf(place) === zoneOf(home)) score.inPrimaryZone++;
      hosts.add(place.host);
      const inZone = hostsByZone.get(zoneOf(place)) ?? new Set();
      hostsByZone.set(zoneOf(place), inZone.add(place.host));
    }
    score.besideSiblingOnHost += replicas.length - hosts.size;
    for (const inZone of hostsByZone.values()) score.besideSiblingInZone += inZone.size - 1;
  }
  return score;
}

/** Below zero where the first is better. */
export function compareScores(a: AntiAffinityScore, b: AntiAffinityScore): number {
  return (
    a.onPrimaryHost - b.onPrimaryHost ||
    a.inPrimaryZone - b.inPrimaryZone ||
    a.besideSiblingOnHost - b.besideSiblingOnHost ||
    a.besideSiblingInZone - b.besideSiblingInZone
  );
}
