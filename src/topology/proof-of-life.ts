/**
 * Nodes that do not answer where they are looked for: what proves that they live, and when it is the address that is wrong.
 * That somebody else answers there proves a wrong address and nothing else.
 */

import { memoized } from './memoized.ts';
import { type ClusterNode, formatAddress, type NodeId } from './node.ts';
import { opinionsOn } from './opinions.ts';
import { believedNodes, type ClusterSnapshot, type UnreachableNode, viewOf } from './snapshot.ts';

/** Those who answer and have a bus link to the node, and do not suspect it. */
export function hearersOf(snapshot: ClusterSnapshot, id: NodeId): NodeId[] {
  return opinionsOn(snapshot, id)
    .filter(({ node }) => isHeard(node))
    .flatMap(({ camp }) => camp.views.map(view => view.id))
    .filter(hearer => hearer !== id)
    .sort();
}

/** By the list of one who answers. */
export function heardIn(nodes: readonly ClusterNode[]): ReadonlySet<NodeId> {
  return new Set(nodes.filter(isHeard).map(({ id }) => id));
}

function isHeard(node: ClusterNode): boolean {
  return node.linked && node.health === 'ok' && !isHandshake(node);
}

/** It passes by itself, one way or the other, and its link is no answer yet. */
function isHandshake(node: ClusterNode): boolean {
  return node.role === 'stranger' && node.handshake;
}

/** Whether a node that gave us no view lives all the same: it answered with a refusal, or others hear it. */
export function isAlive(snapshot: ClusterSnapshot, id: NodeId): boolean {
  const silent = snapshot.unreachable.find(node => node.id === id);
  return silent?.refused !== undefined || silent?.loading === true || hearersOf(snapshot, id).length > 0;
}

export interface WrongAddress {
  readonly node: NodeId;
  readonly at: NonNullable<UnreachableNode['address']>;
  readonly answeredBy: NodeId;
  /** Whether the one who answers belongs to the cluster; else it may be the node itself, reset a moment ago. */
  readonly isMember: boolean;
  readonly heardBy: readonly NodeId[];
  /** The line of the address map that leads there; absent where the node itself announces the address. */
  readonly mapLine?: string;
}

/**
 * Members whose announced address leads to somebody else: because they live, as others hear or as they say themselves, or
 * because the one who answers announces another address than theirs. A node that nobody hears, and whose address the one
 * who answers announces as its own, was reset.
 */
export const wrongAddresses: (snapshot: ClusterSnapshot) => readonly WrongAddress[] = memoized(findWrong);

function findWrong(snapshot: ClusterSnapshot): WrongAddress[] {
  return snapshot.unreachable.flatMap((node): WrongAddress[] => {
    const { id, address, replacedBy } = node;
    if (!address || !replacedBy) return [];
    const heardBy = hearersOf(snapshot, id);
    const isMember = believedNodes(snapshot).has(replacedBy);
    const own = viewOf(snapshot, replacedBy)?.self.address;
    const isElsewhere = own !== undefined && formatAddress(own) !== formatAddress(address);
    if (heardBy.length === 0 && !viewOf(snapshot, id) && !(isMember && isElsewhere)) return [];
    // Where the one who answers announces the same address, the map has done what it should.
    const mapLine = own && !isElsewhere ? undefined : node.mapLine;
    return [
      { node: id, at: address, answeredBy: replacedBy, isMember, heardBy, ...(mapLine && { mapLine }) },
    ];
  });
}
