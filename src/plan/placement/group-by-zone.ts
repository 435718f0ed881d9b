/** Nodes, gathered by where they stand. */

import { type NodePlace, zoneOf } from '../../topology/host-and-zone.ts';
import type { NodeId } from '../../topology/node.ts';

export interface Spot {
  readonly id: NodeId;
  readonly place: NodePlace;
}

export interface Host {
  readonly zone: Zone;
  /** In the order in which they were named. */
  readonly nodes: readonly NodeId[];
}

/** A named zone, or a host of which no zone is known. A zone with one host cannot conflict with anything of its own. */
export interface Zone {
  readonly hosts: readonly Host[];
}

/** Zones, and hosts in them, in order of first appearance. A host is in one zone: that of the first node on it. */
export function zonesOf(spots: Iterable<Spot>): Zone[] {
  const zones = new Map<string, { hosts: Host[] }>();
  const nodesOn = new Map<string, NodeId[]>();
  for (const { id, place } of spots) {
    const known = nodesOn.get(place.host);
    if (known) {
      known.push(id);
      continue;
    }
    const nodes = [id];
    nodesOn.set(place.host, nodes);
    const zone = zones.get(zoneOf(place)) ?? { hosts: [] };
    zones.set(zoneOf(place), zone);
    zone.hosts.push({ zone, nodes });
  }
  return [...zones.values()];
}

export function nodesIn(zone: Zone): number {
  return zone.hosts.reduce((sum, host) => sum + host.nodes.length, 0);
}
