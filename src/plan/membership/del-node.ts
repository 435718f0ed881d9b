/** `del-node` and `forget-failed`: nodes leave, everybody forgets them, and their replicas get other primaries. */
import type { Candidate } from '../../topology/candidate.ts';
import { findNode } from '../../topology/find-node.ts';
import { lastCopyOf, slotsGivenTo } from '../../topology/last-copy.ts';
import { membersOf, withoutNodes } from '../../topology/members.ts';
import type { NodeId } from '../../topology/node.ts';
import type { Place } from '../../topology/place.ts';
import { isAlive, wrongAddresses } from '../../topology/proof-of-life.ts';
import {
  believedNodes,
  type ClusterSnapshot,
  isReplica,
  type NodeView,
  replicasByPrimary,
} from '../../topology/snapshot.ts';
import { rehome } from '../placement/rehome.ts';
import { shardsOf } from '../placement/shards.ts';
import type { Decision, Refusal } from '../refusal.ts';
import { inStages } from '../stages.ts';
import type { Plan, Remark, Stage } from '../step.ts';

export interface RemovePlan extends Plan {
  readonly victims: readonly NodeId[];
  /** Where replicas of the victims go. */
  readonly homes: ReadonlyMap<NodeId, NodeId>;
}

export interface DelNodeRequest {
  readonly snapshot: ClusterSnapshot;
  readonly word: string;
  /** What answers at that address, where nobody in the cluster knows it. */
  readonly stranger?: Candidate;
  /** What becomes of the victim. */
  readonly ending: 'reset' | 'shutdown';
  /** It leaves, and is not touched itself. */
  readonly keepData: boolean;
  readonly placeOf: (id: NodeId) => Place;
}

export function planDelNode(request: DelNodeRequest): Decision<RemovePlan> {
  const { snapshot, word, stranger } = request;
  const found = findNode(snapshot, word);
  if (found.kind === 'ambiguous')
    return { kind: 'refused', refusals: [{ kind: 'ambiguous-node', word, matches: found.matches }] };
  if (found.kind === 'none')
    return stranger
      ? planLeftover(request, stranger)
      : { kind: 'refused', refusals: [{ kind: 'no-such-node', word }] };
  const victim = found.id;
  if (snapshot.views.every(({ id }) => id === victim))
    return { kind: 'refused', refusals: [{ kind: 'only-node', node: victim }] };
  const answers = snapshot.views.some(({ id }) => id === victim);
  const touched = answers && !request.keepData;
  const removal = { ...request, victims: [victim], touched: touched ? [victim] : [] };
  const decision = planRemoval(removal, judgeVictim(request, victim));
  if (decision.kind === 'refused' || answers || request.keepData) return decision;
  const remark: Remark = { kind: 'not-ended', node: victim };
  return { kind: 'plan', plan: { ...decision.plan, remarks: [...decision.plan.remarks, remark] } };
}

function judgeVictim({ snapshot, keepData }: DelNodeRequest, node: NodeId): Refusal[] {
  const refusals = slotRefusals(snapshot, node);
  const wrong = wrongAddresses(snapshot).find(candidate => candidate.node === node);
  if (wrong && snapshot.views.every(({ id }) => id !== node)) refusals.push({ kind: 'wrong-address', wrong });
  const last = lastCopyOf(snapshot, node);
  // Forgotten, it could not take over any more; emptied, it would have nothing to take over with.
  if (last)
    refusals.push({
      kind: 'last-copy',
      node,
      ...last,
      ...(isAlive(snapshot, last.primary) && { lives: true }),
    });
  if (keepData) return refusals;
  if (snapshot.unreachable.some(({ id, loading }) => id === node && loading))
    refusals.push({ kind: 'still-loading', node });
  const view = snapshot.views.find(({ id }) => id === node);
  const keys = view?.self.role === 'primary' ? (view.server.keys ?? 0) : 0;
  if (keys > 0 && refusals.length === 0) refusals.push({ kind: 'has-stray-keys', node, keys });
  return refusals;
}

export function slotRefusals(snapshot: ClusterSnapshot, node: NodeId): Refusal[] {
  const slots = slotsGivenTo(snapshot, node);
  return slots.size > 0 ? [{ kind: 'has-slots', node, slots }] : [];
}

/**
 * An earlier run was interrupted when everybody had forgotten the victim and it was not reset yet: it still takes
 * itself for a member.
 */
function planLeftover(request: DelNodeRequest, { view }: Candidate): Decision<RemovePlan> {
  const { snapshot, ending, word, keepData } = request;
  const members = new Set(snapshot.views.map(({ id }) => id));
  const knowsUs = view.nodes.some(({ id }) => members.has(id));
  // Alone it may be anybody's; it is told nothing.
  const isAlone = view.nodes.length === 1;
  if (!isAlone && !knowsUs) return { kind: 'refused', refusals: [{ kind: 'no-such-node', word }] };
  const refusals = knowsUs ? leftoverRefusals(view, request) : [];
  if (refusals.length > 0) return { kind: 'refused', refusals };
  return {
    kind: 'plan',
    plan: {
      before: { ...snapshot, views: [...snapshot.views, view] },
      stages: inStages(knowsUs && !keepData ? [endStep(view.id, ending)] : []),
      remarks: [],
      victims: [view.id],
      homes: new Map(),
    },
  };
}

/** A replica loses what it holds when it is reset; that is no loss where its primary answers. */
function leftoverRefusals({ id, self, server }: NodeView, { snapshot, keepData }: DelNodeRequest): Refusal[] {
  if (self.role === 'primary' && self.slots.size > 0)
    return [{ kind: 'has-slots', node: id, slots: self.slots }];
  const keys = server.keys ?? 0;
  const elsewhere = self.role === 'replica' && snapshot.views.some(view => view.id === self.primary);
  return keys > 0 && !elsewhere && !keepData ? [{ kind: 'has-stray-keys', node: id, keys }] : [];
}

function endStep(node: NodeId, ending: 'reset' | 'shutdown'): Stage[number] {
  // Hard, for a new id: by its old one, whoever was not told of its removal would bring it back as a member.
  return ending === 'shutdown' ? { kind: 'shutdown', node } : { kind: 'reset', node, mode: 'hard' };
}

interface Removal extends Pick<DelNodeRequest, 'snapshot' | 'ending' | 'placeOf'> {
  readonly victims: readonly NodeId[];
  /** Those that are told themselves. */
  readonly touched: readonly NodeId[];
}

export function planRemoval(removal: Removal, found: readonly Refusal[]): Decision<RemovePlan> {
  const { snapshot, victims, touched, ending } = removal;
  const cluster = withoutNodes(snapshot, new Set(victims));
  const orphans = orphansOf(snapshot, victims);
  const homes = homesFor(removal, cluster, orphans.reachable);
  const stranded = orphans.reachable.length > 0 && homes.size === 0;
  const refusals = [
    ...found,
    ...(stranded ? victims.map(noPrimaryLeft) : []),
    ...orphans.reachable.flatMap(id => orphanRefusals(snapshot, id)),
  ];
  if (refusals.length > 0) return { kind: 'refused', refusals };
  const witnesses = cluster.views.map(({ id }) => id);
  const moved = [...homes.keys()];
  const stages =
    victims.length === 0
      ? []
      : inStages(
          // First, since no node can forget its own primary.
          [...homes].map(([node, primary]) => ({ kind: 'replicate', node, primary })),
          // Everywhere at once: whoever forgets late may tell those who forgot early.
          witnesses.flatMap(node => victims.map(victim => ({ kind: 'forget', node, victim }) as const)),
          // Only then: until it has been forgotten, a failure leaves everything as it was.
          touched.map(node => endStep(node, ending)),
          witnesses.length > 0 ? [{ kind: 'stay-forgotten', witnesses, victims }] : [],
          moved.length > 0
            ? [
                {
                  kind: 'agree',
                  members: membersOf(cluster),
                  concerned: moved,
                  wantsOk: false,
                  wantsCopies: false,
                },
              ]
            : [],
        );
  const remarks: Remark[] = [];
  const untold = cluster.unreachable.map(({ id }) => id);
  if (untold.length > 0 && victims.length > 0) remarks.push({ kind: 'not-told', nodes: untold });
  if (orphans.silent.length > 0) remarks.push({ kind: 'not-rehomed', nodes: orphans.silent });
  const bare = bareWithout(snapshot, victims);
  if (bare.length > 0) remarks.push({ kind: 'bare-afterwards', primaries: bare });
  return { kind: 'plan', plan: { before: snapshot, stages, remarks, victims, homes } };
}

/** Owners of slots whose last replica leaves. */
function bareWithout(snapshot: ClusterSnapshot, victims: readonly NodeId[]): NodeId[] {
  const nodes = believedNodes(snapshot);
  return [...replicasByPrimary(nodes.values())]
    .filter(([, replicas]) => replicas.every(({ id }) => victims.includes(id)))
    .map(([primary]) => nodes.get(primary))
    .flatMap(node => (node?.role === 'primary' && node.slots.size > 0 ? [node.id] : []))
    .sort();
}

/** It would be emptied, and whom it got its keys from owns no slots any more: nobody else serves them. */
function orphanRefusals({ views }: ClusterSnapshot, node: NodeId): Refusal[] {
  const keys = views.find(({ id }) => id === node)?.server.keys ?? 0;
  return keys > 0 ? [{ kind: 'has-stray-keys', node, keys }] : [];
}

function noPrimaryLeft(node: NodeId): Refusal {
  return { kind: 'no-primary-left', node };
}

function orphansOf(snapshot: ClusterSnapshot, victims: readonly NodeId[]) {
  const gone = new Set(victims);
  const answered = new Set(snapshot.views.map(({ id }) => id));
  const orphans = [...believedNodes(snapshot).values()]
    .filter(isReplica)
    .filter(({ id, primary }) => primary !== undefined && gone.has(primary) && !gone.has(id))
    .map(({ id }) => id)
    .sort();
  return {
    reachable: orphans.filter(id => answered.has(id)),
    silent: orphans.filter(id => !answered.has(id)),
  };
}

function homesFor(
  { placeOf }: Removal,
  cluster: ClusterSnapshot,
  orphans: readonly NodeId[],
): Map<NodeId, NodeId> {
  const shards = shardsOf(cluster);
  const homes = new Map<NodeId, NodeId>();
  if (orphans.length === 0 || shards.length === 0) return homes;
  for (const { primary, replicas } of rehome(shards, orphans, placeOf, { movable: 'homeless' })) {
    for (const replica of replicas) if (orphans.includes(replica)) homes.set(replica, primary);
  }
  return homes;
}
