/** Data that only one node has left. */
import type { NodeId } from './node.ts';
import { SlotSet } from './slot-set.ts';
import { type ClusterSnapshot, campsOf, coveredSlots, type NodeView } from './snapshot.ts';

export interface LastCopy {
  readonly primary: NodeId;
  readonly slots: SlotSet;
}

/** How much less another replica may have received and still count as a copy. */
const CLOSE_BYTES = 1024 * 1024;

/**
 * Whether a node is the only one that answers of those that hold the keys of some slots, or, where it does not answer
 * itself, whether it may be the only one at all: to empty it, or to forget it, is to lose them.
 */
export function lastCopyOf(snapshot: ClusterSnapshot, id: NodeId): LastCopy | undefined {
  const { views } = snapshot;
  const view = views.find(candidate => candidate.id === id);
  const primaries = view
    ? primaryIn([view.self], id)
    : primaryIn(
        campsOf(views).flatMap(({ nodes }) => nodes),
        id,
      );
  for (const primary of [...new Set(primaries)].sort()) {
    if (views.some(candidate => candidate.id === primary)) continue;
    const slots = slotsGivenTo(snapshot, primary);
    if (slots.size === 0) continue;
    const siblings = views.filter(({ self }) => self.role === 'replica' && self.primary === primary);
    const isOneOfSeveral = siblings.some(sibling => sibling !== view && isCopy(sibling, view));
    if (!isOneOfSeveral) return { primary, slots };
  }
  return undefined;
}

/** As others have it, where the node itself does not say: they need not agree. */
function primaryIn(nodes: NodeView['nodes'], id: NodeId): NodeId[] {
  return nodes.flatMap(node =>
    node.id === id && node.role === 'replica' && node.primary ? [node.primary] : [],
  );
}

/** Slots without an owner that answers may be held by anybody of whom nobody knows what it is. */
export function mayHoldUnowned(snapshot: ClusterSnapshot, id: NodeId): SlotSet {
  const roles = new Set(
    campsOf(snapshot.views).flatMap(({ nodes }) => nodes.filter(n => n.id === id).map(n => n.role)),
  );
  const isUnknown = roles.size > 0 && [...roles].every(role => role === 'stranger');
  return isUnknown ? SlotSet.all.without(coveredSlots(snapshot)) : SlotSet.empty;
}

/** A replica that was added a moment ago is on the list, and has nothing yet. Of one that is silent nobody knows how far it was. */
function isCopy({ server: other }: NodeView, view: NodeView | undefined): boolean {
  const hasKeys = (other.keys ?? 0) > 0 || (view !== undefined && (view.server.keys ?? 0) === 0);
  const own = view?.server.replication.offset ?? 0;
  return hasKeys && other.replication.offset > 0 && other.replication.offset >= own - CLOSE_BYTES;
}

/** By its own word, and by anybody's: a node that was reset says that it owns nothing, and its replicas know better. */
export function slotsGivenTo(snapshot: ClusterSnapshot, id: NodeId): SlotSet {
  const claims = claimsIn.get(snapshot) ?? claimsOf(snapshot);
  claimsIn.set(snapshot, claims);
  return SlotSet.union(claims.get(id) ?? []);
}

/** Asked of every node that is silent, of which there may be thousands. */
const claimsIn = new WeakMap<ClusterSnapshot, ReadonlyMap<NodeId, readonly SlotSet[]>>();

function claimsOf({ views }: ClusterSnapshot): ReadonlyMap<NodeId, readonly SlotSet[]> {
  const claims = new Map<NodeId, SlotSet[]>();
  for (const { nodes } of campsOf(views)) {
    for (const node of nodes) {
      if (node.role !== 'primary' || node.slots.size === 0) continue;
      claims.set(node.id, [...(claims.get(node.id) ?? []), node.slots]);
    }
  }
  return claims;
}
