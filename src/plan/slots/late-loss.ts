/**
 * What comes to light only in the look after all is done: a node that gave no answer when losses were counted, or was
 * started again, or evicted keys, after that. By then nobody can count what it held before.
 */

import type { NodeId } from '../../topology/node.ts';
import { doubtsBetween, isEvicting } from '../../topology/server-changes.ts';
import { believedNodes, type ClusterSnapshot, viewOf } from '../../topology/snapshot.ts';
import type { Loss } from './loss.ts';

interface Route {
  readonly from: NodeId;
  readonly to: NodeId;
}

export function partiesOf(routes: readonly Route[]): Set<NodeId> {
  return new Set(routes.flatMap(({ from, to }) => [from, to]));
}

/** They did not answer the last look, and own slots: what they have lost nobody can say. One without slots has nothing to lose. */
export function silentParties(
  seen: ClusterSnapshot,
  last: ClusterSnapshot,
  routes: readonly Route[],
): NodeId[] {
  return [...partiesOf(routes)].filter(id => {
    const node = believedNodes(seen).get(id);
    return !viewOf(last, id) && node?.role === 'primary' && node.slots.size > 0;
  });
}

/** What is gone for good. `told`: nodes whose losses are told already. */
export function lateLosses(
  before: ClusterSnapshot,
  now: ClusterSnapshot,
  routes: readonly Route[],
  told: ReadonlySet<NodeId>,
): Loss[] {
  const targets = new Set(routes.map(({ to }) => to));
  return doubtsBetween(before, now, partiesOf(routes)).flatMap((doubt): Loss[] => {
    // Of those who are silent it is told that they are.
    if (doubt.kind === 'silent' || told.has(doubt.node)) return [];
    const role = targets.has(doubt.node) ? 'target' : 'source';
    if (doubt.kind === 'restarted') return [{ ...doubt, role }];
    const server = viewOf(before, doubt.node)?.server;
    const isUsual = role === 'source' && server !== undefined && isEvicting(server);
    return isUsual ? [] : [{ ...doubt, role, isUsual }];
  });
}
