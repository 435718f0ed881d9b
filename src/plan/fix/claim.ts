/** What a node has to be told to claim slots: it takes none which it believes to be somebody's, so it forgets that first. */
import type { ClusterNode } from '../../topology/node.ts';
import { SlotSet } from '../../topology/slot-set.ts';

export interface Claim {
  /** Those that it believes to be somebody else's. */
  readonly dropped: SlotSet;
  /** Those that are not its own yet. */
  readonly added: SlotSet;
}

/** `nodes`: what the node itself believes of everybody. */
export function claimOf(
  { self, nodes }: { readonly self: ClusterNode; readonly nodes: readonly ClusterNode[] },
  slots: SlotSet,
): Claim {
  const added = self.role === 'primary' ? slots.without(self.slots) : slots;
  const others = nodes.flatMap(node => (node.role === 'primary' && node.id !== self.id ? [node.slots] : []));
  return { dropped: SlotSet.union(others).intersect(added), added };
}
