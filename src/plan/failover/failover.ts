/** `failover`: a replica and its primary change places. */

import { findNode } from '../../topology/find-node.ts';
import { isCopying } from '../../topology/full-sync.ts';
import { slotsGivenTo } from '../../topology/last-copy.ts';
import type { NodeId } from '../../topology/node.ts';
import { SLOT_COUNT, SlotSet } from '../../topology/slot-set.ts';
import {
  believedNodes,
  type ClusterSnapshot,
  coveredSlots,
  isPrimary,
  type NodeView,
  replicasOf,
  viewOf,
} from '../../topology/snapshot.ts';
import type { NodeMigration } from '../fix/migrations.ts';
import { isOlder } from '../membership/compatibility.ts';
import { type Decision, notFound, type Refusal } from '../refusal.ts';
import { agreeStep } from '../stages.ts';
import type { Plan, Remark, Stage } from '../step.ts';
import { judgeData, signOfLife } from './heir-data.ts';
import type { FailoverWay } from './step.ts';

/** Who becomes a primary, and in whose place. */
export interface Swap {
  readonly replica: NodeId;
  readonly primary: NodeId;
  readonly way: FailoverWay;
}

export interface FailoverPlan extends Plan {
  readonly swaps: readonly Swap[];
}

export interface FailoverTerms {
  readonly way: FailoverWay;
  /** From how many bytes on a replica is too far behind to be waited for. */
  readonly maxLagBytes: number;
  readonly despiteFindings: boolean;
  readonly migrations: readonly NodeMigration[];
}

export interface FailoverRequest extends FailoverTerms {
  readonly snapshot: ClusterSnapshot;
  /** A replica; or, where it is to be chosen, the primary. */
  readonly wanted: { readonly replica: string } | { readonly of: string };
}

export function planFailover(request: FailoverRequest): Decision<FailoverPlan> {
  const { snapshot, wanted } = request;
  const word = 'of' in wanted ? wanted.of : wanted.replica;
  const found = findNode(snapshot, word);
  if (found.kind !== 'found') return refused(notFound(found, word));
  const node = believedNodes(snapshot).get(found.id);
  if ('of' in wanted) {
    if (node?.role !== 'primary') return refused({ kind: 'not-a-primary', node: found.id });
    const heir = bestReplica(snapshot, found.id);
    if (!heir) return refused({ kind: 'no-replica-answers', primary: found.id });
    return decide(request, { replica: heir.id, primary: found.id, way: request.way });
  }
  // Run again after it was done, it must not put everything back.
  if (node?.role === 'primary')
    return { kind: 'plan', plan: { before: snapshot, swaps: [], stages: [], remarks: [] } };
  const view = viewOf(snapshot, found.id);
  if (!view) return refused({ kind: 'does-not-answer', node: found.id });
  if (view.self.role !== 'replica' || !view.self.primary)
    return refused({ kind: 'replica-of-nobody', node: found.id });
  return decide(request, { replica: found.id, primary: view.self.primary, way: request.way });
}

function refused(...refusals: Refusal[]): Decision<FailoverPlan> {
  return { kind: 'refused', refusals };
}

function decide({ snapshot, ...terms }: FailoverRequest, swap: Swap): Decision<FailoverPlan> {
  const refusals = judgeSwap(snapshot, swap, terms);
  if (refusals.length > 0) return refused(...refusals);
  return {
    kind: 'plan',
    plan: {
      before: snapshot,
      swaps: [swap],
      stages: swapStages(snapshot, swap, terms.maxLagBytes),
      remarks: remarksOn(snapshot, swap),
    },
  };
}

/** How much less than another a replica may have received, and still count as its equal while more is coming. */
const EQUAL_WITHIN_BYTES = 1024 * 1024;

/**
 * Whoever has received most, since that is what is kept, among those who get data. Offsets of those who are fed are read a
 * moment after each other, and the choice should be the same a moment later: among equals it is the first by id. Where the
 * primary is gone nothing comes any more, and every byte counts.
 */
export function bestReplica(
  snapshot: ClusterSnapshot,
  primary: NodeId,
  replicas: readonly NodeView[] = replicasOf(snapshot, primary),
): NodeView | undefined {
  const isFed = viewOf(snapshot, primary) !== undefined;
  const linked = replicas.filter(isLinked);
  const able = isFed && linked.length > 0 ? linked : replicas;
  const most = Math.max(0, ...able.map(offsetOf)) - (isFed ? EQUAL_WITHIN_BYTES : 0);
  const [best] = able.filter(view => offsetOf(view) >= most).sort((a, b) => (a.id < b.id ? -1 : 1));
  return best;
}

export function isLinked({ server }: NodeView): boolean {
  return server.replication.role === 'replica' && server.replication.link === 'up';
}

function offsetOf({ server }: NodeView): number {
  return server.replication.offset;
}

/** All that stands against it. Force overrides what is lost by waiting in vain; what would lose more than need be, it does not. */
export function judgeSwap(snapshot: ClusterSnapshot, swap: Swap, terms: FailoverTerms): Refusal[] {
  const { replica, primary, way } = swap;
  const own = viewOf(snapshot, replica);
  const old = viewOf(snapshot, primary);
  if (!own) return [{ kind: 'does-not-answer', node: replica }];
  // Done already, by us or by the servers.
  if (own.self.role === 'primary') return [];
  if (own.self.role !== 'replica' || own.self.primary !== primary)
    return [{ kind: 'not-its-replica', node: replica, primary }];
  const refusals: Refusal[] = [];
  if (way !== 'takeover') refusals.push(...judgeMajority(snapshot));
  if (way === 'graceful') refusals.push(...judgeLink(snapshot, own, old, swap, terms.maxLagBytes));
  else if (!terms.despiteFindings) refusals.push(...judgeData(snapshot, own, old, primary));
  if (!old && !terms.despiteFindings) refusals.push(...judgeSiblings(snapshot, own, primary));
  if (!terms.despiteFindings) refusals.push(...judgeMotion(old, terms.migrations));
  return refusals;
}

function judgeMajority(snapshot: ClusterSnapshot): Refusal[] {
  const { answering, voters } = electorate(snapshot);
  return answering * 2 > voters ? [] : [{ kind: 'no-majority', answering, voters }];
}

/** Primaries with slots vote; those that are down count all the same, and those that live and would not talk to us vote. */
function electorate(snapshot: ClusterSnapshot): { readonly answering: number; readonly voters: number } {
  const owners = [...believedNodes(snapshot).values()]
    .filter(isPrimary)
    .filter(({ slots }) => slots.size > 0);
  const isAble = (id: NodeId) =>
    viewOf(snapshot, id) !== undefined ||
    snapshot.unreachable.some(node => node.id === id && node.refused !== undefined);
  const answering = owners.filter(({ id }) => isAble(id)).length;
  return { answering, voters: owners.length };
}

function judgeLink(
  snapshot: ClusterSnapshot,
  own: NodeView,
  old: NodeView | undefined,
  { replica: node, primary }: Swap,
  most: number,
): Refusal[] {
  if (!old) return [{ kind: 'primary-silent', node, primary, ...signOfLife(snapshot, primary) }];
  if (!isLinked(own)) return [{ kind: 'replica-unlinked', node, primary, syncing: isCopying(own, old) }];
  const bytes = Math.max(0, offsetOf(old) - offsetOf(own));
  return bytes > most ? [{ kind: 'replica-too-far-behind', node, primary, bytes, most }] : [];
}

function judgeSiblings(snapshot: ClusterSnapshot, own: NodeView, primary: NodeId): Refusal[] {
  const best = bestReplica(snapshot, primary);
  const bytes = best ? offsetOf(best) - offsetOf(own) : 0;
  return best && bytes > 0 ? [{ kind: 'sibling-ahead', node: own.id, sibling: best.id, bytes }] : [];
}

function judgeMotion(old: NodeView | undefined, migrations: readonly NodeMigration[]): Refusal[] {
  if (!old) return [];
  const { open, id } = old;
  const slots = SlotSet.union([
    SlotSet.of(...open.migrating.keys(), ...open.importing.keys()),
    ...migrations.filter(({ node, peer }) => node === id || peer === id).map(migration => migration.slots),
  ]);
  return slots.size > 0 ? [{ kind: 'shard-in-motion', primary: id, slots }] : [];
}

/**
 * The failover, and then everybody has to know of it and the other replicas, the old primary among them, have to be fed
 * again: until then the next failover would lose what was written since. An old primary that is older than the new one may
 * be unable to read what it sends, and is not waited for.
 */
export function swapStages(snapshot: ClusterSnapshot, swap: Swap, maxLagBytes: number): Stage[] {
  const { replica: node, primary, way } = swap;
  const fed = snapshot.views.filter(
    view =>
      view.id !== node &&
      (view.id === primary || replicasOf(snapshot, primary).includes(view)) &&
      !isTooOldFor(snapshot, view, node),
  );
  const concerned = [node, ...fed.map(({ id }) => id)];
  const wantsOk = willBeOk(snapshot, swap);
  return [
    [{ kind: 'fail-over', node, primary, way, maxLagBytes }],
    [agreeStep(snapshot, concerned, { wantsOk, wantsCopies: true, sparesSilent: true })],
  ];
}

function isTooOldFor(snapshot: ClusterSnapshot, { server }: NodeView, primary: NodeId): boolean {
  const source = viewOf(snapshot, primary)?.server;
  return source !== undefined && isOlder(server, source);
}

/** With every slot owned by somebody who answers, and most of the primaries, the cluster works. */
function willBeOk(snapshot: ClusterSnapshot, { primary }: Swap): boolean {
  const covered = coveredSlots(snapshot).union(slotsGivenTo(snapshot, primary));
  const { answering, voters } = electorate(snapshot);
  const isReplaced = !viewOf(snapshot, primary);
  return covered.size === SLOT_COUNT && (answering + (isReplaced ? 1 : 0)) * 2 > voters;
}

export function remarksOn(snapshot: ClusterSnapshot, swap: Swap): Remark[] {
  const { replica: node, primary, way } = swap;
  const old = viewOf(snapshot, primary);
  const silent = snapshot.unreachable.map(({ id }) => id).filter(id => id !== primary);
  const remarks: Remark[] = [];
  if (way !== 'graceful') remarks.push({ kind: 'may-lose-writes', primary, node });
  if (way === 'takeover') remarks.push({ kind: 'without-a-vote', node });
  if (old && isTooOldFor(snapshot, old, node)) remarks.push({ kind: 'older-than-primary', nodes: [primary] });
  if (silent.length > 0) remarks.push({ kind: 'hears-later', nodes: silent });
  return remarks;
}
