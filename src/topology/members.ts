/** Parts of a snapshot: who can be talked to, and what the cluster is without some of its nodes. */
import type { Member } from './agreement.ts';
import { type ClusterNode, type NodeId, USUAL_BUS_OFFSET } from './node.ts';
import type { ClusterSnapshot, NodeView } from './snapshot.ts';

/** Everybody who answers. */
export function membersOf({ views }: ClusterSnapshot): Member[] {
  return views.map(memberOf);
}

export function memberOf({ id, address, self, busPort }: NodeView): Member {
  const announced = self.address;
  if (!announced || announced.host === announced.hostname) return { id, address };
  const { host: ip, port } = announced;
  return {
    id,
    address,
    meetAt: { ip, port, busPort: busPort ?? announced.busPort ?? port + USUAL_BUS_OFFSET },
  };
}

/** As if these nodes had never been there, and nobody had ever heard of them. */
export function withoutNodes(snapshot: ClusterSnapshot, ids: ReadonlySet<NodeId>): ClusterSnapshot {
  const lists = new Map<readonly ClusterNode[], readonly ClusterNode[]>();
  const rest = (nodes: readonly ClusterNode[]) => {
    const known = lists.get(nodes) ?? nodes.filter(node => !ids.has(node.id));
    lists.set(nodes, known);
    return known;
  };
  return {
    entry: snapshot.entry,
    views: snapshot.views
      .filter(view => !ids.has(view.id))
      .map(view => ({ ...view, nodes: rest(view.nodes) })),
    unreachable: snapshot.unreachable.filter(({ id }) => !ids.has(id)),
  };
}
