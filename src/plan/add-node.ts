/** `add-node`: brings new nodes into a cluster, as primaries without slots or as replicas. */
import { gapsAmong, type Member } from '../topology/agreement.ts';
import { type Applicant, asMember, type Candidate, isCandidate } from '../topology/candidate.ts';
import { diagnose, NO_WISHES } from '../topology/diagnose.ts';
import { findNode } from '../topology/find-node.ts';
import { memberOf, membersOf, withoutNodes } from '../topology/members.ts';
import type { Address, ClusterNode, NodeId } from '../topology/node.ts';
import type { Place } from '../topology/place.ts';
import { believedNodes, type ClusterSnapshot, isPrimary, replicasByPrimary } from '../topology/snapshot.ts';
import type { Traits } from '../topology/traits.ts';
import { judgeFutureReplica, judgeNewcomer, judgeTogether } from './fitness.ts';
import type { Decision, Refusal } from './refusal.ts';
import { rehome } from './rehome.ts';
import { shardsOf } from './shards.ts';
import { inStages, type Plan, type Stage } from './step.ts';

export interface AddNodeRequest {
  readonly snapshot: ClusterSnapshot;
  readonly newcomers: readonly Applicant[];
  /** Which of them become replicas. */
  readonly asReplicas: (asked: Address) => boolean;
  /** Whose; without it, whoever needs one most. */
  readonly primary?: string;
  readonly traits: Traits;
  readonly placeOf: (id: NodeId) => Place;
  readonly despiteFindings: boolean;
}

export interface AddNodePlan extends Plan {
  /** Who becomes whose replica. */
  readonly homes: ReadonlyMap<NodeId, NodeId>;
  /** Who is not in yet, or not yet in that role. */
  readonly newcomers: readonly NodeId[];
}

export function planAddNode(request: AddNodeRequest): Decision<AddNodePlan> {
  const { snapshot, newcomers } = request;
  const candidates = newcomers.filter(isCandidate);
  const ids = new Set(candidates.map(candidate => candidate.view.id));
  const cluster = withoutNodes(snapshot, ids);
  const homes = findHomes(request, candidates);
  const refusals = [
    ...judgeTogether(newcomers),
    ...judgeCluster(request, candidates),
    ...candidates.flatMap(candidate => judge(candidate, request)),
    ...('refusals' in homes ? homes.refusals : []),
  ];
  if (refusals.length > 0 || 'refusals' in homes) return { kind: 'refused', refusals };
  const before = {
    ...snapshot,
    views: [
      ...snapshot.views,
      ...candidates.map(c => c.view).filter(view => !snapshot.views.some(known => known.id === view.id)),
    ],
  };
  return {
    kind: 'plan',
    plan: {
      before,
      stages: stagesOf(request, cluster, candidates, homes.homes),
      remarks: [],
      homes: homes.homes,
      newcomers: [...ids].filter(id => homes.homes.has(id) || !believedNodes(snapshot).has(id)),
    },
  };
}

/** What newcomers lack that came half-way in an earlier run is what this one is to mend; what others need stays. */
function judgeCluster(
  { snapshot, despiteFindings }: AddNodeRequest,
  candidates: readonly Candidate[],
): Refusal[] {
  if (despiteFindings) return [];
  const replicas = replicasByPrimary(believedNodes(snapshot).values());
  const spare = candidates.filter(({ view: { id, self } }) => isSpare(self) && !replicas.has(id));
  const cluster = withoutNodes(snapshot, new Set(spare.map(({ view }) => view.id)));
  const errors = diagnose(cluster, NO_WISHES).filter(finding => finding.severity === 'error');
  return errors.length === 0 ? [] : [{ kind: 'cluster-damaged', findings: errors }];
}

function isSpare(node: ClusterNode): boolean {
  return node.role !== 'primary' || node.slots.size === 0;
}

function judge(candidate: Candidate, { snapshot, traits, asReplicas }: AddNodeRequest): Refusal[] {
  const known = believedNodes(snapshot);
  const { asked, view } = candidate;
  if (!known.has(view.id)) return judgeNewcomer(candidate, known, traits);
  // Somebody who is in already has slots and keys by right, unless it is to become a replica.
  return asReplicas(asked) && view.self.role === 'primary' ? judgeFutureReplica(snapshot, view.id) : [];
}

type Homes = { readonly homes: ReadonlyMap<NodeId, NodeId> } | { readonly refusals: Refusal[] };

function findHomes(request: AddNodeRequest, candidates: readonly Candidate[]): Homes {
  const { snapshot, asReplicas, primary, placeOf } = request;
  const wanted = candidates.filter(({ asked }) => asReplicas(asked));
  const homeless = wanted.filter(({ view: { self } }) => self.role !== 'replica' || primary !== undefined);
  const ids = homeless.map(candidate => candidate.view.id);
  const others = withoutNodes(snapshot, new Set(ids));
  if (primary !== undefined) return homesAt(primary, others, homeless);
  if (homeless.length === 0) return { homes: new Map() };
  const shards = shardsOf(others);
  const known = new Set(shards.map(shard => shard.primary));
  // New primaries come without replicas, and may be why there are new replicas.
  const arriving = candidates.filter(({ asked, view }) => !asReplicas(asked) && !known.has(view.id));
  const all = [...shards, ...arriving.map(({ view }) => ({ primary: view.id, replicas: [] }))];
  if (all.length === 0) return { refusals: [{ kind: 'no-owner' }] };
  const homes = new Map<NodeId, NodeId>();
  for (const shard of rehome(all, ids, placeOf, { movable: 'homeless' })) {
    for (const replica of shard.replicas) if (ids.includes(replica)) homes.set(replica, shard.primary);
  }
  return { homes };
}

function homesAt(word: string, cluster: ClusterSnapshot, replicas: readonly Candidate[]): Homes {
  const found = findNode(cluster, word);
  if (found.kind === 'none') return { refusals: [{ kind: 'no-such-primary', word }] };
  if (found.kind === 'ambiguous')
    return { refusals: [{ kind: 'ambiguous-node', word, matches: found.matches }] };
  const node = believedNodes(cluster).get(found.id);
  if (!node || !isPrimary(node)) return { refusals: [{ kind: 'not-a-primary', node: found.id }] };
  if (!cluster.views.some(view => view.id === found.id))
    return { refusals: [{ kind: 'does-not-answer', node: found.id }] };
  const elsewhere = replicas.filter(
    ({ view: { self } }) => self.role === 'replica' && self.primary !== found.id,
  );
  if (elsewhere.length > 0)
    return { refusals: elsewhere.map(({ asked }) => ({ kind: 'replica-elsewhere', node: asked })) };
  return { homes: new Map(replicas.map(({ view }) => [view.id, found.id])) };
}

function stagesOf(
  request: AddNodeRequest,
  cluster: ClusterSnapshot,
  candidates: readonly Candidate[],
  homes: ReadonlyMap<NodeId, NodeId>,
): Stage[] {
  const members = [...membersOf(cluster), ...candidates.map(asMember)];
  const newcomers = candidates.map(candidate => candidate.view.id);
  const scope = { members: members.map(m => m.id), concerned: new Set(newcomers), wantsOk: false };
  const views = [
    ...request.snapshot.views.filter(view => !newcomers.includes(view.id)),
    ...candidates.map(candidate => candidate.view),
  ];
  const unmet = gapsAmong(views, { ...scope, goal: 'members' }).length > 0;
  const roles = candidates.flatMap(({ view: { id, self } }): Stage => {
    const primary = homes.get(id);
    const already = self.role === 'replica' && self.primary === primary;
    return primary && !already ? [{ kind: 'replicate', node: id, primary }] : [];
  });
  const wantsOk = !request.despiteFindings;
  const unfinished =
    unmet || roles.length > 0 || gapsAmong(views, { ...scope, goal: 'roles', wantsOk }).length > 0;
  return inStages(
    functionCopies(request, cluster, candidates),
    unmet
      ? [{ kind: 'join', introductions: introductions(request.snapshot, candidates), newcomers, members }]
      : [],
    roles,
    unfinished ? [{ kind: 'agree', members, concerned: newcomers, wantsOk }] : [],
  );
}

/** A replica gets them with its primary's data. */
function functionCopies(
  { traits: { functions }, asReplicas }: AddNodeRequest,
  cluster: ClusterSnapshot,
  candidates: readonly Candidate[],
): Stage {
  const source = functionSource(cluster);
  if (!functions || functions.size === 0 || !source) return [];
  return candidates
    .filter(({ asked, functions: own }) => !asReplicas(asked) && (own?.size ?? 0) < functions.size)
    .map(({ view }) => ({ kind: 'copy-functions', node: view.id, from: source }));
}

/** A primary that serves clients has what the cluster has. */
export function functionSource({ views }: ClusterSnapshot): NodeId | undefined {
  const primaries = views.filter(({ self }) => self.role === 'primary');
  const [owner] = primaries.filter(({ self }) => self.role === 'primary' && self.slots.size > 0);
  return (owner ?? primaries[0])?.id;
}

/**
 * The newcomer calls, not the cluster: so the cluster learns its address from the call itself, which is right even
 * where the address that the person wrote means another node to the others.
 */
function introductions(
  { views }: ClusterSnapshot,
  candidates: readonly Candidate[],
): { from: Member; to: Member }[] {
  const entry = views.find(({ id }) => !candidates.some(({ view }) => view.id === id));
  if (!entry) return [];
  const to = memberOf(entry);
  return candidates
    .filter(({ view }) => !entry.nodes.some(node => node.id === view.id))
    .map(candidate => ({ from: asMember(candidate), to }));
}
