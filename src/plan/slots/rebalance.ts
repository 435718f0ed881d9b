/** `rebalance`: every node gets the share of the slots that its weight is of all weights. */
import type { Examined } from '../../topology/diagnose.ts';
import type { NodeId } from '../../topology/node.ts';
import { SlotSet } from '../../topology/slot-set.ts';
import { type ClusterSnapshot, ownClaims } from '../../topology/snapshot.ts';
import type { Decision, Refusal } from '../refusal.ts';
import { allotSlots } from './choose-slots-for-several.ts';
import { idealSizes } from './ideal-sizes.ts';
import {
  damageIn,
  findPrimary,
  leftBehind,
  type MovePlan,
  movableSlots,
  movePlan,
  type Owners,
  silentOwners,
  slotsInDoubt,
  unreadableIn,
} from './move-plan.ts';
import { type Party, pairings } from './pair-givers-and-takers.ts';

export interface RebalanceWishes {
  readonly snapshot: ClusterSnapshot;
  /** Of nodes as they are named; all others weigh 1. A weight of 0 empties a node. */
  readonly weights: readonly { readonly word: string; readonly weight: number }[];
  readonly thresholdPercent: number;
  /** Whether primaries without slots get some. Those that are given a weight do in any case. */
  readonly useEmpty: boolean;
  readonly despiteFindings: boolean;
}

export interface RebalanceRequest extends RebalanceWishes, Examined {}

interface Weighed extends Party {
  readonly weight: number;
}

export function planRebalance(request: RebalanceRequest): Decision<MovePlan> {
  const { snapshot, thresholdPercent, despiteFindings } = request;
  const refusals = damageIn(request, { despiteFindings });
  const weights = readWeights(request, refusals);
  const doubtful = slotsInDoubt(snapshot);
  const involved = involvedIn(request, weights);
  if (involved.size > 0 && [...involved.keys()].every(id => weights.get(id) === 0))
    refusals.push({ kind: 'all-weights-zero' });
  if (refusals.length > 0) return { kind: 'refused', refusals };
  const parties = weigh(involved, weights);
  const ways = parties.some(party => isOff(party, thresholdPercent)) ? pairings(parties) : [];
  const left = doubtful.intersect(SlotSet.union(ownClaims(snapshot).values()));
  const options = { remarks: leftBehind(silentOwners(snapshot), left), wantsOk: !despiteFindings };
  const plans = ways.map(transfers => movePlan(snapshot, allotSlots(involved, transfers), options));
  const plan = tidiest(plans) ?? movePlan(snapshot, [], options);
  const unreadable = unreadableIn(snapshot, plan.moves, { despiteFindings });
  return unreadable.length > 0 ? { kind: 'refused', refusals: unreadable } : { kind: 'plan', plan };
}

/** Among how many the slots are shared, and what they weigh together. */
export function sharesIn(request: RebalanceWishes): {
  readonly nodes: number;
  readonly totalWeight: number;
} {
  const weights = readWeights(request, []);
  const involved = [...involvedIn(request, weights).keys()];
  return {
    nodes: involved.length,
    totalWeight: involved.reduce((sum, id) => sum + (weights.get(id) ?? 1), 0),
  };
}

function involvedIn({ snapshot, useEmpty }: RebalanceWishes, weights: ReadonlyMap<NodeId, number>): Owners {
  const owners = movableSlots(snapshot, slotsInDoubt(snapshot));
  return new Map(
    [...owners].filter(([id, slots]) => slots.size > 0 || useEmpty || (weights.get(id) ?? 0) > 0),
  );
}

function readWeights({ snapshot, weights }: RebalanceWishes, refusals: Refusal[]): Map<NodeId, number> {
  const given = new Map<NodeId, number[]>();
  for (const { word, weight } of weights) {
    const node = findPrimary(snapshot, word, refusals);
    if (node) given.set(node, [...(given.get(node) ?? []), weight]);
  }
  for (const [node, all] of given)
    if (all.length > 1) refusals.push({ kind: 'two-weights', node, weights: all });
  return new Map([...given].map(([node, [weight = 1]]) => [node, weight]));
}

function weigh(involved: Owners, weights: ReadonlyMap<NodeId, number>): Weighed[] {
  const nodes = [...involved].map(([id, slots]) => ({ id, slots, weight: weights.get(id) ?? 1 }));
  const sizes = idealSizes(
    nodes.map(({ slots }) => slots.size),
    nodes.map(({ weight }) => weight),
  );
  return nodes.map((node, i) => ({ ...node, surplus: node.slots.size - (sizes[i] ?? 0) }));
}

/**
 * As redis-cli judges it: by how many percent of what a node has it would have to change. Measured against the whole
 * number of slots that it is to own, so that nobody is off who owns what can be had. A node that is to be emptied or
 * filled is off whatever the threshold.
 */
function isOff({ slots, surplus, weight }: Weighed, thresholdPercent: number): boolean {
  if (weight === 0 || slots.size === 0) return surplus !== 0;
  return Math.abs(surplus) * 100 > thresholdPercent * slots.size;
}

/** The one with the fewest fragments, and of such the one with the fewest moves. */
function tidiest(plans: readonly MovePlan[]): MovePlan | undefined {
  const [best] = [...plans].sort(
    (a, b) => a.fragments.after - b.fragments.after || a.moves.length - b.moves.length,
  );
  return best;
}
