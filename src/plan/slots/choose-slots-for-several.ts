/**
 * Which slots go, when several nodes give to several others. What one chooses moves the borders at which the others
 * choose, and `takeForTarget` is exact only for one giver and one taker while everybody else stands still. Therefore
 * all choose once, and then each giver chooses anew, given what the others give, for as long as that saves a fragment.
 *
 * Two beginnings are tried: a choice with an eye for those who give to the same taker later, and the lowest slots of
 * everybody, as redis-cli takes them, so that whatever comes out is no worse.
 */
import { groupBy } from '../../topology/group-by.ts';
import type { NodeId } from '../../topology/node.ts';
import { SlotSet } from '../../topology/slot-set.ts';
import type { SlotMove } from '../step.ts';
import { fragmentsOf, takeForTarget } from './choose-slots.ts';
import type { Owners } from './move-plan.ts';
import type { Transfer } from './pair-givers-and-takers.ts';

export function allotSlots(owners: Owners, transfers: readonly Transfer[]): SlotMove[] {
  const allotments = [chooseAhead, chooseLowest].map(chooseAll => {
    const allotment = new Allotment(owners);
    chooseAll(allotment, transfers);
    while (improve(allotment, transfers)) {}
    return allotment;
  });
  const best = allotments.reduce((a, b) => (b.fragments() < a.fragments() ? b : a));
  return transfers.map(transfer => ({
    from: transfer.from,
    to: transfer.to,
    slots: best.chosenFor(transfer),
  }));
}

/** Who has what once the transfers that are settled have been made. */
class Allotment {
  readonly #slots: Map<NodeId, SlotSet>;
  readonly #chosen = new Map<Transfer, SlotSet>();

  constructor(owners: Owners) {
    this.#slots = new Map(owners);
  }

  slotsOf(id: NodeId): SlotSet {
    return this.#slots.get(id) ?? SlotSet.empty;
  }

  chosenFor(transfer: Transfer): SlotSet {
    return this.#chosen.get(transfer) ?? SlotSet.empty;
  }

  fragments(among: Iterable<NodeId> = this.#slots.keys()): number {
    return fragmentsOf([...new Set(among)].map(id => this.slotsOf(id)));
  }

  /** In place of what was chosen for it before. */
  settle(transfer: Transfer, slots: SlotSet): void {
    const { from, to } = transfer;
    const before = this.chosenFor(transfer);
    this.#slots.set(from, this.slotsOf(from).union(before).without(slots));
    this.#slots.set(to, this.slotsOf(to).without(before).union(slots));
    this.#chosen.set(transfer, slots);
  }
}

function chooseLowest(allotment: Allotment, transfers: readonly Transfer[]): void {
  for (const transfer of transfers) {
    allotment.settle(transfer, allotment.slotsOf(transfer.from).take(transfer.count));
  }
}

/** Whoever gives to the same taker later is a likely neighbour. */
function chooseAhead(allotment: Allotment, transfers: readonly Transfer[]): void {
  const likely = new Map<NodeId, SlotSet>();
  for (const [to, gifts] of groupBy(transfers, ({ to }) => to)) {
    likely.set(to, SlotSet.union(gifts.map(({ from }) => allotment.slotsOf(from))));
  }
  for (const transfer of transfers) {
    const { from, to, count } = transfer;
    const slots = allotment.slotsOf(from);
    const later = (likely.get(to) ?? SlotSet.empty).without(slots);
    likely.set(to, later);
    allotment.settle(transfer, takeForTarget(slots, count, allotment.slotsOf(to), later));
  }
}

/** Whether any giver could save a fragment. */
function improve(allotment: Allotment, transfers: readonly Transfer[]): boolean {
  let better = false;
  for (const gifts of groupBy(transfers, ({ from }) => from).values()) {
    better = chooseAnew(allotment, gifts) || better;
    if (gifts.length > 1) better = chooseAnew(allotment, [...gifts].reverse()) || better;
  }
  return better;
}

/** All gifts of one giver, one after the other: what one of them would take may be in the hands of another. */
function chooseAnew(allotment: Allotment, gifts: readonly Transfer[]): boolean {
  const concerned = gifts.flatMap(({ from, to }) => [from, to]);
  const before = allotment.fragments(concerned);
  const former = gifts.map(gift => [gift, allotment.chosenFor(gift)] as const);
  for (const gift of gifts) allotment.settle(gift, SlotSet.empty);
  for (const gift of gifts) {
    const { from, to, count } = gift;
    allotment.settle(gift, takeForTarget(allotment.slotsOf(from), count, allotment.slotsOf(to)));
  }
  if (allotment.fragments(concerned) < before) return true;
  for (const gift of gifts) allotment.settle(gift, SlotSet.empty);
  for (const [gift, slots] of former) allotment.settle(gift, slots);
  return false;
}
