/** A node that lives, and at whose address another one answers: which two, and what is to be corrected. */
import { formatAddress } from '../../topology/node.ts';
import type { WrongAddress } from '../../topology/proof-of-life.ts';
import type { NodeNames } from './names.ts';

export function wrongAddress(
  { node, at, answeredBy, isMember, heardBy, mapLine }: WrongAddress,
  names: NodeNames,
): string {
  const address = formatAddress(at);
  const other = isMember ? `node ${answeredBy}` : `a node outside the cluster (${answeredBy})`;
  const heard = heardBy.length > 0 ? `; it is alive: ${names.listed(heardBy, 'hears', 'hear')} it` : '';
  return `Node ${node} is expected at ${address}, but ${other} answers there${heard}. ${remedy(node, address, mapLine)}`;
}

function remedy(node: string, address: string, mapLine: string | undefined): string {
  return mapLine === undefined
    ? `Correct what node ${node} announces: cluster-announce-port (or cluster-announce-ip) leads to ${address}.`
    : `Correct the line ${mapLine} of --address-map; if it is right, correct cluster-announce-port of node ${node}.`;
}
