/** The line by which scripts know a refusal of the classic tools, before ours, which says what to do. */
import type { Refusal } from '../../plan/refusal.ts';
import { formatAddress } from '../../topology/node.ts';
import type { ClusterSnapshot } from '../../topology/snapshot.ts';
import { shownWord } from '../text/refusal.ts';

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
    case 'silent':
      if (refusal.hasNoCluster)
        return `[ERR] Node ${formatAddress(refusal.node)} is not configured as a cluster node.`;
      return command === 'add-node'
        ? `[ERR] Sorry, can't connect to node ${formatAddress(refusal.node)}`
        : undefined;
    case 'source-is-target':
      return command === 'reshard' ? '*** No source nodes given, operation aborted.' : undefined;
    case 'has-functions':
      return command === 'add-node'
        ? '>>> New node already contains functions and can not be added to the cluster. Use FUNCTION FLUSH and try again.'
        : undefined;
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

/** Nodes that are members and do not answer. */
export function describeUnreached({ views, unreachable }: ClusterSnapshot): string[] {
  const product = views[0]?.server.product === 'valkey' ? 'Valkey' : 'Redis';
  return unreachable.flatMap(({ address, reason, loading = false }) =>
    address && !loading ? [`Could not connect to ${product} at ${formatAddress(address)}: ${reason}`] : [],
  );
}
