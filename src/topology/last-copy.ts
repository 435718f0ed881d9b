/** Data that only one node has left. */
import { type NodeId, slotsOf } from './node.ts';
import { opinionsOn } from './opinions.ts';
import { SlotSet } from './slot-set.ts';
import { type ClusterSnapshot, coveredSlots, type NodeView, replicasOf, viewOf } from './snapshot.ts';

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
  const view = viewOf(snapshot, id);
  const said = view ? [view.self] : opinionsOn(snapshot, id).map(({ node }) => node);
  // As others have it, where the node itself does not say: they need not agree.
  const primaries = said.flatMap(node => (node.role === 'replica' && node.primary ? [node.primary] : []));
  for (const primary of [...new Set(primaries)].sort()) {
    if (viewOf(snapshot, primary)) continue;
    const slots = slotsGivenTo(snapshot, primary);
    if (slots.size === 0) continue;
    const isOneOfSeveral = replicasOf(snapshot, primary).some(
      sibling => sibling !== view && isCopy(sibling, view),
    );
    if (!isOneOfSeveral) return { primary, slots };
  }
  return undefined;
}

/** Slots without an owner that answers may be held by anybody of whom nobody knows what it is. */
export function mayHoldUnowned(snapshot: ClusterSnapshot, id: NodeId): SlotSet {
  const opinions = opinionsOn(snapshot, id);
  const isUnknown = opinions.length > 0 && opinions.every(({ node }) => node.role === 'stranger');
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
  return SlotSet.union(opinionsOn(snapshot, id).map(({ node }) => slotsOf(node)));
}
