/** What real servers answer, taken from a running cluster, for the stand-ins to say after them. */
import type { TestCluster } from '../../test/support/cluster.ts';

export interface CapturedReplies {
  readonly primaryInfo: string;
  readonly replicaInfo: string;
  readonly clusterInfo: string;
  /** Lines of CLUSTER NODES: about another node, and about the node that answers. */
  readonly primaryLine: string;
  readonly replicaLine: string;
  readonly ownPrimaryLine: string;
  readonly ownReplicaLine: string;
}

export async function captureReplies(cluster: TestCluster): Promise<CapturedReplies> {
  const primary = cluster.node(0);
  const replica = cluster.node(cluster.members.findIndex(member => member.primary !== undefined));
  const primaryNodes = await primary.text('CLUSTER', 'NODES');
  const replicaNodes = await replica.text('CLUSTER', 'NODES');
  return {
    primaryInfo: await primary.text('INFO'),
    replicaInfo: await replica.text('INFO'),
    clusterInfo: await primary.text('CLUSTER', 'INFO'),
    primaryLine: findLine(primaryNodes, /^master\b/),
    replicaLine: findLine(primaryNodes, /^slave\b/),
    ownPrimaryLine: findLine(primaryNodes, /^myself,master\b/),
    ownReplicaLine: findLine(replicaNodes, /^myself,slave\b/),
  };
}

function findLine(nodes: string, wantedFlags: RegExp): string {
  const line = nodes.split('\n').find(candidate => wantedFlags.test(candidate.split(' ')[2] ?? ''));
  if (line === undefined) throw new Error(`no line with flags like ${wantedFlags} in:\n${nodes}`);
  return line;
}
