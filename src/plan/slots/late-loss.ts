/**
 * What comes to light only in the look after all is done: a node that gave no answer when losses were counted, or was
 * started again, or evicted keys, after that. By then nobody can count what it held before.
 */

import type { NodeId } from '../../topology/node.ts';
import { doubtsBetween, isEvicting } from '../../topology/server-changes.ts';
import { type ClusterSnapshot, viewOf } from '../../topology/snapshot.ts';
import type { Loss } from './loss.ts';

/** `told`: nodes whose losses are told already. */
export function lateLosses(
  before: ClusterSnapshot,
  now: ClusterSnapshot,
  routes: readonly { readonly from: NodeId; readonly to: NodeId }[],
  told: ReadonlySet<NodeId>,
): Loss[] {
  const targets = new Set(routes.map(({ to }) => to));
  const parties = new Set([...routes.map(({ from }) => from), ...targets]);
  return doubtsBetween(before, now, parties).flatMap((doubt): Loss[] => {
    // Who is silent now is a finding of its own.
    if (doubt.kind === 'silent' || told.has(doubt.node)) return [];
    const role = targets.has(doubt.node) ? 'target' : 'source';
    if (doubt.kind === 'restarted') return [{ ...doubt, role }];
    const server = viewOf(before, doubt.node)?.server;
    const isUsual = role === 'source' && server !== undefined && isEvicting(server);
    return [{ ...doubt, role, isUsual }];
  });
}
