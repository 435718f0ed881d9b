/**
 * Reasons to doubt that a server still has what it was given: between two looks it has evicted keys, was started anew
 * (from which it may have come back with all of them, with some, or with none), or has not answered the second look.
 */
import type { NodeId } from './node.ts';
import type { ClusterSnapshot, NodeView } from './snapshot.ts';

export type Doubt =
  | { readonly kind: 'evicted'; readonly node: NodeId; readonly keys: number }
  | {
      readonly kind: 'restarted';
      readonly node: NodeId;
      readonly keysBefore: number;
      readonly keysNow: number;
    }
  | { readonly kind: 'silent'; readonly node: NodeId };

/** Of these nodes, or of all primaries of the first look. A node that does not tell its vital signs is not doubted. */
export function doubtsBetween(
  before: ClusterSnapshot,
  now: ClusterSnapshot,
  nodes?: ReadonlySet<NodeId>,
): Doubt[] {
  const views = new Map(now.views.map(view => [view.id, view]));
  return before.views
    .filter(({ id, self }) => (nodes ? nodes.has(id) : self.role === 'primary'))
    .flatMap(view => doubtOf(view, views.get(view.id)) ?? []);
}

function doubtOf(before: NodeView, now: NodeView | undefined): Doubt | undefined {
  const node = before.id;
  if (!now) return { kind: 'silent', node };
  const [then, vitals] = [before.server.vitals, now.server.vitals];
  if (!then || !vitals) return undefined;
  if (then.runId !== vitals.runId) {
    return {
      kind: 'restarted',
      node,
      keysBefore: before.server.keys ?? 0,
      keysNow: now.server.keys ?? 0,
    };
  }
  const keys = vitals.evictedKeys - then.evictedKeys;
  return keys > 0 ? { kind: 'evicted', node, keys } : undefined;
}
