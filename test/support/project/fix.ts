/** The steps of `fix`, carried out on paper. */

import type { MendingStep } from '../../../src/plan/step.ts';
import type { ClusterNode, NodeId, OpenSlots } from '../../../src/topology/node.ts';
import { SlotSet } from '../../../src/topology/slot-set.ts';
import type { NodeView } from '../../../src/topology/snapshot.ts';
import { factsOf, owning, saying, withoutOpen } from './view-changes.ts';

type Views = readonly NodeView[];

export function afterMending(views: Views, step: MendingStep): Views {
  const at = (id: NodeId, change: (view: NodeView) => NodeView) =>
    views.map(view => (view.id === id ? change(view) : view));
  switch (step.kind) {
    case 'set-slots':
      return views.map(view => (isAt(view, step) ? { ...view, open: marked(view.open, step) } : view));
    case 'claim-slots': {
      const epoch = newEpoch(views);
      return views.map(view => {
        if (view.id !== step.node) return hearing(view, step, epoch);
        const open = withoutOpen(view.open, step.slots);
        const others = withoutOwners(view, step.slots);
        return inEpoch(
          owning({ ...others, open }, own => own.union(step.slots)),
          epoch,
        );
      });
    }
    case 'tell-owner':
      return at(step.node, view => {
        const open = withoutOpen(view.open, step.slots);
        const told = owning({ ...withoutOwners(view, step.slots), open }, own => own.without(step.slots));
        return { ...told, nodes: told.nodes.map(node => gaining(node, step.owner, step.slots)) };
      });
    case 'bump-epoch':
      return at(step.node, view => inEpoch(view, newEpoch(views)));
    case 'take-over': {
      const slots = slotsOf(views, step.primary);
      const epoch = newEpoch(views);
      return at(step.node, view => {
        const facts = { ...factsOf(view.self), configEpoch: epoch, flags: ['master'] };
        const { offset } = view.server.replication;
        return {
          ...saying(withoutOwners(view, slots), { ...facts, role: 'primary', slots }),
          server: { ...view.server, replication: { role: 'primary', offset } },
        };
      });
    }
    case 'settle-keys':
    case 'gather-keys':
    case 'cancel-migration':
      // No view tells of these.
      return views;
  }
}

/** A claim in a new epoch goes round by itself; only who imports a slot does not hear who owns it. */
function hearing(
  view: NodeView,
  { node: owner, slots }: Extract<MendingStep, { kind: 'claim-slots' }>,
  configEpoch: number,
): NodeView {
  const heard = slots.without(SlotSet.of(...view.open.importing.keys()));
  const nodes = withoutOwners(view, heard).nodes.map(node =>
    node.id === owner ? { ...gaining(node, owner, heard), configEpoch } : node,
  );
  return { ...view, nodes };
}

/** Valkey's replicas follow. */
function isAt({ id, self }: NodeView, { node, state }: Extract<MendingStep, { kind: 'set-slots' }>): boolean {
  return id === node || (state === 'stable' && self.role === 'replica' && self.primary === node);
}

function marked(open: OpenSlots, step: Extract<MendingStep, { kind: 'set-slots' }>): OpenSlots {
  const { state, peer, slots } = step;
  if (state === 'stable' || !peer) return withoutOpen(open, slots);
  const added = new Map(open[state]);
  for (const slot of slots) added.set(slot, peer);
  return { ...open, [state]: added };
}

function newEpoch(views: Views): number {
  return 1 + Math.max(0, ...views.flatMap(({ nodes }) => nodes.map(({ configEpoch }) => configEpoch)));
}

function inEpoch(view: NodeView, configEpoch: number): NodeView {
  return saying(view, { ...view.self, configEpoch });
}

/** Slots that it gave to others it gives to nobody now. */
function withoutOwners(view: NodeView, slots: SlotSet): NodeView {
  const nodes = view.nodes.map(node =>
    node.role === 'primary' && node.id !== view.id && node.slots.intersect(slots).size > 0
      ? { ...node, slots: node.slots.without(slots) }
      : node,
  );
  return { ...view, nodes };
}

function gaining(node: ClusterNode, owner: NodeId, slots: SlotSet): ClusterNode {
  return node.id === owner && node.role === 'primary' ? { ...node, slots: node.slots.union(slots) } : node;
}

function slotsOf(views: Views, id: NodeId): SlotSet {
  return SlotSet.union(
    views.flatMap(({ nodes }) => nodes.flatMap(n => (n.id === id && n.role === 'primary' ? [n.slots] : []))),
  );
}
