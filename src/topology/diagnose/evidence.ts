/** What several rules need to know, worked out once. */
import type { Census } from '../census.ts';
import type { Finding, FindingDetails } from '../finding.ts';
import { addTo } from '../group-by.ts';
import type { ClusterNode, NodeId, Primary } from '../node.ts';
import { SlotSet } from '../slot-set.ts';
import { believedNodes, type Camp, type ClusterSnapshot, campsOf, type NodeView } from '../snapshot.ts';

export interface DiagnoseOptions {
  /** How many healthy replicas each primary with slots must have. */
  readonly minReplicas: number;
  /** From this many bytes on a replica counts as far behind. */
  readonly maxReplicaLagBytes: number;
  /** Key counts, where they were asked for. */
  readonly census?: Census;
}

export interface Evidence extends DiagnoseOptions {
  readonly snapshot: ClusterSnapshot;
  readonly views: ReadonlyMap<NodeId, NodeView>;
  /** Each node once, in its own words where it answered. */
  readonly nodes: ReadonlyMap<NodeId, ClusterNode>;
  /** Primaries that own slots: in their own words, or, where they do not answer, in the others'. */
  readonly owners: readonly Primary[];
  /** The views, by what they say. */
  readonly camps: readonly Camp[];
  /** Who knows whom: for each node the camps that list it. */
  readonly knownTo: ReadonlyMap<NodeId, readonly Camp[]>;
  /** Who did not answer, and where that was is known. */
  readonly lostAt: ReadonlySet<NodeId>;
}

export type Rule = (evidence: Evidence) => Finding[];

export function gatherEvidence(snapshot: ClusterSnapshot, options: DiagnoseOptions): Evidence {
  const nodes = believedNodes(snapshot);
  const camps = campsOf(snapshot.views);
  const knownTo = new Map<NodeId, Camp[]>();
  for (const camp of camps) {
    for (const node of camp.nodes) addTo(knownTo, node.id, camp);
  }
  return {
    ...options,
    snapshot,
    views: new Map(snapshot.views.map(view => [view.id, view])),
    nodes,
    owners: [...nodes.values()].filter((n): n is Primary => n.role === 'primary' && n.slots.size > 0),
    camps,
    knownTo,
    lostAt: new Set(snapshot.unreachable.filter(({ address }) => address).map(({ id }) => id)),
  };
}

/** Sorted, so that reports are the same whoever was asked first. */
export function idsOf(camps: readonly Camp[]): NodeId[] {
  return camps.flatMap(camp => camp.views.map(view => view.id)).sort();
}

/** Unless it says otherwise, it is about no slots in particular. */
export function warning(nodes: readonly NodeId[], details: FindingDetails, slots = SlotSet.empty): Finding {
  return { severity: 'warning', nodes, slots, ...details };
}

export function error(nodes: readonly NodeId[], details: FindingDetails, slots = SlotSet.empty): Finding {
  return { ...warning(nodes, details, slots), severity: 'error' };
}
