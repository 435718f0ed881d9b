/** Data that only one node has left. */
import type { NodeId } from './node.ts';
import type { SlotSet } from './slot-set.ts';
import { believedNodes, type ClusterSnapshot } from './snapshot.ts';

export interface LastCopy {
  readonly primary: NodeId;
  readonly slots: SlotSet;
}

/** Whether a node is the only one that answers of those that hold the keys of some slots: to empty it is to lose them. */
export function lastCopyOf(snapshot: ClusterSnapshot, id: NodeId): LastCopy | undefined {
  const answering = new Map(snapshot.views.map(view => [view.id, view.self]));
  const self = answering.get(id);
  if (self?.role !== 'replica' || !self.primary || answering.has(self.primary)) return undefined;
  const primary = believedNodes(snapshot).get(self.primary);
  if (primary?.role !== 'primary' || primary.slots.size === 0) return undefined;
  const others = [...answering.values()].some(
    node => node.id !== id && node.role === 'replica' && node.primary === primary.id,
  );
  return others ? undefined : { primary: primary.id, slots: primary.slots };
}
