/** Nodes as people name them: by id, by the beginning of an id, or by where they are. */
import { type Address, formatAddress, isNodeId, type NodeId } from './node.ts';
import type { OfKind } from './of-kind.ts';
import { addressBook, believedNodes, type ClusterSnapshot } from './snapshot.ts';

export type Found =
  | OfKind<'found', { id: NodeId }>
  | OfKind<'none'>
  | OfKind<'ambiguous', { matches: readonly NodeId[] }>;

export function findNode(snapshot: ClusterSnapshot, word: string): Found {
  const id = word.toLowerCase();
  const nodes = believedNodes(snapshot);
  if (isNodeId(id)) return nodes.has(id) ? { kind: 'found', id } : { kind: 'none' };
  const matches = /^[0-9a-f]+$/.test(id)
    ? [...nodes.keys()].filter(key => key.startsWith(id))
    : nodesAt(snapshot, word);
  const [first] = matches;
  if (!first) return { kind: 'none' };
  return matches.length === 1 ? { kind: 'found', id: first } : { kind: 'ambiguous', matches: matches.sort() };
}

/** At the address where it answers, or that it announces, by ip or by name; or where an address map has it. */
function nodesAt(snapshot: ClusterSnapshot, word: string): NodeId[] {
  const book = addressBook(snapshot);
  const reached = reachedBook(snapshot);
  return [...believedNodes(snapshot)].flatMap(([id, { address }]) => {
    const places = [book.get(id), address, reached.get(id)].flatMap(place =>
      place ? [place, ...(place.hostname ? [{ host: place.hostname, port: place.port }] : [])] : [],
    );
    return places.some(place => formatAddress(place) === word || `${place.host}:${place.port}` === word)
      ? [id]
      : [];
  });
}

/** Not of those for whom somebody else answers there. */
function reachedBook({ views, unreachable }: ClusterSnapshot): ReadonlyMap<NodeId, Address> {
  const silent = unreachable.filter(({ replacedBy }) => !replacedBy);
  return new Map(
    [...silent, ...views].flatMap(({ id, reachedAt }) => (reachedAt ? [[id, reachedAt] as const] : [])),
  );
}
