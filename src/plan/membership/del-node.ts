/** `del-node` and `forget-failed`: nodes leave, everybody forgets them, and their replicas get other primaries. */
import type { Candidate } from '../../topology/candidate.ts';
import { findNode } from '../../topology/find-node.ts';
import type { NodePlace } from '../../topology/host-and-zone.ts';
import { slotsGivenTo } from '../../topology/last-copy.ts';
import { withoutNodes } from '../../topology/members.ts';
import { type NodeId, slotsOf } from '../../topology/node.ts';
import { wrongAddresses } from '../../topology/proof-of-life.ts';
import {
  believedNodes,
  type ClusterSnapshot,
  isReplica,
  type NodeView,
  replicasByPrimary,
  viewOf,
} from '../../topology/snapshot.ts';
import { homesFor } from '../placement/place-replicas.ts';
import { shardsOf } from '../placement/shards.ts';
import { type Decision, notFound, type Refusal } from '../refusal.ts';
import { agreeStep, inStages } from '../stages.ts';
import type { Plan, Remark, Stage } from '../step.ts';
import { lastCopyRefusals } from './judge-node.ts';

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
  readonly placeOf: (id: NodeId) => NodePlace;
}

export function planDelNode(request: DelNodeRequest): Decision<RemovePlan> {
  const { snapshot, word, stranger } = request;
  const found = findNode(snapshot, word);
  if (found.kind === 'none' && stranger) return planLeftover(request, stranger);
  if (found.kind !== 'found') return { kind: 'refused', refusals: [notFound(found, word)] };
  const victim = found.id;
  if (snapshot.views.every(({ id }) => id === victim))
    return { kind: 'refused', refusals: [{ kind: 'only-node', node: victim }] };
  const answers = viewOf(snapshot, victim) !== undefined;
  const endings = answers && !request.keepData ? [endStep(victim, request.ending)] : [];
  const decision = planRemoval({
    ...request,
    victims: [victim],
    endings,
    found: judgeVictim(request, victim),
  });
  if (decision.kind === 'refused' || answers || request.keepData) return decision;
  const remark: Remark = { kind: 'not-ended', node: victim };
  return { kind: 'plan', plan: { ...decision.plan, remarks: [...decision.plan.remarks, remark] } };
}

function judgeVictim({ snapshot, keepData }: DelNodeRequest, node: NodeId): Refusal[] {
  const refusals = slotRefusals(snapshot, node);
  const wrong = wrongAddresses(snapshot).find(candidate => candidate.node === node);
  const view = viewOf(snapshot, node);
  if (wrong && !view) refusals.push({ kind: 'wrong-address', wrong });
  // Forgotten, it could not take over any more; emptied, it would have nothing to take over with.
  refusals.push(...lastCopyRefusals(snapshot, node));
  if (keepData) return refusals;
  if (snapshot.unreachable.some(({ id, loading }) => id === node && loading))
    refusals.push({ kind: 'still-loading', node });
  return refusals.length === 0 && view?.self.role === 'primary' ? strayKeysAt(view) : refusals;
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
function leftoverRefusals(view: NodeView, { snapshot, keepData }: DelNodeRequest): Refusal[] {
  const { id, self } = view;
  const slots = slotsOf(self);
  if (slots.size > 0) return [{ kind: 'has-slots', node: id, slots }];
  const elsewhere = self.role === 'replica' && viewOf(snapshot, self.primary) !== undefined;
  return elsewhere || keepData ? [] : strayKeysAt(view);
}

function endStep(node: NodeId, ending: 'reset' | 'shutdown'): Stage[number] {
  // Hard, for a new id: by its old one, whoever was not told of its removal would bring it back as a member.
  return ending === 'shutdown' ? { kind: 'shutdown', node } : { kind: 'reset', node, mode: 'hard' };
}

interface Removal extends Pick<DelNodeRequest, 'snapshot' | 'placeOf'> {
  readonly victims: readonly NodeId[];
  /** What becomes of them. */
  readonly endings: Stage;
  /** What stands against it in any case. */
  readonly found: readonly Refusal[];
}

export function planRemoval(removal: Removal): Decision<RemovePlan> {
  const { snapshot, victims, placeOf, endings, found } = removal;
  const cluster = withoutNodes(snapshot, new Set(victims));
  const orphans = orphansOf(snapshot, victims);
  const homes = homesFor(shardsOf(cluster), orphans.reachable, placeOf);
  const stranded = orphans.reachable.length > 0 && homes.size === 0;
  const refusals: Refusal[] = [
    ...found,
    ...(stranded ? victims.map(node => ({ kind: 'no-primary-left', node }) as const) : []),
    // Those would be emptied, and whom they got their keys from owns no slots any more: nobody else serves them.
    ...orphans.reachable.flatMap(id => strayKeysAt(viewOf(snapshot, id))),
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
          endings,
          witnesses.length > 0 ? [{ kind: 'stay-forgotten', witnesses, victims }] : [],
          moved.length > 0 ? [agreeStep(cluster, moved, { wantsOk: false })] : [],
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
    .map(([primary]) => primary)
    .filter(primary => slotsOf(nodes.get(primary)).size > 0)
    .sort();
}

function strayKeysAt(view: NodeView | undefined): Refusal[] {
  const keys = view?.server.keys ?? 0;
  return view && keys > 0 ? [{ kind: 'has-stray-keys', node: view.id, keys }] : [];
}

function orphansOf(snapshot: ClusterSnapshot, victims: readonly NodeId[]) {
  const gone = new Set(victims);
  const orphans = [...believedNodes(snapshot).values()]
    .filter(isReplica)
    .filter(({ id, primary }) => primary !== undefined && gone.has(primary) && !gone.has(id))
    .map(({ id }) => id)
    .sort();
  return {
    reachable: orphans.filter(id => viewOf(snapshot, id)),
    silent: orphans.filter(id => !viewOf(snapshot, id)),
  };
}
