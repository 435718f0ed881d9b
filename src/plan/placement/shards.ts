/** Primaries that answer, each with its replicas that answer: what replicas can be moved between. */
import type { NodeId } from '../../topology/node.ts';
import type { ClusterSnapshot } from '../../topology/snapshot.ts';
import type { Shard } from './score.ts';

/** Those with slots come first, so that of equals they get a replica first. */
export function shardsOf({ views }: ClusterSnapshot): Shard[] {
  const replicas = new Map<NodeId, NodeId[]>();
  for (const { id, self } of views) {
    if (self.role !== 'replica' || !self.primary) continue;
    replicas.set(self.primary, [...(replicas.get(self.primary) ?? []), id]);
  }
  const primaries = views.flatMap(({ id, self }) =>
    self.role === 'primary' ? [{ id, slots: self.slots }] : [],
  );
  const first = (slots: (typeof primaries)[number]['slots']) =>
    slots.ranges[0]?.first ?? Number.MAX_SAFE_INTEGER;
  return primaries
    .sort((a, b) => first(a.slots) - first(b.slots) || (a.id < b.id ? -1 : 1))
    .map(({ id }) => ({ primary: id, replicas: (replicas.get(id) ?? []).sort() }));
}
