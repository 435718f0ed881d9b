/** Data that only one node has left. */
import type { NodeId } from './node.ts';
import { SlotSet } from './slot-set.ts';
import { type ClusterSnapshot, campsOf, type NodeView } from './snapshot.ts';

export interface LastCopy {
  readonly primary: NodeId;
  readonly slots: SlotSet;
}

/** How much less another replica may have received and still count as a copy. */
const CLOSE_BYTES = 1024 * 1024;

/** Whether a node is the only one that answers of those that hold the keys of some slots: to empty it is to lose them. */
export function lastCopyOf(snapshot: ClusterSnapshot, id: NodeId): LastCopy | undefined {
  const { views } = snapshot;
  const view = views.find(candidate => candidate.id === id);
  if (view?.self.role !== 'replica' || !view.self.primary) return undefined;
  const { primary } = view.self;
  if (views.some(candidate => candidate.id === primary)) return undefined;
  const slots = slotsGivenTo(snapshot, primary);
  if (slots.size === 0) return undefined;
  const siblings = views.filter(({ self }) => self.role === 'replica' && self.primary === primary);
  return siblings.some(sibling => sibling !== view && isCopy(sibling, view)) ? undefined : { primary, slots };
}

/** A replica that was added a moment ago is on the list, and has nothing yet. */
function isCopy({ server: other }: NodeView, { server: own }: NodeView): boolean {
  const hasKeys = (other.keys ?? 0) > 0 || (own.keys ?? 0) === 0;
  return (
    hasKeys &&
    other.replication.offset > 0 &&
    other.replication.offset >= own.replication.offset - CLOSE_BYTES
  );
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
