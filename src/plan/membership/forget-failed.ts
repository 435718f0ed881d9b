/** `forget-failed`: nodes that are gone, and that somebody still knows. */
import type { Examined } from '../../topology/diagnose.ts';
import type { Finding } from '../../topology/finding.ts';
import type { NodePlace } from '../../topology/host-and-zone.ts';
import { lastCopyOf, mayHoldUnowned } from '../../topology/last-copy.ts';
import type { NodeId } from '../../topology/node.ts';
import { hearersOf, isAlive, wrongAddresses } from '../../topology/proof-of-life.ts';
import { type ClusterSnapshot, viewOf } from '../../topology/snapshot.ts';
import type { Decision } from '../refusal.ts';
import type { Remark } from '../step.ts';
import { planRemoval, type RemovePlan, slotRefusals } from './del-node.ts';

/** Nodes that somebody still knows although they are gone. One that owns slots is no ghost: its slots wait for it. */
export function planForgetFailed(
  { snapshot, findings }: Examined,
  placeOf: (id: NodeId) => NodePlace,
): Decision<RemovePlan> {
  const silent = new Set(snapshot.unreachable.map(({ id }) => id));
  const failed = findings.flatMap(({ kind, nodes }) =>
    kind === 'node-failed' ? nodes.filter(id => silent.has(id)) : [],
  );
  return planForgetting(snapshot, [...failed, ...ghostsIn(findings, 'with handshakes')], placeOf);
}

/** A handshake may be about to get through. */
export function ghostsIn(
  findings: readonly Finding[],
  which: 'with handshakes' | 'without handshakes',
): NodeId[] {
  return findings.flatMap(finding => {
    if (finding.kind !== 'ghost') return [];
    return finding.because !== 'handshake' || which === 'with handshakes' ? finding.nodes : [];
  });
}

/** These, and those that were reset; but nobody who lives, or who may have the last copy of keys. */
export function planForgetting(
  snapshot: ClusterSnapshot,
  unwanted: readonly NodeId[],
  placeOf: (id: NodeId) => NodePlace,
): Decision<RemovePlan> {
  const absent = [...unwanted, ...replaced(snapshot)].filter(id => !viewOf(snapshot, id));
  const gone = [...new Set(absent)].sort();
  const kept = gone.flatMap(id => reasonToKeep(snapshot, id));
  const keptIds = new Set(kept.flatMap(remark => remark.nodes));
  const ghosts = [...new Set([...gone.filter(id => !keptIds.has(id)), ...outcasts(snapshot)])].sort();
  const owners = ghosts.filter(id => slotRefusals(snapshot, id).length > 0);
  const victims = ghosts.filter(id => !owners.includes(id));
  const decision = planRemoval({ snapshot, victims, placeOf, endings: [], found: [] });
  if (decision.kind === 'refused') return decision;
  const remarks: Remark[] = [
    ...decision.plan.remarks,
    ...kept,
    ...(owners.length > 0 ? [{ kind: 'kept-for-slots', nodes: owners } as const] : []),
  ];
  return { kind: 'plan', plan: { ...decision.plan, remarks } };
}

type Kept = Extract<Remark, { kind: 'kept-misplaced' | 'kept-alive' | 'kept-last-copy' }>;

/**
 * Forgotten, a node that lives is lost to the cluster, and one that is down comes back as a stranger: its silence proves
 * neither that it is gone nor that somebody else has what it has.
 */
function reasonToKeep(snapshot: ClusterSnapshot, id: NodeId): Kept[] {
  const wrong = wrongAddresses(snapshot).find(({ node }) => node === id);
  if (wrong) return [{ kind: 'kept-misplaced', nodes: [id], wrong }];
  if (isAlive(snapshot, id)) return [{ kind: 'kept-alive', nodes: [id], heardBy: hearersOf(snapshot, id) }];
  if (slotRefusals(snapshot, id).length > 0) return [];
  const slots = lastCopyOf(snapshot, id)?.slots ?? mayHoldUnowned(snapshot, id);
  return slots.size > 0 ? [{ kind: 'kept-last-copy', nodes: [id], slots }] : [];
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
      const isEmpty = self.role === 'primary' && self.slots.size === 0 && server.keys === 0;
      return nodes.length === 1 && isEmpty;
    })
    .map(({ id }) => id);
}
