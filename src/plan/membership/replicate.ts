/** `replicate` and `place-replicas`: replicas get other primaries. */
import { gapsAmong, glanceOf } from '../../topology/agreement.ts';
import type { NodePlace } from '../../topology/host-and-zone.ts';
import type { NodeId } from '../../topology/node.ts';
import { believedNodes, type ClusterSnapshot, ownClaims, viewOf } from '../../topology/snapshot.ts';
import { placeReplicas } from '../placement/place-replicas.ts';
import { type AntiAffinityScore, type Shard, scoreOf } from '../placement/score.ts';
import { homesIn, shardsOf } from '../placement/shards.ts';
import { type Decision, findNamed, type Refusal } from '../refusal.ts';
import { agreeStep, inStages } from '../stages.ts';
import type { Plan, Remark } from '../step.ts';
import { olderReplicas } from './compatibility.ts';
import { judgeFutureReplica } from './judge-node.ts';

export interface Move {
  readonly replica: NodeId;
  readonly from?: NodeId;
  readonly to: NodeId;
}

export interface RehomingPlan extends Plan {
  readonly moves: readonly Move[];
  readonly scoreBefore: AntiAffinityScore;
  readonly scoreAfter: AntiAffinityScore;
}

export interface ReplicateRequest {
  readonly snapshot: ClusterSnapshot;
  readonly replica: string;
  readonly primary: string;
  readonly placeOf: (id: NodeId) => NodePlace;
  /** Versions that do not go together. */
  readonly allowMixed: boolean;
  /** The replica is to be through with its copy. */
  readonly wantsCopies?: boolean;
}

export function planReplicate({
  snapshot,
  replica,
  primary,
  placeOf,
  allowMixed,
  wantsCopies = false,
}: ReplicateRequest): Decision<RehomingPlan> {
  const refusals: Refusal[] = [];
  const node = findNamed(snapshot, replica, refusals);
  const home = findNamed(snapshot, primary, refusals);
  if (node) refusals.push(...judgeFutureReplica(snapshot, node));
  if (home) refusals.push(...judgePrimary(snapshot, home));
  if (node && home && !allowMixed) refusals.push(...olderReplicas(snapshot.views, [[node, home]]));
  if (node && node === home) refusals.push({ kind: 'replicates-itself', node });
  if (refusals.length > 0 || !node || !home) return { kind: 'refused', refusals };
  const self = viewOf(snapshot, node)?.self;
  const from = self?.role === 'replica' ? self.primary : undefined;
  const shards = shardsOf(snapshot).filter(shard => shard.primary !== node);
  const after = shards.map(shard => withReplica(shard, node, home));
  const moves = from === home ? [] : [{ replica: node, to: home, ...(from && { from }) }];
  const plan = rehomingPlan(snapshot, moves, shards, after, placeOf);
  // It has that primary already; whether that has come to work is another question.
  const waiting =
    moves.length === 0 && !works(snapshot, node, wantsCopies)
      ? [[agreeStep(snapshot, [node], { wantsOk: false })]]
      : [];
  return { kind: 'plan', plan: { ...plan, stages: [...plan.stages, ...waiting] } };
}

function withReplica({ primary, replicas }: Shard, node: NodeId, home: NodeId): Shard {
  const others = replicas.filter(id => id !== node);
  return { primary, replicas: primary === home ? [...others, node] : others };
}

function judgePrimary(snapshot: ClusterSnapshot, node: NodeId): Refusal[] {
  if (believedNodes(snapshot).get(node)?.role !== 'primary') return [{ kind: 'not-a-primary', node }];
  return viewOf(snapshot, node) ? [] : [{ kind: 'does-not-answer', node }];
}

/** Only between primaries with slots: one without has nothing to copy. */
export function planPlaceReplicas(
  snapshot: ClusterSnapshot,
  placeOf: (id: NodeId) => NodePlace,
  allowMixed: boolean,
): Decision<RehomingPlan> {
  const owners = ownClaims(snapshot);
  const shards = shardsOf(snapshot);
  const owning = shards.filter(({ primary }) => owners.has(primary));
  // Replicas of a primary that is down stay: one of them is about to take over.
  const idle = shards.filter(({ primary }) => !owners.has(primary)).flatMap(({ replicas }) => replicas);
  if (owning.length === 0) return { kind: 'refused', refusals: [{ kind: 'no-owner' }] };
  const after = placeReplicas(owning, idle, placeOf, { movable: 'all' });
  const homeBefore = new Map(homesIn(shards));
  const moves = homesIn(after).flatMap(([replica, to]): Move[] => {
    const from = homeBefore.get(replica);
    return from === to ? [] : [{ replica, to, ...(from && { from }) }];
  });
  const older = allowMixed
    ? []
    : olderReplicas(
        snapshot.views,
        moves.map(({ replica, to }) => [replica, to]),
      );
  if (older.length > 0) return { kind: 'refused', refusals: older };
  const plan = rehomingPlan(snapshot, moves, owning, after, placeOf);
  const silent = snapshot.unreachable.map(({ id }) => id);
  const remarks: Remark[] = silent.length > 0 ? [{ kind: 'left-out', nodes: silent }] : [];
  return { kind: 'plan', plan: { ...plan, remarks: [...remarks, ...plan.remarks] } };
}

function rehomingPlan(
  snapshot: ClusterSnapshot,
  moves: readonly Move[],
  shardsBefore: readonly Shard[],
  shardsAfter: readonly Shard[],
  placeOf: (id: NodeId) => NodePlace,
): RehomingPlan {
  const moved = moves.map(({ replica }) => replica);
  return {
    before: snapshot,
    moves,
    scoreBefore: scoreOf(shardsBefore, placeOf),
    scoreAfter: scoreOf(shardsAfter, placeOf),
    remarks: bareRemarks(shardsBefore, shardsAfter, moved),
    stages: inStages(
      moves.map(({ replica, to }) => ({ kind: 'replicate', node: replica, primary: to })),
      moved.length > 0 ? [agreeStep(snapshot, moved, { wantsOk: false })] : [],
    ),
  };
}

function works(snapshot: ClusterSnapshot, node: NodeId, wantsCopies: boolean): boolean {
  const members = snapshot.views.map(({ id }) => id);
  const scope = { goal: 'roles', members, concerned: new Set([node]), wantsOk: false, wantsCopies } as const;
  return gapsAmong(snapshot.views.map(glanceOf), scope).length === 0;
}

/** A replica that moves is empty first; whoever has only such replicas has none until they have copied the data. */
function bareRemarks(before: readonly Shard[], after: readonly Shard[], moved: readonly NodeId[]): Remark[] {
  if (moved.length === 0) return [];
  const had = new Map(before.map(({ primary, replicas }) => [primary, replicas.length]));
  const lost = after.filter(({ primary }) => (had.get(primary) ?? 0) > 0);
  const bare = lost.filter(({ replicas }) => replicas.length === 0).map(({ primary }) => primary);
  const meanwhile = lost
    .filter(({ replicas }) => replicas.length > 0 && replicas.every(id => moved.includes(id)))
    .map(({ primary }) => primary);
  return [
    ...(bare.length > 0 ? [{ kind: 'bare-afterwards', primaries: bare } as const] : []),
    ...(meanwhile.length > 0 ? [{ kind: 'bare-meanwhile', primaries: meanwhile } as const] : []),
  ];
}
