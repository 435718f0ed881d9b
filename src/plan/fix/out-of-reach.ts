/** Who may have the only copy of keys in slots that nobody serves, and cannot be asked for them or is not asked. */
import type { NodeId } from '../../topology/node.ts';
import { isAlive } from '../../topology/proof-of-life.ts';
import { believedNodes, type ClusterSnapshot, viewOf } from '../../topology/snapshot.ts';

/**
 * Whoever cannot be asked may hold the keys of slots that nobody owns, and be back a moment later: then clients have
 * written onto nothing meanwhile. (Found by cutting our connections: 68 keys.)
 */
export function silentPrimaries({ views, unreachable }: ClusterSnapshot): NodeId[] {
  const primaries = new Set(
    views.flatMap(({ nodes }) => nodes.filter(({ role }) => role === 'primary').map(({ id }) => id)),
  );
  return unreachable.flatMap(({ id }) => (id && primaries.has(id) ? [id] : []));
}

/**
 * Those who live, give us no view, and may have the only copy of slots without an owner: replicas whose primary does not
 * answer either, and nodes of whom nobody knows what they are. What they have is not given up on anybody's word.
 */
export function livingHolders(snapshot: ClusterSnapshot): NodeId[] {
  return snapshot.unreachable
    .filter(({ id }) => mayHaveCopy(snapshot, id) && isAlive(snapshot, id))
    .map(({ id }) => id);
}

function mayHaveCopy(snapshot: ClusterSnapshot, id: NodeId): boolean {
  const node = believedNodes(snapshot).get(id);
  if (node?.role === 'stranger') return !node.handshake;
  return node?.role === 'replica' && !viewOf(snapshot, node.primary);
}

/** Replicas of a primary that nobody knows any more: their keys may be all that is left of slots that nobody owns. */
export function strandedCopies(snapshot: ClusterSnapshot): NodeId[] {
  const known = believedNodes(snapshot);
  return snapshot.views.flatMap(({ id, self, server }) => {
    if (self.role !== 'replica' || server.keys === 0) return [];
    return self.primary && known.has(self.primary) ? [] : [id];
  });
}

/** One of whom we have no view is the only copy that is left. */
export function hasLivingReplica(primary: NodeId, snapshot: ClusterSnapshot): boolean {
  const replicas = snapshot.views.flatMap(({ nodes }) =>
    nodes.filter(node => node.role === 'replica' && node.primary === primary).map(({ id }) => id),
  );
  return [...new Set(replicas)].some(id => isAlive(snapshot, id));
}
