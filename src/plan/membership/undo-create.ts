/** `create --reset-failed`: nodes that a create has begun to join are made strangers again. */
import { type Applicant, type Candidate, isCandidate, isSilent } from '../../topology/candidate.ts';
import { formatAddress, nodeId } from '../../topology/node.ts';
import { SLOT_COUNT, SlotSet } from '../../topology/slot-set.ts';
import { type NodeView, primariesIn } from '../../topology/snapshot.ts';
import type { Decision, Refusal } from '../refusal.ts';
import { inStages } from '../stages.ts';
import type { Plan, Remark } from '../step.ts';
import { addressesIn, judgeTogether } from './judge-node.ts';

/** Who is not in the list, and would be left with a cluster full of holes, is a reason against it. */
export function planUndoCreate(nodes: readonly Applicant[]): Decision<Plan> {
  const candidates = nodes.filter(isCandidate);
  const silent = nodes.filter(isSilent);
  const refusals = [
    ...judgeTogether(nodes).filter(({ kind }) => kind === 'same-node'),
    ...outsiders(nodes),
    ...severalClusters(candidates),
    ...workingCluster(candidates),
  ];
  if (refusals.length > 0) return { kind: 'refused', refusals };
  const full = candidates.filter(({ view }) => (view.server.keys ?? 0) > 0);
  const begun = candidates.filter(candidate => !full.includes(candidate) && !isPristine(candidate.view));
  const resets = begun.map(({ view: { id } }) => ({ kind: 'reset', node: id, mode: 'hard' }) as const);
  const nodesReset = begun.map(({ view }) => view.id);
  return {
    kind: 'plan',
    plan: {
      before: {
        entry: candidates[0]?.view.id ?? nodeId('0'.repeat(40)),
        views: candidates.map(({ view }) => view),
        unreachable: [],
      },
      stages: inStages(
        resets,
        // A handshake that was under way when they were reset joins them again, under their new names.
        nodesReset.length > 0 ? [{ kind: 'stay-alone', nodes: nodesReset }] : [],
      ),
      remarks: [
        ...full.map(
          ({ view }): Remark => ({ kind: 'kept-for-keys', node: view.id, keys: view.server.keys ?? 0 }),
        ),
        ...silent.map(({ asked }): Remark => ({ kind: 'kept-silent', node: asked })),
      ],
    },
  };
}

/** By id or by address: a node that was reset, or that does not answer, is known by an id that is nobody’s now. */
function outsiders(nodes: readonly Applicant[]): Refusal[] {
  const candidates = nodes.filter(isCandidate);
  const ids = new Set(candidates.map(({ view }) => view.id));
  const places = addressesIn(nodes);
  return candidates.flatMap(({ asked, view }): Refusal[] => {
    const others = view.nodes.filter(
      ({ id, address, role }) =>
        !ids.has(id) && role !== 'stranger' && address && !places.has(formatAddress(address)),
    ).length;
    return others > 0 ? [{ kind: 'knows-others', node: asked, others }] : [];
  });
}

/** One create makes one: everybody who knows somebody is connected with everybody else who does. */
function severalClusters(candidates: readonly Candidate[]): Refusal[] {
  const groups: Candidate[][] = [];
  for (const candidate of candidates) {
    const knows = (other: Candidate) =>
      candidate.view.nodes.some(({ id }) => id === other.view.id) ||
      other.view.nodes.some(({ id }) => id === candidate.view.id);
    const related = groups.filter(group => group.some(knows));
    const others = groups.filter(group => !related.includes(group));
    groups.splice(0, groups.length, ...others, [...related.flat(), candidate]);
  }
  const clusters = groups.filter(group => group.length > 1);
  if (clusters.length < 2) return [];
  return [{ kind: 'several-clusters', groups: clusters.map(group => group.map(({ asked }) => asked)) }];
}

/** What works and holds keys is no failed create, and resetting the nodes without keys would tear it apart. */
function workingCluster(candidates: readonly Candidate[]): Refusal[] {
  const primaries = primariesIn({ views: candidates.map(({ view }) => view) });
  const keys = primaries.reduce((sum, { server }) => sum + (server.keys ?? 0), 0);
  const covered = SlotSet.union(primaries.map(({ self }) => self.slots));
  return keys > 0 && covered.size === SLOT_COUNT ? [{ kind: 'working-cluster', keys }] : [];
}

function isPristine({ nodes, self }: NodeView): boolean {
  return nodes.length === 1 && self.configEpoch === 0 && self.role === 'primary' && self.slots.size === 0;
}
