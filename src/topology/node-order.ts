/** All nodes, those that do not answer too, in the order in which the servers' own tools go through them. */
import type { Address, ClusterNode, NodeId } from './node.ts';
import { addressBook, believedNodes, type ClusterSnapshot, viewOf } from './snapshot.ts';

export interface Called {
  readonly id: NodeId;
  /** Absent where nobody knows it. */
  readonly address?: Address;
  readonly role: ClusterNode['role'];
  /** Why it does not answer. */
  readonly silence?: string;
}

/** The entry node, then the others as it lists them, then those of whom only others know. */
export function rollCall(snapshot: ClusterSnapshot): Called[] {
  const nodes = believedNodes(snapshot);
  const book = addressBook(snapshot);
  const silence = new Map(snapshot.unreachable.map(({ id, reason }) => [id, reason]));
  const [entry] = snapshot.views;
  const listed = entry?.nodes.map(({ id }) => id) ?? [];
  const order = new Set([snapshot.entry, ...listed, ...[...nodes.keys()].sort()]);
  return [...order].flatMap((id): Called[] => {
    const node = nodes.get(id);
    // A handshake is no member, and was not asked.
    if (!node || (node.role === 'stranger' && node.handshake)) return [];
    const address = book.get(id);
    return [
      {
        id,
        role: node.role,
        ...(address && { address }),
        ...(!viewOf(snapshot, id) && { silence: silence.get(id) ?? 'it was not asked' }),
      },
    ];
  });
}
