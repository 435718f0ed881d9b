/** `forget-failed`: nodes that are gone, and that somebody still knows. */
import { diagnose, NO_WISHES } from '../topology/diagnose.ts';
import type { NodeId } from '../topology/node.ts';
import type { Place } from '../topology/place.ts';
import type { ClusterSnapshot } from '../topology/snapshot.ts';
import type { Decision } from './refusal.ts';
import { planRemoval, type RemovePlan, slotRefusals } from './remove.ts';
import type { Remark } from './step.ts';

/** Nodes that somebody still knows although they are gone. One that owns slots is no ghost: its slots wait for it. */
export function planForgetFailed(
  snapshot: ClusterSnapshot,
  placeOf: (id: NodeId) => Place,
): Decision<RemovePlan> {
  const silent = new Set(snapshot.unreachable.map(({ id }) => id));
  const failed = diagnose(snapshot, NO_WISHES).flatMap(({ kind, nodes }) =>
    kind === 'node-failed' ? nodes.filter(id => silent.has(id)) : [],
  );
  return planForgetting(snapshot, [...failed, ...ghostsIn(snapshot, 'with handshakes')], placeOf);
}

/** A handshake may be about to get through. */
export function ghostsIn(
  snapshot: ClusterSnapshot,
  which: 'with handshakes' | 'without handshakes',
): NodeId[] {
  return diagnose(snapshot, NO_WISHES).flatMap(finding => {
    if (finding.kind !== 'ghost') return [];
    return finding.because !== 'handshake' || which === 'with handshakes' ? finding.nodes : [];
  });
}

/** These, and those that were reset. */
export function planForgetting(
  snapshot: ClusterSnapshot,
  unwanted: readonly NodeId[],
  placeOf: (id: NodeId) => Place,
): Decision<RemovePlan> {
  const answered = new Set(snapshot.views.map(({ id }) => id));
  const gone = unwanted.filter(id => !answered.has(id));
  const ghosts = [...new Set([...gone, ...replaced(snapshot), ...outcasts(snapshot)])].sort();
  const owners = ghosts.filter(id => slotRefusals(snapshot, id).length > 0);
  const victims = ghosts.filter(id => !owners.includes(id));
  const decision = planRemoval({ snapshot, victims, touched: [], ending: 'reset', placeOf }, []);
  if (decision.kind === 'refused' || owners.length === 0) return decision;
  const kept: Remark = { kind: 'kept-for-slots', nodes: owners };
  return { kind: 'plan', plan: { ...decision.plan, remarks: [...decision.plan.remarks, kept] } };
}

/** A node that was reset has another id at the same place; the old one will not come back. */
function replaced({ unreachable }: ClusterSnapshot): NodeId[] {
  return unreachable.filter(({ replacedBy }) => replacedBy).map(({ id }) => id);
}

/** Nodes that were reset and do not know it of the others, some of whom still take them for members. */
function outcasts({ views }: ClusterSnapshot): NodeId[] {
  if (views.length < 2) return [];
  return views
    .filter(({ self, nodes, server }) => {
      const isEmpty = self.role === 'primary' && self.slots.size === 0 && (server.keys ?? 0) === 0;
      return nodes.length === 1 && isEmpty;
    })
    .map(({ id }) => id);
}
