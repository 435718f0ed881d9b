/** What a cluster has come to, in its own nodes' words. */
import type { ClusterNode, NodeId } from '../../src/topology/node.ts';
import { nodesAccordingTo } from './cluster.ts';
import { slotctl } from './run-slotctl.ts';
import type { ServerProcess } from './server-process.ts';

export interface Formation {
  readonly primaries: readonly ClusterNode[];
  readonly replicas: readonly ClusterNode[];
  hostOf(id: NodeId | undefined): string | undefined;
}

export async function formationOf(node: ServerProcess): Promise<Formation> {
  const nodes = await nodesAccordingTo(node);
  return {
    primaries: nodes.filter(n => n.role === 'primary'),
    replicas: nodes.filter(n => n.role === 'replica'),
    hostOf: id => nodes.find(n => n.id === id)?.address?.host,
  };
}

/** How many replicas each primary has, most first. */
export function replicaCounts({ primaries, replicas }: Formation): number[] {
  const counts = primaries.map(
    ({ id }) => replicas.filter(n => n.role === 'replica' && n.primary === id).length,
  );
  return counts.sort((a, b) => b - a);
}

/** What every node says of everybody, in a form in which agreement is sameness. */
export async function duties(node: ServerProcess): Promise<string> {
  const nodes = await nodesAccordingTo(node);
  return nodes
    .map(
      n =>
        `${n.id} ${n.role === 'primary' ? `slots ${n.slots}` : n.role === 'replica' ? `of ${n.primary}` : '?'}`,
    )
    .sort()
    .join('\n');
}

export interface CheckResult {
  readonly healthy: boolean;
  readonly kinds: readonly string[];
}

export async function checked(entry: string, ...options: string[]): Promise<CheckResult> {
  const { stdout, stderr } = await slotctl(['check', entry, '--json', ...options]);
  if (stdout === '') throw new Error(stderr);
  const { healthy, findings } = JSON.parse(stdout) as { healthy: boolean; findings: { kind: string }[] };
  return { healthy, kinds: findings.map(finding => finding.kind) };
}
