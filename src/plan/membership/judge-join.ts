/** What stands against nodes that are to join a cluster, and against the cluster that they are to join. */
import { type Applicant, type Candidate, isCandidate, type Traits } from '../../topology/candidate.ts';
import { diagnose, type Examined, NO_WISHES } from '../../topology/diagnose.ts';
import type { NodePlace } from '../../topology/host-and-zone.ts';
import { withoutNodes } from '../../topology/members.ts';
import { type Address, type ClusterNode, type NodeId, slotsOf } from '../../topology/node.ts';
import {
  believedNodes,
  type ClusterSnapshot,
  type NodeView,
  primariesIn,
  replicasByPrimary,
} from '../../topology/snapshot.ts';
import type { Refusal } from '../refusal.ts';
import { olderReplicas, productsMixed } from './compatibility.ts';
import { judgeFutureReplica, judgeNewcomer } from './judge-node.ts';

export interface AddNodeRequest extends Examined {
  readonly newcomers: readonly Applicant[];
  /** Which of them become replicas. */
  readonly asReplicas: (asked: Address) => boolean;
  /** Whose; without it, whoever needs one most. */
  readonly primary?: string;
  readonly traits: Traits;
  readonly placeOf: (id: NodeId) => NodePlace;
  readonly despiteFindings: boolean;
  /** Products and versions that do not go together. */
  readonly allowMixed: boolean;
  /** New replicas are to be through with their copies. */
  readonly wantsCopies?: boolean;
}

/** What newcomers lack that came half-way in an earlier run is what this one is to mend; what others need stays. */
export function judgeCluster(
  { snapshot, findings, despiteFindings }: AddNodeRequest,
  candidates: readonly Candidate[],
): Refusal[] {
  if (despiteFindings) return [];
  const known = believedNodes(snapshot);
  const replicas = replicasByPrimary(known.values());
  const spare = candidates.filter(
    ({ view: { id, self } }) => known.has(id) && slotsOf(self).size === 0 && !replicas.has(id),
  );
  const rest = withoutNodes(snapshot, new Set(spare.map(({ view }) => view.id)));
  const among = spare.length === 0 ? findings : diagnose(rest, NO_WISHES);
  const errors = among.filter(finding => finding.severity === 'error');
  return errors.length === 0 ? [] : [{ kind: 'cluster-damaged', findings: errors }];
}

/** Those who come together may have met already. */
function withNewcomers(
  known: ReadonlyMap<NodeId, ClusterNode>,
  newcomers: readonly Applicant[],
): ReadonlyMap<NodeId, ClusterNode> {
  const selves = newcomers.filter(isCandidate).map(({ view }) => [view.id, view.self] as const);
  return new Map([...known, ...selves]);
}

/** Both sides have to say so: a node that was reset is on the others' lists still, and may hold anything by now. */
function isMember({ id, nodes }: NodeView, snapshot: ClusterSnapshot): boolean {
  const others = snapshot.views.filter(view => view.id !== id);
  const isKnown = others.some(view => view.nodes.some(node => node.id === id));
  return isKnown && others.some(view => nodes.some(node => node.id === view.id));
}

export function judgeMixture(
  { snapshot, allowMixed }: AddNodeRequest,
  candidates: readonly Candidate[],
  homes: ReadonlyMap<NodeId, NodeId>,
): Refusal[] {
  if (allowMixed) return [];
  return [
    ...productsMixed(candidates, snapshot.views[0]?.server.product),
    ...olderReplicas([...snapshot.views, ...candidates.map(({ view }) => view)], homes),
  ];
}

/** Functions that we may not see we cannot copy, and their clients would fail at the new node. */
export function judgeFunctions(
  { traits, asReplicas, despiteFindings }: AddNodeRequest,
  cluster: ClusterSnapshot,
  candidates: readonly Candidate[],
): Refusal[] {
  const node = functionSource(cluster);
  const needed = candidates.some(({ asked }) => !asReplicas(asked));
  if (!traits.functionsHidden || !node || !needed || despiteFindings) return [];
  return [{ kind: 'functions-hidden', node }];
}

export function judgeApplicant(
  candidate: Candidate,
  { snapshot, newcomers, traits, asReplicas }: AddNodeRequest,
): Refusal[] {
  const known = believedNodes(snapshot);
  const { asked, view } = candidate;
  if (!isMember(view, snapshot)) return judgeNewcomer(candidate, withNewcomers(known, newcomers), traits);
  // Somebody who is in already has slots and keys by right, unless it is to become a replica.
  return asReplicas(asked) && view.self.role === 'primary' ? judgeFutureReplica(snapshot, view.id) : [];
}

/** A primary that serves clients has what the cluster has. */
export function functionSource(snapshot: ClusterSnapshot): NodeId | undefined {
  const primaries = primariesIn(snapshot);
  return (primaries.find(({ self }) => self.slots.size > 0) ?? primaries[0])?.id;
}
