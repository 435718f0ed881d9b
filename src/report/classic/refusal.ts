/** The line by which scripts know a refusal of the classic tools, before ours, which says what to do. */
import type { Refusal } from '../../plan/refusal.ts';
import type { Severity } from '../../topology/finding.ts';
import { formatAddress } from '../../topology/node.ts';
import type { ClusterSnapshot } from '../../topology/snapshot.ts';
import { tagged } from '../text/complaint.ts';
import { shownWord } from '../text/refusal.ts';

export interface ClassicLine {
  readonly text: string;
  /** Absent: the classic tools, too, print it to standard error. */
  readonly severity?: Severity;
}

/** `primary` is what the product's own tool calls one. */
export function classicRefusal(
  refusal: Refusal,
  command: string,
  primary: 'master' | 'primary',
): ClassicLine | undefined {
  switch (refusal.kind) {
    case 'no-such-node':
      if (command === 'reshard') return unusable(shownWord(refusal.word), primary);
      return command === 'rebalance' ? mild(`No such ${primary} node ${shownWord(refusal.word)}`) : undefined;
    case 'cannot-own-slots':
      return command === 'reshard' ? unusable(refusal.node, primary) : undefined;
    case 'no-such-primary':
      return grave(`No such ${primary} ID ${shownWord(refusal.word)}`);
    case 'knows-others':
    case 'holds-keys':
      return grave(
        `Node ${formatAddress(refusal.node)} is not empty. Either the node already knows other nodes (check with CLUSTER NODES) or contains some key in database 0.`,
      );
    case 'silent':
      if (refusal.hasNoCluster)
        return grave(`Node ${formatAddress(refusal.node)} is not configured as a cluster node.`);
      return command === 'add-node'
        ? grave(`Sorry, can't connect to node ${formatAddress(refusal.node)}`)
        : undefined;
    case 'source-is-target':
      return command === 'reshard' ? { text: '*** No source nodes given, operation aborted.' } : undefined;
    case 'has-functions':
      return command === 'add-node'
        ? {
            severity: 'error',
            text: '>>> New node already contains functions and can not be added to the cluster. Use FUNCTION FLUSH and try again.',
          }
        : undefined;
    case 'too-few-primaries':
      return mild('ERROR: Invalid configuration for cluster creation.');
    case 'cluster-damaged':
      if (command === 'reshard') return { text: '*** Please fix your cluster problems before resharding' };
      return command === 'rebalance'
        ? mild('Please fix your cluster problems before rebalancing')
        : undefined;
    default:
      return undefined;
  }
}

function unusable(node: string, primary: string): ClassicLine {
  return mild(`The specified node (${node}) is not known or not a ${primary}, please retry.`);
}

function mild(text: string): ClassicLine {
  return { severity: 'warning', text: `*** ${text}` };
}

function grave(text: string): ClassicLine {
  return { severity: 'error', text: tagged('error', text) };
}

/** Nodes that are members and do not answer. */
export function describeUnreached({ views, unreachable }: ClusterSnapshot): string[] {
  const product = views[0]?.server.product === 'valkey' ? 'Valkey' : 'Redis';
  return unreachable.flatMap(({ address, reason, loading = false }) =>
    address && !loading ? [`Could not connect to ${product} at ${formatAddress(address)}: ${reason}`] : [],
  );
}
