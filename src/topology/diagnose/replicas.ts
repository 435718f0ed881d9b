/** Whether the copies are there, up to date, and in a place where they survive what the original does not. */

import type { Finding, SharedHost } from '../finding.ts';
import { type CopyState, copyEnd, copyStateOf } from '../full-sync.ts';
import { groupBy } from '../group-by.ts';
import type { NodeId, Replica } from '../node.ts';
import { isReplica, type NodeView, replicasByPrimary } from '../snapshot.ts';
import { type Evidence, error, type Rule, warning } from './evidence.ts';

export const replicasOfNobody: Rule = ({ nodes, views }) =>
  [...nodes.values()].filter(isReplica).flatMap(replica => {
    if (!views.has(replica.id)) return [];
    const primary = replica.primary && nodes.get(replica.primary);
    const because = !replica.primary
      ? 'unnamed'
      : !primary
        ? 'unknown'
        : isReplica(primary)
          ? 'replica'
          : undefined;
    if (!because) return [];
    const named = replica.primary && { primary: replica.primary };
    return [error([replica.id], { kind: 'replica-of-nobody', ...named, because })];
  });

export const replicaLinks: Rule = evidence =>
  evidence.snapshot.views.flatMap((view): Finding[] => {
    const { self, server } = view;
    if (self.role !== 'replica' || !self.primary || server.replication.role !== 'replica') return [];
    const nodes = [self.id, self.primary];
    const { primary } = self;
    if (server.replication.link !== 'up') {
      const copy = copyOf(evidence, view, primary);
      const syncing = server.replication.link === 'syncing' || copy !== undefined;
      const tell = syncing ? warning : error;
      return [tell(nodes, { kind: 'replica-link-down', primary, syncing, ...(copy && { copy }) })];
    }
    const bytes = lagBytes(evidence, view) ?? 0;
    if (bytes === 0 || bytes < evidence.maxReplicaLagBytes) return [];
    return [warning(nodes, { kind: 'replica-behind', primary, bytes })];
  });

function copyOf({ views }: Evidence, view: NodeView, primary: NodeId): CopyState | undefined {
  const source = views.get(primary);
  return copyStateOf(copyEnd(view), source && copyEnd(source));
}

/** Both offsets are read at nearly the same moment; a replica read later than its primary may seem ahead. */
export function lagBytes({ views }: Pick<Evidence, 'views'>, { self, server }: NodeView): number | undefined {
  if (self.role !== 'replica' || !self.primary || server.replication.role !== 'replica') return undefined;
  const primary = views.get(self.primary)?.server.replication;
  if (primary?.role !== 'primary') return undefined;
  return Math.max(0, primary.offset - server.replication.offset);
}

export const tooFewReplicas: Rule = ({ owners, nodes, views, minReplicas }) => {
  const replicas = replicasByPrimary(nodes.values());
  return owners.flatMap(({ id }) => {
    const healthy = (replicas.get(id) ?? []).filter(replica => isHealthy(views.get(replica.id))).length;
    return healthy >= minReplicas
      ? []
      : [error([id], { kind: 'too-few-replicas', healthy, wanted: minReplicas })];
  });
};

function isHealthy(view: NodeView | undefined): boolean {
  return view?.server.replication.role === 'replica' && view.server.replication.link === 'up';
}

export const sharedHosts: Rule = evidence => {
  const withPrimary: SharedHost[] = [];
  const together: SharedHost[] = [];
  const groups = [...replicasByPrimary(evidence.nodes.values())].sort(([a], [b]) => (a < b ? -1 : 1));
  for (const [primary, replicas] of groups) {
    const primaryHost = hostOf(evidence, primary);
    for (const [host, group] of groupBy(replicas, replica => hostOf(evidence, replica.id))) {
      if (!host) continue;
      const shared: SharedHost = { host, primary, replicas: group.map((r: Replica) => r.id).sort() };
      if (host === primaryHost) withPrimary.push(shared);
      else if (group.length > 1) together.push(shared);
    }
  }
  return [
    { kind: 'replica-on-primary-host', shared: withPrimary } as const,
    { kind: 'siblings-on-one-host', shared: together } as const,
  ]
    .filter(({ shared }) => shared.length > 0)
    .map(details => {
      const nodes = details.shared.flatMap(({ primary, replicas }) => [primary, ...replicas]);
      return warning([...new Set(nodes)], details);
    });
};

/** By what the node announces, not by where it was reached: the entry node may have been typed under another name. */
function hostOf({ nodes, knownTo }: Evidence, id: NodeId): string | undefined {
  const own = nodes.get(id)?.address?.host;
  if (own) return own;
  const [known] = (knownTo.get(id) ?? [])
    .flatMap(camp => camp.nodes.find(node => node.id === id)?.address?.host ?? [])
    .sort();
  return known;
}

export const emptyPrimaries: Rule = ({ nodes, views }) =>
  [...nodes.values()]
    .filter(node => node.role === 'primary' && node.slots.size === 0 && views.has(node.id))
    .map(({ id }) => warning([id], { kind: 'primary-empty' }));
