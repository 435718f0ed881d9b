/** `reshard`: so many slots of some nodes go to another, or just these slots do. */
import type { Examined } from '../../topology/diagnose.ts';
import { type NodeId, slotsOf } from '../../topology/node.ts';
import { SlotSet } from '../../topology/slot-set.ts';
import { viewOf } from '../../topology/snapshot.ts';
import type { Decision, Refusal } from '../refusal.ts';
import type { SlotMove } from '../step.ts';
import { apportion } from './apportion.ts';
import { allotSlots } from './choose-slots-for-several.ts';
import {
  damageIn,
  findPrimary,
  leftBehind,
  type MovePlan,
  movableSlots,
  movePlan,
  silentOwners,
  slotsInDoubt,
  unreadableIn,
} from './move-plan.ts';

interface ReshardBase extends Examined {
  readonly to: string;
  readonly despiteFindings: boolean;
}

/** Shared between the sources in proportion to what they own. */
export interface CountedReshard extends ReshardBase {
  readonly from: readonly string[] | 'all';
  readonly count: number;
}

/** Wherever they are now. */
export interface NamedReshard extends ReshardBase {
  readonly slots: SlotSet;
}

export type ReshardRequest = CountedReshard | NamedReshard;

type Chosen = Pick<MovePlan, 'moves' | 'remarks'>;

export function planReshard(request: ReshardRequest): Decision<MovePlan> {
  const { snapshot, to, despiteFindings } = request;
  const refusals = damageIn(request, { despiteFindings });
  const target = findPrimary(snapshot, to, refusals);
  const { moves, remarks } =
    'slots' in request ? moveNamed(request, target, refusals) : moveCounted(request, target, refusals);
  refusals.push(...unreadableIn(snapshot, moves, { despiteFindings }));
  if (refusals.length > 0) return { kind: 'refused', refusals };
  return { kind: 'plan', plan: movePlan(snapshot, moves, { remarks, wantsOk: !despiteFindings }) };
}

function moveCounted(request: CountedReshard, target: NodeId | undefined, refusals: Refusal[]): Chosen {
  const { snapshot, from, count } = request;
  const doubtful = slotsInDoubt(snapshot);
  const owners = movableSlots(snapshot, doubtful);
  const sources = sourcesOf(request, target, [...owners.keys()], refusals);
  if (!sources) return { moves: [], remarks: [] };
  const sizes = sources.map(id => owners.get(id)?.size ?? 0);
  const available = sizes.reduce((sum, size) => sum + size, 0);
  if (available < count) refusals.push({ kind: 'too-few-slots', sources, available, wanted: count });
  if (available < count || !target) return { moves: [], remarks: [] };
  const shares = apportion(count, sizes);
  const transfers = sources
    .map((source, i) => ({ from: source, to: target, count: shares[i] ?? 0 }))
    .filter(transfer => transfer.count > 0);
  const silent = from === 'all' ? silentOwners(snapshot) : [];
  const left = doubtful.intersect(SlotSet.union(sources.map(id => slotsOf(viewOf(snapshot, id)?.self))));
  return { moves: allotSlots(owners, transfers), remarks: leftBehind(silent, left) };
}

/** Each once, in the order of the map whatever the order in which they were named. Undefined where one is refused. */
function sourcesOf(
  { snapshot, from }: CountedReshard,
  target: NodeId | undefined,
  primaries: readonly NodeId[],
  refusals: Refusal[],
): NodeId[] | undefined {
  if (from === 'all') return primaries.filter(id => id !== target);
  const before = refusals.length;
  const named = new Set([...new Set(from)].map(word => findPrimary(snapshot, word, refusals)));
  if (target && named.has(target)) refusals.push({ kind: 'source-is-target', node: target });
  return refusals.length > before ? undefined : primaries.filter(id => named.has(id));
}

function moveNamed(request: NamedReshard, target: NodeId | undefined, refusals: Refusal[]): Chosen {
  const { snapshot, slots } = request;
  const owners = movableSlots(snapshot, SlotSet.empty);
  const moves = [...owners].flatMap(([from, owned]): SlotMove[] => {
    const leaving = owned.intersect(slots);
    return target && from !== target && leaving.size > 0 ? [{ from, to: target, slots: leaving }] : [];
  });
  let unowned = slots.without(SlotSet.union(owners.values()));
  for (const owner of silentOwners(snapshot)) {
    if (owner.slots.intersect(unowned).size === 0) continue;
    unowned = unowned.without(owner.slots);
    refusals.push({ kind: 'does-not-answer', node: owner.id });
  }
  if (unowned.size > 0) refusals.push({ kind: 'slots-unowned', slots: unowned });
  const doubtful = slotsInDoubt(snapshot, moves).intersect(slots);
  if (doubtful.size > 0) refusals.push({ kind: 'slots-in-doubt', slots: doubtful });
  return { moves, remarks: [] };
}
