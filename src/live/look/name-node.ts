/** Nodes that are named by an address of which the cluster knows nothing: another name, another interface, NAT. */

import type { Fleet } from '../../resp/fleet.ts';
import { parseAddress } from '../../resp/parse-address.ts';
import { type Candidate, isCandidate } from '../../topology/candidate.ts';
import { findNode } from '../../topology/find-node.ts';
import { InputError } from '../../topology/input-error.ts';
import { believedNodes, type ClusterSnapshot } from '../../topology/snapshot.ts';
import { probe } from './probe.ts';

export interface NamedNode {
  /** By which the cluster knows the node, where it does. */
  readonly word: string;
  /** Who answers there, where it is nobody whom the cluster knows. */
  readonly stranger?: Candidate;
}

/** Whoever answers at the address says who it is. */
export async function nameNode(fleet: Fleet, snapshot: ClusterSnapshot, word: string): Promise<NamedNode> {
  if (!isAddress(word) || findNode(snapshot, word).kind !== 'none') return { word };
  const node = await probe(fleet, parseAddress(word));
  if (!isCandidate(node)) return { word };
  return believedNodes(snapshot).has(node.view.id) ? { word: node.view.id } : { word, stranger: node };
}

function isAddress(word: string): boolean {
  try {
    parseAddress(word);
    return true;
  } catch (error) {
    if (error instanceof InputError) return false;
    throw error;
  }
}
