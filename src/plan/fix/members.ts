/** Who belongs to the cluster, whom nodes know, and whose replicas they are. */
import type { Examined } from '../../topology/diagnose.ts';
import type { Finding, FindingOf } from '../../topology/finding.ts';
import { membersOf, withoutNodes } from '../../topology/members.ts';
import type { NodeId } from '../../topology/node.ts';
import type { Place } from '../../topology/place.ts';
import { SlotSet } from '../../topology/slot-set.ts';
import { type ClusterSnapshot, coveredSlots } from '../../topology/snapshot.ts';
import { ghostsIn, planForgetting } from '../membership/forget-failed.ts';
import { rehome } from '../placement/rehome.ts';
import { shardsOf } from '../placement/shards.ts';
import type { Step } from '../step.ts';
import type { Measure, Phase } from './phases.ts';
import type { Obstacle, Situation } from './situation.ts';

export type PlaceOf = (id: NodeId) => Place;

const nowhere = { slots: SlotSet.empty, keys: 0, keysAtOwner: 0 } as const;

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
    return nodes.length > 0
      ? [{ kind: 'ghost', nodes, ...nowhere, measures: [], obstacle: 'no-remedy' }]
      : [];
  }
  const { plan } = decision;
  if (plan.victims.length === 0) return [];
  const measures = plan.stages.flat().flatMap((step): Measure[] => {
    const phase = PHASE_OF[step.kind];
    return phase ? [{ phase, step }] : [];
  });
  return [{ kind: 'ghost', nodes: plan.victims, ...nowhere, measures }];
}

/** Whoever is known to some only is introduced to the others. */
export function strangers(
  findings: readonly Finding[],
  snapshot: ClusterSnapshot,
  gone: ReadonlySet<NodeId>,
): Situation[] {
  const members = membersOf(snapshot).filter(({ id }) => !gone.has(id));
  const known = new Map(members.map(member => [member.id, member]));
  return findings.filter(isMembersDisagree).flatMap((finding): Situation[] => {
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
      {
        kind: 'members-disagree',
        nodes: [...newcomers, ...unaware],
        ...nowhere,
        measures: [{ phase: 'meet', step }],
      },
    ];
  });
}

function isMembersDisagree(finding: Finding): finding is FindingOf<'members-disagree'> {
  return finding.kind === 'members-disagree';
}

/**
 * Nodes that are taken for what they are not hear of each other when all agree in the end. Nobody can agree about a
 * replica of a node that is silent and that some have forgotten: that node or an heir has to be there first.
 */
export function mistaken(
  findings: readonly Finding[],
  { views }: ClusterSnapshot,
  heirs: ReadonlySet<NodeId>,
): Situation[] {
  const isStranded = (id: NodeId) => {
    const self = views.find(view => view.id === id)?.self;
    if (self?.role !== 'replica' || heirs.has(id)) return false;
    const { primary } = self;
    if (!primary || views.some(view => view.id === primary)) return false;
    return views.some(({ nodes }) => nodes.every(node => node.id !== primary));
  };
  return findings.flatMap(({ kind, nodes }): Situation[] => {
    if (kind !== 'roles-disagree') return [];
    const obstacle = nodes.some(isStranded) && ({ obstacle: 'wait' } as const);
    return [{ kind: 'roles-disagree', nodes, ...nowhere, measures: [], ...obstacle }];
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
  const keys = new Map(snapshot.views.map(({ id, server }) => [id, server.keys]));
  const isCovered = coveredSlots(snapshot).equals(SlotSet.all);
  const rescued = lost.filter(id => isCovered || keys.get(id) === 0);
  const kept = lost.filter(id => !rescued.includes(id));
  const shards = shardsOf(withoutNodes(snapshot, new Set([...gone, ...lost])));
  const homes =
    rescued.length > 0 && shards.length > 0 ? rehome(shards, rescued, placeOf, { movable: 'homeless' }) : [];
  const situations = homes.flatMap(({ primary, replicas }) =>
    replicas
      .filter(id => rescued.includes(id))
      .map((node): Situation => {
        const step = { kind: 'replicate', node, primary } as const;
        return {
          kind: 'replica-of-nobody',
          nodes: [node, primary],
          ...nowhere,
          keys: keys.get(node) ?? 0,
          measures: [{ phase: 'rehome', step }],
        };
      }),
  );
  const obstacle: Obstacle = 'wait';
  return [
    ...situations,
    ...kept.map(
      (node): Situation => ({
        kind: 'replica-of-nobody',
        nodes: [node],
        ...nowhere,
        keys: keys.get(node) ?? 0,
        measures: [],
        obstacle,
      }),
    ),
  ];
}
