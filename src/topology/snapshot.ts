/**
 * A cluster at one moment, as every one of its nodes sees it. Nodes that did not answer are part of it: a picture
 * that leaves them out is how tools come to call a broken cluster healthy.
 */
import { groupBy } from './group-by.ts';
import { memoized } from './memoized.ts';
import {
  type Address,
  type ClusterNode,
  formatAddress,
  type NodeId,
  type OpenSlots,
  type Primary,
  type Replica,
} from './node.ts';
import type { ServerFacts } from './server-facts.ts';
import { SlotSet } from './slot-set.ts';

export type * from './server-facts.ts';

/** One node's answer. */
export interface NodeView {
  readonly id: NodeId;
  /** Where it answered; for the entry node that is what the person typed. */
  readonly address: Address;
  /** Where that is on the network, where an address map says so. */
  readonly reachedAt?: Address;
  /** What it says about itself … */
  readonly self: ClusterNode;
  /** … and about everybody, itself included. Views that say the same may share one list. */
  readonly nodes: readonly ClusterNode[];
  readonly open: OpenSlots;
  /** Where its own bus listens, as it says itself. */
  readonly busPort?: number;
  /** `cluster_state`; absent where the node does not tell. */
  readonly state?: 'ok' | 'fail';
  readonly server: ServerFacts;
}

/** A node that somebody named and that gave no usable answer. */
export interface UnreachableNode {
  readonly id: NodeId;
  readonly address?: Address;
  /** One sentence: what was tried, what came of it, how long it took. */
  readonly reason: string;
  /** It is loading its data, and answers later. */
  readonly loading?: true;
  /** It answered, and would not talk to us: it lives. */
  readonly refused?: 'login' | 'right';
  /** Somebody else answers at its address: it was reset, or the address is wrong. */
  readonly replacedBy?: NodeId;
  /** Where a replica last found it, of a node whose address nobody knows any more. */
  readonly lastAt?: Address;
  /** The line of the address map by which we looked for it. */
  readonly mapLine?: string;
  /** Where we looked for it, where that is not at the address that it announces. */
  readonly reachedAt?: Address;
}

export interface ClusterSnapshot {
  /** The node whose address was given. Its view is the first. */
  readonly entry: NodeId;
  readonly views: readonly NodeView[];
  readonly unreachable: readonly UnreachableNode[];
}

/** Views that say the same of everybody. In a healthy cluster of a thousand nodes there is one camp of a thousand. */
export interface Camp {
  readonly nodes: readonly ClusterNode[];
  readonly views: readonly NodeView[];
}

/**
 * Told apart by the identity of their lists, so equal lists that are not shared make camps of their own; what is
 * concluded from camps must not depend on how many there are.
 */
export function campsOf(views: readonly NodeView[]): Camp[] {
  return [...groupBy(views, view => view.nodes)].map(([nodes, members]) => ({ nodes, views: members }));
}

/** Each node once: in its own words where it answered, else in those of whoever knows most of it. */
export const believedNodes: (snapshot: ClusterSnapshot) => ReadonlyMap<NodeId, ClusterNode> =
  memoized(believeAll);

function believeAll(snapshot: ClusterSnapshot): Map<NodeId, ClusterNode> {
  const nodes = new Map(snapshot.views.map(view => [view.id, view.self]));
  const answered = new Set(nodes.keys());
  for (const camp of campsOf(snapshot.views)) {
    for (const node of camp.nodes) {
      if (answered.has(node.id)) continue;
      const known = nodes.get(node.id);
      if (!known || (known !== node && tellsMore(node, known))) nodes.set(node.id, node);
    }
  }
  return nodes;
}

/**
 * Which of two opinions on a silent node to believe: one that knows its role, then the newer one by config epoch, then
 * one that knows where it is, then the one that gives it more slots. The last comparison only settles ties, so that
 * the result does not depend on who was asked first.
 */
function tellsMore(a: ClusterNode, b: ClusterNode): boolean {
  const rank = (node: ClusterNode) => [
    node.role !== 'stranger' ? 2 : node.handshake ? 0 : 1,
    node.configEpoch,
    node.address ? 1 : 0,
    node.role === 'primary' ? node.slots.size : 0,
  ];
  const [left, right] = [rank(a), rank(b)];
  const decisive = left.findIndex((value, i) => value !== right[i]);
  if (decisive !== -1) return (left[decisive] ?? 0) > (right[decisive] ?? 0);
  return wording(a) > wording(b);
}

function wording(node: ClusterNode): string {
  const rest = node.role === 'primary' ? node.slots : node.role === 'replica' ? node.primary : '';
  return `${node.role} ${rest} ${node.address ? formatAddress(node.address) : ''}`;
}

/** What a node says, where it answers. */
export function viewOf(snapshot: ClusterSnapshot, id: NodeId | undefined): NodeView | undefined {
  return id && viewsById(snapshot).get(id);
}

const viewsById = memoized(
  ({ views }: ClusterSnapshot): ReadonlyMap<NodeId, NodeView> => new Map(views.map(view => [view.id, view])),
);

export interface PrimaryView extends NodeView {
  readonly self: Primary;
}

/** Those that answer. */
export function primariesIn({ views }: Pick<ClusterSnapshot, 'views'>): PrimaryView[] {
  return views.filter((view): view is PrimaryView => view.self.role === 'primary');
}

/** In the order of the slot map; those without slots come last. */
export function primariesInOrder(snapshot: ClusterSnapshot): PrimaryView[] {
  return primariesIn(snapshot).sort(
    (a, b) => a.self.slots.beginning - b.self.slots.beginning || (a.id < b.id ? -1 : 1),
  );
}

/** Those that answer. */
export function replicasOf({ views }: ClusterSnapshot, primary: NodeId): NodeView[] {
  return views.filter(({ self }) => self.role === 'replica' && self.primary === primary);
}

/** What the reachable primaries say they own themselves. */
export function ownClaims(snapshot: ClusterSnapshot): Map<NodeId, SlotSet> {
  const owners = primariesIn(snapshot).filter(({ self }) => self.slots.size > 0);
  return new Map(owners.map(({ id, self }) => [id, self.slots]));
}

/** A node of before has other slots now, or does not answer. */
export function ownersDiffer(before: ClusterSnapshot, now: ClusterSnapshot): boolean {
  const claims = ownClaims(now);
  return [...ownClaims(before)].some(([id, slots]) => !claims.get(id)?.equals(slots));
}

/** Slots that a reachable primary says it owns. */
export function coveredSlots(snapshot: ClusterSnapshot): SlotSet {
  return SlotSet.union(ownClaims(snapshot).values());
}

export function isPrimary(node: ClusterNode): node is Primary {
  return node.role === 'primary';
}

export function isReplica(node: ClusterNode): node is Replica {
  return node.role === 'replica';
}

/** Replicas by primary, unreachable ones too. */
export function replicasByPrimary(nodes: Iterable<ClusterNode>): Map<NodeId, Replica[]> {
  return groupBy([...nodes].filter(isReplica), ({ primary }) => primary);
}

/** Where each node is: the address at which it answered, else the one that others announce. */
export function addressBook(snapshot: ClusterSnapshot): Map<NodeId, Address> {
  const book = new Map<NodeId, Address>();
  for (const [id, node] of believedNodes(snapshot)) {
    if (node.address) book.set(id, node.address);
  }
  for (const { id, address } of snapshot.unreachable) if (address) book.set(id, address);
  for (const { id, address } of snapshot.views) book.set(id, address);
  return book;
}
