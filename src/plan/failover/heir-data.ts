/** What a replica has that is to take the place of a primary which need not be there, and whether that primary lives. */
import { slotsGivenTo } from '../../topology/last-copy.ts';
import type { NodeId } from '../../topology/node.ts';
import { hearersOf } from '../../topology/proof-of-life.ts';
import { type ClusterSnapshot, type NodeView, replicasOf } from '../../topology/snapshot.ts';
import { expectedKeys } from '../fix/keys-gone.ts';
import type { FailoverRefusal, SignOfLife } from './refusal.ts';

export function judgeData(
  snapshot: ClusterSnapshot,
  own: NodeView,
  old: NodeView | undefined,
  primary: NodeId,
): FailoverRefusal[] {
  const node = own.id;
  if (isWithoutData(own)) return [{ kind: 'replica-without-data', node, primary }];
  if (own.server.keys !== 0) return [];
  const siblings = replicasOf(snapshot, primary).filter(({ id }) => id !== node);
  const beside = Math.max(0, ...siblings.map(({ server }) => server.keys ?? 0));
  const refusal = { kind: 'replica-empty', node, primary } as const;
  // Whoever has a key has one that this one would not serve.
  if (old) {
    const expected = old.server.keys ?? 0;
    return expected > 0 ? [{ ...refusal, expected, by: 'primary' }] : [];
  }
  if (beside > 0) return [{ ...refusal, expected: beside, by: 'sibling' }];
  const expected = expectedKeys(snapshot, primary, slotsGivenTo(snapshot, primary));
  return expected > 0 ? [{ ...refusal, expected, by: 'other-shards' }] : [];
}

/** A replica that keeps its data over a restart need not know how far they go. */
function isWithoutData({ server: { replication, keys } }: NodeView): boolean {
  if (replication.role !== 'replica' || replication.link === 'up') return false;
  if (replication.link === 'syncing') return true;
  return replication.neverLinked === true && replication.offset === 0 && keys === 0;
}

/** Of a primary that gave us no view. */
export function signOfLife(snapshot: ClusterSnapshot, primary: NodeId): { readonly life?: SignOfLife } {
  const silent = snapshot.unreachable.find(({ id }) => id === primary);
  const heardBy = hearersOf(snapshot, primary);
  const refused = silent?.refused;
  if (!refused && heardBy.length === 0) return {};
  return { life: { ...(refused && { refused }), reason: silent?.reason ?? 'it gives no answer', heardBy } };
}
