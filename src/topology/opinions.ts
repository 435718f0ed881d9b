/** What those who answer say of each node. Asked of every node that is silent, of which there may be thousands. */
import type { ClusterNode, NodeId } from './node.ts';
import { type Camp, type ClusterSnapshot, campsOf } from './snapshot.ts';

export interface Opinion {
  readonly node: ClusterNode;
  /** Those who say so. */
  readonly camp: Camp;
}

const known = new WeakMap<ClusterSnapshot, ReadonlyMap<NodeId, readonly Opinion[]>>();

export function opinionsOn(snapshot: ClusterSnapshot, id: NodeId): readonly Opinion[] {
  const opinions = known.get(snapshot) ?? collect(snapshot);
  known.set(snapshot, opinions);
  return opinions.get(id) ?? [];
}

function collect({ views }: ClusterSnapshot): ReadonlyMap<NodeId, readonly Opinion[]> {
  const opinions = new Map<NodeId, Opinion[]>();
  for (const camp of campsOf(views)) {
    for (const node of camp.nodes) {
      const others = opinions.get(node.id);
      if (others) others.push({ node, camp });
      else opinions.set(node.id, [{ node, camp }]);
    }
  }
  return opinions;
}
