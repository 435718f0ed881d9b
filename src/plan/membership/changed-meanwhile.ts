/** What a plan took a node for, and what it has come to be before it was its turn. */
import type { NodeId } from '../../topology/node.ts';
import type { OfKind } from '../../topology/of-kind.ts';
import type { SlotSet } from '../../topology/slot-set.ts';
import type { NodeView } from '../../topology/snapshot.ts';

export type NodeChange =
  | OfKind<'owns-slots', { slots: SlotSet }>
  | OfKind<'promoted'>
  | OfKind<'has-keys', { keys: number }>
  /** It was silent when the plan was made, and these hear it again. */
  | OfKind<'heard-again', { by: readonly NodeId[] }>
  /** Somebody else has made it a replica of another primary. */
  | OfKind<'taken', { primary?: NodeId }>;

/** What keeps a node from being forgotten or reset that was fit for it: it would take the last copy of something along. */
export function changeBeforeLeaving(before: NodeView, now: NodeView): NodeChange | undefined {
  if (now.self.role !== 'primary') return undefined;
  const had = before.self.role === 'primary' ? before.self.slots : undefined;
  const slots = had ? now.self.slots.without(had) : now.self.slots;
  if (slots.size > 0) return { kind: 'owns-slots', slots };
  if (before.self.role === 'replica') return { kind: 'promoted' };
  const keys = now.server.keys ?? 0;
  return keys > 0 && (before.server.keys ?? 0) === 0 ? { kind: 'has-keys', keys } : undefined;
}

/** Of a node that was nobody's replica, and of whom somebody else may have thought the same. */
export function changeBeforeReplicating(
  before: NodeView,
  now: NodeView,
  wanted: NodeId,
): NodeChange | undefined {
  if (before.self.role === 'replica' || now.self.role !== 'replica' || now.self.primary === wanted)
    return undefined;
  return { kind: 'taken', ...(now.self.primary && { primary: now.self.primary }) };
}
