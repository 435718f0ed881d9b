/** The node list in the classic form, and the key counts above it. */
import type { ClusterNode, NodeId } from '../../topology/node.ts';
import { SLOT_COUNT, type SlotSet } from '../../topology/slot-set.ts';
import {
  type ClusterSnapshot,
  isPrimary,
  type NodeView,
  replicasByPrimary,
} from '../../topology/snapshot.ts';
import { type Paint, plain } from '../paint.ts';
import { columns } from './columns.ts';
import { count, NodeNames, shortId, vocabularyOf } from './names.ts';

/** Primaries by their first slot, each followed by its replicas; nodes without slots come last. */
export function inShardOrder(nodes: ReadonlyMap<NodeId, ClusterNode>): ClusterNode[] {
  const replicas = replicasByPrimary(nodes.values());
  const firstSlot = (node: ClusterNode) =>
    (isPrimary(node) ? node.slots.ranges[0]?.first : undefined) ?? SLOT_COUNT;
  const byId = (a: ClusterNode, b: ClusterNode) => (a.id < b.id ? -1 : 1);
  const primaries = [...nodes.values()]
    .filter(isPrimary)
    .sort((a, b) => firstSlot(a) - firstSlot(b) || byId(a, b));
  const shards = primaries.flatMap(primary => [primary, ...(replicas.get(primary.id) ?? []).sort(byId)]);
  const listed = new Set(shards.map(node => node.id));
  return [...shards, ...[...nodes.values()].filter(node => !listed.has(node.id)).sort(byId)];
}

/** `A (id...) -> k keys | s slots | r slaves.` for each primary that answers, and the sums. */
export function keyLines(
  snapshot: ClusterSnapshot,
  nodes: ReadonlyMap<NodeId, ClusterNode>,
  paint: Paint,
): string[] {
  const words = vocabularyOf(snapshot);
  const names = new NodeNames(snapshot);
  const replicas = replicasByPrimary(nodes.values());
  const views = new Map(snapshot.views.map(view => [view.id, view]));
  const primaries = inShardOrder(nodes)
    .filter(isPrimary)
    .flatMap(({ id, slots }) => {
      const view = views.get(id);
      return view ? [{ view, slots, replicas: replicas.get(id)?.length ?? 0 }] : [];
    });
  const lines = primaries.map(({ view, slots, replicas: copies }) => {
    const keys = view.server.keys ?? '?';
    return `${names.of(view.id)} (${shortId(view.id)}) -> ${keys} keys | ${slots.size} slots | ${copies} ${words.replicas}.`;
  });
  // A sum that leaves somebody out says so.
  const silent = [...nodes.values()].some(
    node => isPrimary(node) && node.slots.size > 0 && !views.has(node.id),
  );
  const unknown = silent || primaries.some(({ view }) => view.server.keys === undefined);
  const total = primaries.reduce((sum, { view }) => sum + (view.server.keys ?? 0), 0);
  return [
    ...lines,
    paint.good(`[OK] ${total}${unknown ? '+' : ''} keys in ${primaries.length} ${words.primaries}.`),
    `${(total / SLOT_COUNT).toFixed(2)} keys per slot on average.`,
  ];
}

/** A line for each of these primaries, to pick it by: where it is, its id, what it owns and what it holds. */
export function primaryLines(snapshot: ClusterSnapshot, ids: readonly NodeId[]): string[] {
  const names = new NodeNames(snapshot);
  const views = new Map(snapshot.views.map(view => [view.id, view]));
  const rows = ids.map(id => {
    const view = views.get(id);
    const slots = view?.self.role === 'primary' ? view.self.slots.size : 0;
    return [names.of(id), shortId(id), count(slots, 'slot'), `${view?.server.keys ?? '?'} keys`];
  });
  return columns(['', '', '', ''], rows, plain).slice(1);
}

/** The `M:` and `S:` lines. Nodes that did not answer are shown by what others say of them, and marked. */
export function nodeLines(
  snapshot: ClusterSnapshot,
  nodes: ReadonlyMap<NodeId, ClusterNode>,
  paint: Paint,
): string[] {
  const names = new NodeNames(snapshot);
  const replicas = replicasByPrimary(nodes.values());
  const answered = new Set<NodeId>(snapshot.views.map((view: NodeView) => view.id));
  return inShardOrder(nodes).flatMap(node => {
    const flags = node.flags.join(',');
    const silent = answered.has(node.id) ? '' : paint.bad(' (no answer)');
    const lines = [`${node.role === 'replica' ? 'S' : 'M'}: ${node.id} ${names.of(node.id)}${silent}`];
    if (node.role === 'stranger') return [`?: ${node.id} ${names.of(node.id)}${silent}`, `   ${flags}`];
    const slots = node.role === 'primary' ? node.slots : undefined;
    lines.push(`   slots:${slots ? bracketed(slots) : ''} (${slots?.size ?? 0} slots) ${flags}`);
    if (node.role === 'replica') lines.push(`   replicates ${node.primary ?? '-'}`);
    const copies = replicas.get(node.id)?.length ?? 0;
    if (node.role === 'primary' && copies > 0) lines.push(`   ${copies} additional replica(s)`);
    return lines;
  });
}

export function bracketed({ ranges }: SlotSet): string {
  return ranges.map(({ first, last }) => (first === last ? `[${first}]` : `[${first}-${last}]`)).join(',');
}
