/**
 * Who gives to whom. Every pair exchanges as much as it can, so that one of the two is through with it; that takes
 * fewer pairs than there are nodes. Every pair means a cut and with it a fragment, unless the two are neighbours on the
 * slot map: then the border between them moves. The best pairing for any map is hard to find, so there are several,
 * each good at another kind of map, and whoever asks takes the one that leaves the fewest fragments.
 */
import type { NodeId } from '../../topology/node.ts';
import { SLOT_COUNT, type SlotSet } from '../../topology/slot-set.ts';

export interface Party {
  readonly id: NodeId;
  readonly slots: SlotSet;
  /** How many it has too many; below zero, how many it lacks. All together are zero. */
  readonly surplus: number;
}

export interface Transfer {
  readonly from: NodeId;
  readonly to: NodeId;
  readonly count: number;
}

export function pairings(parties: readonly Party[]): Transfer[][] {
  return [
    pairNeighbours(parties),
    pairInOrder(parties, ({ slots }) => slots.beginning),
    pairInOrder(parties, size),
  ];
}

/** The largest first, as redis-cli does it. */
function size({ surplus }: Party): number {
  return -Math.abs(surplus);
}

class Ledger {
  readonly transfers: Transfer[] = [];
  readonly #open: Map<Party, number>;

  constructor(parties: readonly Party[]) {
    this.#open = new Map(parties.filter(({ surplus }) => surplus !== 0).map(party => [party, party.surplus]));
  }

  givers(): Party[] {
    return [...this.#open].filter(([, surplus]) => surplus > 0).map(([party]) => party);
  }

  takers(): Party[] {
    return [...this.#open].filter(([, surplus]) => surplus < 0).map(([party]) => party);
  }

  /** What is left to give or to get. */
  rest(party: Party): number {
    return Math.abs(this.#open.get(party) ?? 0);
  }

  give(from: Party, to: Party): void {
    const count = Math.min(this.rest(from), this.rest(to));
    this.transfers.push({ from: from.id, to: to.id, count });
    for (const [party, change] of [
      [from, -count],
      [to, count],
    ] as const) {
      const surplus = (this.#open.get(party) ?? 0) + change;
      if (surplus === 0) this.#open.delete(party);
      else this.#open.set(party, surplus);
    }
  }
}

/**
 * Both sides in line, each giver filling up one taker after the other. Along the map it lets nodes beside each other
 * give to the same taker, where the end of one and the beginning of the next become one fragment.
 */
function pairInOrder(parties: readonly Party[], order: (party: Party) => number): Transfer[] {
  const ledger = new Ledger([...parties].sort((a, b) => order(a) - order(b)));
  const takers = ledger.takers();
  for (const giver of ledger.givers()) {
    for (const taker of takers)
      if (ledger.rest(giver) > 0 && ledger.rest(taker) > 0) ledger.give(giver, taker);
  }
  return ledger.transfers;
}

/**
 * Those who are side by side first, of them those who need exactly each other, and then those with the most to
 * exchange. Whoever is beside a giver is beside its taker from then on. Where nobody is beside anybody, the
 * largest giver finds the taker that needs just as much, or else the most.
 */
function pairNeighbours(parties: readonly Party[]): Transfer[] {
  const ledger = new Ledger([...parties].sort((a, b) => a.slots.beginning - b.slots.beginning));
  const beside = neighboursOf(parties);
  const reach = new Map(ledger.takers().map(taker => [taker, new Set(beside.get(taker))]));
  const worth = (giver: Party, taker: Party) => {
    const [has, lacks] = [ledger.rest(giver), ledger.rest(taker)];
    return has === lacks ? SLOT_COUNT + has : Math.min(has, lacks);
  };
  for (let givers = ledger.givers(); givers.length > 0; givers = ledger.givers()) {
    const takers = ledger.takers();
    const near = takers.flatMap(taker =>
      [...(reach.get(taker) ?? [])]
        .filter(party => party.surplus > 0 && ledger.rest(party) > 0)
        .map(giver => ({ giver, taker, worth: worth(giver, taker) })),
    );
    const pair = near.length > 0 ? most(near, ({ worth }) => worth) : farPair(givers, takers);
    ledger.give(pair.giver, pair.taker);
    for (const party of beside.get(pair.giver) ?? []) reach.get(pair.taker)?.add(party);
  }
  return ledger.transfers;

  function farPair(givers: readonly Party[], takers: readonly Party[]) {
    const giver = most(givers, party => ledger.rest(party));
    const needs = ledger.rest(giver);
    const taker = most(takers, party => (ledger.rest(party) === needs ? SLOT_COUNT : ledger.rest(party)));
    return { giver, taker };
  }
}

function neighboursOf(parties: readonly Party[]): Map<Party, Set<Party>> {
  const neighbours = new Map(parties.map(party => [party, new Set<Party>()]));
  const runs = parties.flatMap(party => party.slots.ranges.map(range => ({ party, ...range })));
  runs.sort((a, b) => a.first - b.first);
  runs.forEach(({ party, first }, i) => {
    const before = runs[i - 1];
    if (before?.last !== first - 1) return;
    neighbours.get(party)?.add(before.party);
    neighbours.get(before.party)?.add(party);
  });
  return neighbours;
}

/** The first of those with the highest score. */
function most<T>(list: readonly T[], score: (item: T) => number): T {
  const [first, ...rest] = list;
  if (first === undefined) throw new RangeError('there is nothing to choose from');
  return rest.reduce((best, item) => (score(item) > score(best) ? item : best), first);
}
