/** Who belongs to the cluster, whom nodes know, and whose replicas they are. */
import type { Examined } from '../../topology/diagnose.ts';
import type { Finding } from '../../topology/finding.ts';
import type { NodePlace } from '../../topology/host-and-zone.ts';
import { membersOf, withoutNodes } from '../../topology/members.ts';
import type { NodeId } from '../../topology/node.ts';
import { SlotSet } from '../../topology/slot-set.ts';
import { type ClusterSnapshot, coveredSlots, viewOf } from '../../topology/snapshot.ts';
import { ghostsIn, planForgetting } from '../membership/forget-failed.ts';
import { homesFor } from '../placement/place-replicas.ts';
import { shardsOf } from '../placement/shards.ts';
import type { Step } from '../step.ts';
import type { Measure, Phase } from './phases.ts';
import { type Situation, situation } from './situation.ts';

export type PlaceOf = (id: NodeId) => NodePlace;

const PHASE_OF: Partial<Record<Step['kind'], Phase>> = {
  replicate: 'rehome',
  forget: 'forget',
  'stay-forgotten': 'watch',
};

/** As `forget-failed` does it, but for members that are down: these may come back. Their replicas get others, everybody forgets them, and it is seen to that they stay away. */
export function ghosts({ snapshot, findings }: Examined, placeOf: PlaceOf): Situation[] {
  const decision = planForgetting(snapshot, ghostsIn(findings, 'without handshakes'), placeOf);
  if (decision.kind === 'refused') {
    const nodes = decision.refusals.flatMap(refusal =>
      'node' in refusal && typeof refusal.node === 'string' ? [refusal.node] : [],
    );
    return nodes.length > 0 ? [situation('ghost', nodes, { obstacle: 'no-remedy' })] : [];
  }
  const { plan } = decision;
  if (plan.victims.length === 0) return [];
  const measures = plan.stages.flat().flatMap((step): Measure[] => {
    const phase = PHASE_OF[step.kind];
    return phase ? [{ phase, step }] : [];
  });
  return [situation('ghost', plan.victims, { measures })];
}

/** Whoever is known to some only is introduced to the others. */
export function strangers(
  findings: readonly Finding[],
  snapshot: ClusterSnapshot,
  gone: ReadonlySet<NodeId>,
): Situation[] {
  const members = membersOf(snapshot).filter(({ id }) => !gone.has(id));
  const known = new Map(members.map(member => [member.id, member]));
  return findings.flatMap((finding): Situation[] => {
    if (finding.kind !== 'members-disagree') return [];
    const newcomers = finding.nodes.filter(id => known.has(id));
    if (newcomers.length === 0) return [];
    const unaware = finding.unknownTo.filter(id => !gone.has(id));
    const introductions = newcomers.flatMap(id =>
      unaware.flatMap(speaker => {
        const [from, to] = [known.get(speaker), known.get(id)];
        return from && to ? [{ from, to }] : [];
      }),
    );
    const step = { kind: 'join', introductions, newcomers, members } as const;
    return [
      situation('members-disagree', [...newcomers, ...unaware], { measures: [{ phase: 'meet', step }] }),
    ];
  });
}

/**
 * Nodes that are taken for what they are not hear of each other when all agree in the end. Nobody can agree about a
 * replica of a node that is silent and that some have forgotten: that node or an heir has to be there first.
 */
export function mistaken(
  findings: readonly Finding[],
  snapshot: ClusterSnapshot,
  heirs: ReadonlySet<NodeId>,
): Situation[] {
  const isStranded = (id: NodeId) => {
    const self = viewOf(snapshot, id)?.self;
    if (self?.role !== 'replica' || heirs.has(id)) return false;
    const { primary } = self;
    if (!primary || viewOf(snapshot, primary)) return false;
    return snapshot.views.some(({ nodes }) => nodes.every(node => node.id !== primary));
  };
  return findings.flatMap(({ kind, nodes }): Situation[] => {
    if (kind !== 'roles-disagree') return [];
    return [situation('roles-disagree', nodes, { ...(nodes.some(isStranded) && { obstacle: 'wait' }) })];
  });
}

/**
 * Replicas whose primary is unknown, gone, or a replica itself. A new primary means that they drop what they hold. That
 * is no loss as long as every slot has an owner; else theirs may be the last copy.
 */
export function homeless(
  findings: readonly Finding[],
  snapshot: ClusterSnapshot,
  gone: ReadonlySet<NodeId>,
  placeOf: PlaceOf,
): Situation[] {
  const lost = findings
    .flatMap(({ kind, nodes: [node] }) => (kind === 'replica-of-nobody' && node ? [node] : []))
    .filter(id => !gone.has(id));
  if (lost.length === 0) return [];
  // Not counted is not none.
  const keysAt = (id: NodeId) => viewOf(snapshot, id)?.server.keys;
  const isCovered = coveredSlots(snapshot).equals(SlotSet.all);
  const rescued = lost.filter(id => isCovered || keysAt(id) === 0);
  const kept = lost.filter(id => !rescued.includes(id));
  const shards = shardsOf(withoutNodes(snapshot, new Set([...gone, ...lost])));
  return [
    ...[...homesFor(shards, rescued, placeOf)].map(([node, primary]) =>
      situation('replica-of-nobody', [node, primary], {
        keys: keysAt(node) ?? 0,
        measures: [{ phase: 'rehome', step: { kind: 'replicate', node, primary } }],
      }),
    ),
    ...kept.map(node =>
      situation('replica-of-nobody', [node], { keys: keysAt(node) ?? 0, obstacle: 'wait' }),
    ),
  ];
}
