/** A failover, carried out on paper. */

import type { FailoverStep } from '../../../src/plan/failover/step.ts';
import type { ClusterNode } from '../../../src/topology/node.ts';
import { SlotSet } from '../../../src/topology/slot-set.ts';
import type { NodeView } from '../../../src/topology/snapshot.ts';
import { factsOf, saying } from './view-changes.ts';

type Views = readonly NodeView[];

/** The new primary has all that the old one had; the old one and its other replicas follow it. */
export function afterFailover(views: Views, step: FailoverStep): Views {
  if (step.kind === 'be-ready') return views;
  const { node, primary } = step;
  const slots = SlotSet.union(
    views.flatMap(({ nodes }) =>
      nodes.flatMap(n => (n.id === primary && n.role === 'primary' ? [n.slots] : [])),
    ),
  );
  const configEpoch = 1 + Math.max(0, ...views.flatMap(({ nodes }) => nodes.map(n => n.configEpoch)));
  return views.map(view => {
    if (view.id === node) {
      const { offset } = view.server.replication;
      const self: ClusterNode = {
        ...factsOf(view.self),
        configEpoch,
        flags: ['master'],
        role: 'primary',
        slots,
      };
      const server = { ...view.server, replication: { role: 'primary', offset } as const };
      return { ...saying(losing(view, slots), self), server };
    }
    const follows = view.id === primary || (view.self.role === 'replica' && view.self.primary === primary);
    if (!follows) return view;
    const self: ClusterNode = {
      ...factsOf(view.self),
      configEpoch,
      flags: ['slave'],
      role: 'replica',
      primary: node,
    };
    const { offset } = view.server.replication;
    const server = { ...view.server, replication: { role: 'replica', link: 'up', offset } as const };
    return { ...saying(view, self), server, open: { migrating: new Map(), importing: new Map() } };
  });
}

function losing(view: NodeView, slots: SlotSet): NodeView {
  const nodes = view.nodes.map(n =>
    n.role === 'primary' && n.id !== view.id ? { ...n, slots: n.slots.without(slots) } : n,
  );
  return { ...view, nodes };
}
