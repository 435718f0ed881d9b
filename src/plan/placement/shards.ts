/** Primaries that answer, each with its replicas that answer: what replicas can be moved between. */
import { groupBy } from '../../topology/group-by.ts';
import type { NodeId } from '../../topology/node.ts';
import { type ClusterSnapshot, primariesInOrder } from '../../topology/snapshot.ts';
import type { Shard } from './score.ts';

/** Those with slots come first, so that of equals they get a replica first. */
export function shardsOf(snapshot: ClusterSnapshot): Shard[] {
  const replicas = groupBy(snapshot.views, ({ self }) =>
    self.role === 'replica' ? self.primary : undefined,
  );
  return primariesInOrder(snapshot).map(({ id: primary }) => ({
    primary,
    replicas: (replicas.get(primary) ?? []).map(({ id }) => id).sort(),
  }));
}

/** Each replica, and whose it is. */
export function homesIn(shards: Iterable<Shard>): (readonly [replica: NodeId, primary: NodeId])[] {
  return [...shards].flatMap(({ primary, replicas }) => replicas.map(id => [id, primary] as const));
}
