/** `add-node`: brings new nodes into a cluster, as primaries without slots or as replicas. */
import { type Gap, gapsAmong, glanceOf, type Member } from '../../topology/agreement.ts';
import { asMember, type Candidate, isCandidate } from '../../topology/candidate.ts';
import { findNode } from '../../topology/find-node.ts';
import { memberOf, membersOf, withoutNodes } from '../../topology/members.ts';
import type { NodeId } from '../../topology/node.ts';
import { believedNodes, type ClusterSnapshot, isPrimary, viewOf } from '../../topology/snapshot.ts';
import { homesFor } from '../placement/place-replicas.ts';
import { shardsOf } from '../placement/shards.ts';
import { type Decision, notFound, type Refusal } from '../refusal.ts';
import { inStages } from '../stages.ts';
import type { Plan, Stage } from '../step.ts';
import {
  type AddNodeRequest,
  functionSource,
  judgeApplicant,
  judgeCluster,
  judgeFunctions,
  judgeMixture,
} from './judge-join.ts';
import { judgeTogether } from './judge-node.ts';

export { type AddNodeRequest, functionSource } from './judge-join.ts';

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
    ...judgeMixture(request, candidates, 'homes' in homes ? homes.homes : new Map()),
    ...judgeFunctions(request, cluster, candidates),
    ...judgeCluster(request, candidates),
    ...candidates.flatMap(candidate => judgeApplicant(candidate, request)),
    ...('refusals' in homes ? homes.refusals : []),
  ];
  if (refusals.length > 0 || 'refusals' in homes) return { kind: 'refused', refusals };
  const lacking = shortcomings(request, cluster, candidates);
  const before = {
    ...snapshot,
    views: [
      ...snapshot.views,
      ...candidates.map(({ view }) => view).filter(({ id }) => !viewOf(snapshot, id)),
    ],
  };
  return {
    kind: 'plan',
    plan: {
      before,
      stages: stagesOf(request, cluster, candidates, lacking, homes.homes),
      remarks: [],
      homes: homes.homes,
      newcomers: incomplete(candidates, lacking, homes.homes),
    },
  };
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
  return { homes: homesFor(all, ids, placeOf) };
}

function homesAt(word: string, cluster: ClusterSnapshot, replicas: readonly Candidate[]): Homes {
  const found = findNode(cluster, word);
  if (found.kind === 'none') return { refusals: [{ kind: 'no-such-primary', word }] };
  if (found.kind === 'ambiguous') return { refusals: [notFound(found, word)] };
  const node = believedNodes(cluster).get(found.id);
  if (!node || !isPrimary(node)) return { refusals: [{ kind: 'not-a-primary', node: found.id }] };
  if (!viewOf(cluster, found.id)) return { refusals: [{ kind: 'does-not-answer', node: found.id }] };
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
  { unmet, unfinished }: Shortcomings,
  homes: ReadonlyMap<NodeId, NodeId>,
): Stage[] {
  const members = [...membersOf(cluster), ...candidates.map(asMember)];
  const newcomers = candidates.map(candidate => candidate.view.id);
  const wantsOk = !request.despiteFindings;
  const roles = candidates.flatMap(({ view: { id, self } }): Stage => {
    const primary = homes.get(id);
    const already = self.role === 'replica' && self.primary === primary;
    return primary && !already ? [{ kind: 'replicate', node: id, primary }] : [];
  });
  return inStages(
    functionCopies(request, cluster, candidates),
    unmet.length > 0
      ? [{ kind: 'join', introductions: introductions(request.snapshot, candidates), newcomers, members }]
      : [],
    roles,
    unmet.length + roles.length + unfinished.length > 0
      ? [{ kind: 'agree', members, concerned: newcomers, wantsOk, wantsCopies: false }]
      : [],
  );
}

/** What is missing until the newcomers are members, and until everybody knows what they are. */
interface Shortcomings {
  readonly unmet: readonly Gap[];
  readonly unfinished: readonly Gap[];
}

function shortcomings(
  { snapshot, despiteFindings, wantsCopies = false }: AddNodeRequest,
  cluster: ClusterSnapshot,
  candidates: readonly Candidate[],
): Shortcomings {
  const newcomers = new Set(candidates.map(({ view }) => view.id));
  const members = [...cluster.views.map(({ id }) => id), ...newcomers];
  const present = snapshot.views.filter(({ id }) => !newcomers.has(id));
  const glances = [...present, ...candidates.map(({ view }) => view)].map(glanceOf);
  const scope = { members, concerned: newcomers, wantsOk: !despiteFindings, wantsCopies };
  return {
    unmet: gapsAmong(glances, { ...scope, goal: 'members' }),
    unfinished: gapsAmong(glances, { ...scope, goal: 'roles' }),
  };
}

function incomplete(
  candidates: readonly Candidate[],
  { unmet, unfinished }: Shortcomings,
  homes: ReadonlyMap<NodeId, NodeId>,
): NodeId[] {
  const lacking = new Set(
    [...unmet, ...unfinished].flatMap(gap => ('about' in gap ? [gap.who, gap.about] : [gap.who])),
  );
  return candidates.map(({ view }) => view.id).filter(id => homes.has(id) || lacking.has(id));
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
  const host = memberOf(entry);
  return (
    candidates
      .filter(({ view }) => !entry.nodes.some(node => node.id === view.id))
      // A cluster of one may not know its own address yet; then it has to call.
      .map(candidate =>
        host.meetAt ? { from: asMember(candidate), to: host } : { from: host, to: asMember(candidate) },
      )
  );
}
