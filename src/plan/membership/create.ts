/**
 * `create`: who becomes what, and the steps to it. A create that was interrupted is planned again from what its nodes
 * say now: the layout depends on the arguments only, so whatever matches it is known to be done already.
 */
import { gapsAmong, glanceOf, type Member } from '../../topology/agreement.ts';
import { type Applicant, asMember, type Candidate, isCandidate } from '../../topology/candidate.ts';
import type { NodePlace } from '../../topology/host-and-zone.ts';
import { formatAddress, type NodeId, nodeId } from '../../topology/node.ts';
import { SlotSet } from '../../topology/slot-set.ts';
import { layOut, type Shard, type Spot } from '../placement/lay-out.ts';
import { homesIn } from '../placement/shards.ts';
import type { Decision, Refusal } from '../refusal.ts';
import { equalShares } from '../slots/even-shares.ts';
import { inStages } from '../stages.ts';
import type { Plan, Stage } from '../step.ts';
import { olderReplicas, productsMixed } from './compatibility.ts';
import { type Assignment, judgeCandidate, judgeTogether } from './judge-node.ts';
import { chosenPrimaries, type Roles, rolesProblem } from './roles.ts';

/** Fewer cannot agree that one of them has failed. */
export const FEWEST_PRIMARIES = 3;

export interface CreateRequest {
  /** In the order in which they were named. */
  readonly nodes: readonly Applicant[];
  readonly roles: Roles;
  readonly placeOf: (node: Applicant) => NodePlace;
  readonly allowFewPrimaries: boolean;
  /** Products and versions that do not go together. */
  readonly allowMixed: boolean;
}

export interface PlannedShard extends Shard {
  readonly slots: SlotSet;
}

export interface CreatePlan extends Plan {
  readonly shards: readonly PlannedShard[];
  readonly places: ReadonlyMap<NodeId, NodePlace>;
}

export function planCreate(request: CreateRequest): Decision<CreatePlan> {
  const { nodes } = request;
  const candidates = nodes.filter(isCandidate);
  const views = candidates.map(({ view }) => view);
  const general = [
    ...judgeTogether(nodes),
    ...roleRefusals(request),
    ...(request.allowMixed ? [] : productsMixed(candidates)),
  ];
  const shards = general.some(r => r.kind === 'wrong-roles' || r.kind === 'same-node')
    ? undefined
    : layOutShards(request);
  const assignments = shards ? assignmentsOf(shards) : new Map<NodeId, Assignment>();
  const refusals = [
    ...general,
    ...(request.allowMixed ? [] : olderReplicas(views, homesIn(shards ?? []))),
    ...candidates.flatMap(candidate => judgeCandidate(candidate, nodes, assignments.get(candidate.view.id))),
  ];
  if (refusals.length > 0 || !shards) return { kind: 'refused', refusals };
  const places = new Map(candidates.map(candidate => [candidate.view.id, request.placeOf(candidate)]));
  return {
    kind: 'plan',
    plan: {
      before: { entry: views[0]?.id ?? nodeId(''), views, unreachable: [] },
      stages: stagesOf(candidates, assignments),
      remarks: [],
      shards,
      places,
    },
  };
}

/** Nodes that did not answer have a place in the layout, too: what the others have been given depends on it. */
function idOf(node: Applicant, position: number): NodeId {
  return isCandidate(node) ? node.view.id : nodeId(position.toString(16).padStart(40, '0'));
}

function roleRefusals({ nodes, roles, allowFewPrimaries }: CreateRequest): Refusal[] {
  const problem = rolesProblem(nodes, roles);
  if (problem !== undefined) return [{ kind: 'wrong-roles', problem }];
  const primaries = chosenPrimaries(nodes, roles);
  const count = typeof primaries === 'number' ? primaries : primaries.length;
  if (count >= FEWEST_PRIMARIES || (allowFewPrimaries && count > 0)) return [];
  const replicas = roles.kind === 'counted' ? { replicas: roles.replicas } : {};
  return [{ kind: 'too-few-primaries', nodes: nodes.length, ...replicas, primaries: count }];
}

function layOutShards({ nodes, roles, placeOf }: CreateRequest): PlannedShard[] | undefined {
  const ids = new Map(nodes.map((node, i) => [formatAddress(node.asked), idOf(node, i)]));
  const spots: Spot[] = nodes.map((node, i) => ({ id: idOf(node, i), place: placeOf(node) }));
  const primaries = chosenPrimaries(nodes, roles);
  if (primaries === 0) return undefined;
  const named = (address: string) => ids.get(address) ?? nodeId('');
  const shards =
    roles.kind === 'named' && roles.replicasOf.size > 0
      ? roles.primaries.map(primary => ({
          primary: named(primary),
          replicas: (roles.replicasOf.get(primary) ?? []).map(named),
        }))
      : layOut(spots, typeof primaries === 'number' ? primaries : primaries.map(named));
  const shares = equalShares(shards.length);
  return shards.map((shard, i) => ({ ...shard, slots: shares[i] ?? SlotSet.empty }));
}

/** Epochs are told apart from the start: of two equal ones the servers have to change one, a packet at a time. */
function assignmentsOf(shards: readonly PlannedShard[]): Map<NodeId, Assignment> {
  return new Map<NodeId, Assignment>([
    ...shards.map(({ primary, slots }, i) => [primary, { role: 'primary', slots, epoch: i + 1 }] as const),
    ...homesIn(shards).map(
      ([id, primary], i) => [id, { role: 'replica', primary, epoch: shards.length + i + 1 }] as const,
    ),
  ]);
}

function stagesOf(candidates: readonly Candidate[], assignments: ReadonlyMap<NodeId, Assignment>): Stage[] {
  const members = candidates.map(asMember);
  const ids = members.map(member => member.id);
  const views = candidates.map(({ view }) => glanceOf(view));
  const scope = { members: ids, wantsOk: true, wantsCopies: true };
  const gaps = gapsAmong(views, { ...scope, goal: 'members' });
  const own = candidates.flatMap(({ view }): Stage => {
    const assignment = assignments.get(view.id);
    return assignment ? duties(view, assignment) : [];
  });
  const roles = candidates.flatMap(({ view: { id, self } }): Stage => {
    const assignment = assignments.get(id);
    if (assignment?.role !== 'replica' || self.role === 'replica') return [];
    return [{ kind: 'replicate', node: id, primary: assignment.primary }];
  });
  const unfinished =
    own.length + gaps.length + roles.length > 0 || gapsAmong(views, { ...scope, goal: 'roles' }).length > 0;
  return inStages(
    // Slots before MEET: a primary that has its slots when it first hears of others counts itself among those that
    // vote, and the time begins to run for which a server refuses queries after it was alone.
    own,
    gaps.length > 0 ? [joinStep(members, candidates)] : [],
    // Only a node that knows its primary can replicate it.
    roles,
    unfinished ? [{ kind: 'agree', ...scope, members, concerned: ids }] : [],
  );
}

function duties({ id, self, nodes }: Candidate['view'], assignment: Assignment): Stage {
  const alone = nodes.length === 1;
  const steps: Stage[number][] = [];
  // A server takes an epoch from outside only while it has none and knows nobody.
  if (self.configEpoch === 0 && alone) steps.push({ kind: 'set-epoch', node: id, epoch: assignment.epoch });
  if (assignment.role === 'primary' && self.role === 'primary' && self.slots.size === 0)
    steps.push({ kind: 'assign-slots', node: id, slots: assignment.slots });
  return steps;
}

/** One node meets all others; meeting everybody from everywhere makes handshakes collide and takes longer. */
function joinStep(members: readonly Member[], candidates: readonly Candidate[]): Stage[number] {
  const [hub] = members;
  const known = new Set(candidates[0]?.view.nodes.map(node => node.id));
  const introductions = members.flatMap(to => (hub && !known.has(to.id) ? [{ from: hub, to }] : []));
  return { kind: 'join', introductions, newcomers: members.map(member => member.id), members };
}
