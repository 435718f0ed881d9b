/**
 * Reasons to doubt that a server still has what it was given: between two looks it has evicted keys, was started anew
 * (from which it may have come back with all of them, with some, or with none), or has not answered the second look.
 */
import type { NodeId } from './node.ts';
import type { OfKind } from './of-kind.ts';
import { type ClusterSnapshot, type NodeView, type ServerFacts, viewOf } from './snapshot.ts';

export type Doubt =
  | OfKind<'evicted', { node: NodeId; keys: number }>
  | OfKind<'restarted', { node: NodeId; keysBefore: number; keysNow: number }>
  | OfKind<'silent', { node: NodeId }>;

/** Of these nodes, or of all primaries of the first look. A node that does not tell its vital signs is not doubted. */
export function doubtsBetween(
  before: ClusterSnapshot,
  now: ClusterSnapshot,
  nodes?: ReadonlySet<NodeId>,
): Doubt[] {
  return before.views
    .filter(({ id, self }) => (nodes ? nodes.has(id) : self.role === 'primary'))
    .flatMap(view => doubtOf(view, viewOf(now, view.id)) ?? []);
}

function doubtOf(before: NodeView, now: NodeView | undefined): Doubt | undefined {
  const node = before.id;
  return now ? changeOf(before, now.server) : { kind: 'silent', node };
}

export type ServerChange = Exclude<Doubt, { kind: 'silent' }>;

/** What has become of one server. */
export function changeOf({ id: node, server }: NodeView, now: ServerFacts): ServerChange | undefined {
  const [then, vitals] = [server.vitals, now.vitals];
  if (!then || !vitals) return undefined;
  if (then.runId !== vitals.runId) {
    return { kind: 'restarted', node, keysBefore: server.keys ?? 0, keysNow: now.keys ?? 0 };
  }
  const keys = vitals.evictedKeys - then.evictedKeys;
  return keys > 0 ? { kind: 'evicted', node, keys } : undefined;
}

/** A reason to send it no more keys. */
export type Alarm =
  | ServerChange
  /** What comes next would be refused, or others would be evicted for it. */
  | OfKind<'full', { node: NodeId; usedBytes: number; mostBytes: number }>;

/**
 * Of the limit, and beyond it a node counts as full. A look comes every 50 ms, in which a fast move brings a few hundred
 * kilobytes; plans leave more room than this share.
 */
const FULL_SHARE = 0.98;

export function alarmOf(
  view: NodeView,
  now: ServerFacts,
  { getsKeys }: { readonly getsKeys: boolean },
): Alarm | undefined {
  const change = changeOf(view, now);
  if (change && (getsKeys || change.kind === 'restarted')) return change;
  if (!getsKeys) return undefined;
  const [usedBytes, mostBytes] = [limitedBytes(now), now.vitals?.maxMemoryBytes];
  const isFull = mostBytes !== undefined && usedBytes > mostBytes * FULL_SHARE;
  return isFull ? { kind: 'full', node: view.id, usedBytes, mostBytes } : undefined;
}

/** It throws keys away now, and not only once upon a time: it is at its limit. */
export function isEvicting(server: ServerFacts): boolean {
  const { evictedKeys = 0, maxMemoryBytes, evictionPolicy } = server.vitals ?? {};
  if (evictedKeys === 0 || maxMemoryBytes === undefined || evictionPolicy === 'noeviction') return false;
  return limitedBytes(server) > maxMemoryBytes * NEAR_LIMIT_SHARE;
}

/** Servers that evict stay a few kilobytes below their limit; how far below depends on the size of their keys. */
const NEAR_LIMIT_SHARE = 0.95;

/** As servers count it when they compare it with their limit: without what waits for replicas. */
export function limitedBytes({ usedMemoryBytes = 0, vitals }: ServerFacts): number {
  return Math.max(0, usedMemoryBytes - (vitals?.unlimitedBytes ?? 0));
}
