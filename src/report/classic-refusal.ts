/** The line by which scripts know a refusal of the classic tools, before ours, which says what to do. */
import type { Refusal } from '../plan/refusal.ts';
import { formatAddress } from '../topology/node.ts';
import { shownWord } from './refusal-text.ts';

/** `primary` is what the product's own tool calls one. */
export function classicRefusal(
  refusal: Refusal,
  command: string,
  primary: 'master' | 'primary',
): string | undefined {
  switch (refusal.kind) {
    case 'no-such-node':
      if (command === 'reshard') return unusable(shownWord(refusal.word), primary);
      return command === 'rebalance' ? `*** No such ${primary} node ${shownWord(refusal.word)}` : undefined;
    case 'cannot-own-slots':
      return command === 'reshard' ? unusable(refusal.node, primary) : undefined;
    case 'no-such-primary':
      return `[ERR] No such ${primary} ID ${shownWord(refusal.word)}`;
    case 'knows-others':
    case 'holds-keys':
      return `[ERR] Node ${formatAddress(refusal.node)} is not empty. Either the node already knows other nodes (check with CLUSTER NODES) or contains some key in database 0.`;
    case 'too-few-primaries':
      return '*** ERROR: Invalid configuration for cluster creation.';
    case 'cluster-damaged':
      if (command === 'reshard') return '*** Please fix your cluster problems before resharding';
      return command === 'rebalance' ? '*** Please fix your cluster problems before rebalancing' : undefined;
    default:
      return undefined;
  }
}

function unusable(node: string, primary: string): string {
  return `*** The specified node (${node}) is not known or not a ${primary}, please retry.`;
}
