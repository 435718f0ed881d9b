/** What those who answer say of each node. Asked of every node that is silent, of which there may be thousands. */
import { addTo } from './group-by.ts';
import { memoized } from './memoized.ts';
import type { ClusterNode, NodeId } from './node.ts';
import { type Camp, type ClusterSnapshot, campsOf } from './snapshot.ts';

export interface Opinion {
  readonly node: ClusterNode;
  /** Those who say so. */
  readonly camp: Camp;
}

export function opinionsOn(snapshot: ClusterSnapshot, id: NodeId): readonly Opinion[] {
  return allOpinions(snapshot).get(id) ?? [];
}

const allOpinions = memoized(collect);

function collect({ views }: ClusterSnapshot): ReadonlyMap<NodeId, readonly Opinion[]> {
  const opinions = new Map<NodeId, Opinion[]>();
  for (const camp of campsOf(views)) {
    for (const node of camp.nodes) {
      addTo(opinions, node.id, { node, camp });
    }
  }
  return opinions;
}
