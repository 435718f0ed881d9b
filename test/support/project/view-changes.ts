/** Single things that change in what a node says, for plans that are carried out on paper. */
import type { ClusterNode, OpenSlots } from '../../../src/topology/node.ts';
import type { SlotSet } from '../../../src/topology/slot-set.ts';
import type { NodeView } from '../../../src/topology/snapshot.ts';

export function saying(view: NodeView, self: ClusterNode): NodeView {
  return { ...view, self, nodes: view.nodes.map(node => (node.id === view.id ? self : node)) };
}

export function owning(view: NodeView, change: (own: SlotSet) => SlotSet): NodeView {
  const { self } = view;
  return self.role === 'primary' ? saying(view, { ...self, slots: change(self.slots) }) : view;
}

export function withoutOpen({ migrating, importing }: OpenSlots, slots: SlotSet): OpenSlots {
  const rest = (open: OpenSlots['migrating']) => new Map([...open].filter(([slot]) => !slots.has(slot)));
  return { migrating: rest(migrating), importing: rest(importing) };
}

/** What can be said of a node whatever its role. */
export function factsOf({ id, address, health, configEpoch, linked }: ClusterNode) {
  return { id, ...(address && { address }), health, configEpoch, linked };
}
