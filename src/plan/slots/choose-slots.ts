/**
 * Which slots leave when some of a node's slots go to another. Every slot moves at the same price, and what is saved is
 * fragments: the runs of slots with one owner, of which replies, node files and migration commands are lists.
 *
 * Model: a fragment ends at a border between two owners, so a choice is judged by the borders that it makes and removes.
 *
 *   a whole range of the source        − 1 for each of its ends that touches the target
 *   an end of a range, cut off         ± 0 where that end touches the target, + 1 elsewhere
 *
 * It is never better to cut two ranges: one of them can give the other's part as well, until one of the two goes whole
 * or not at all. Nor is it better to cut any but the longest range with the same ends, since what is cut off there and
 * what is taken whole elsewhere can be exchanged. So for each kind of ends the longest range is tried as the one to cut.
 * What remains is to find ranges of a given total length at the least price, which is a knapsack, and a small one, since
 * equal sizes abound: different ones up to 16384 in total are 180 at most. The price is
 *
 *   borders × BORDER − ends at likely neighbours × LIKELY + ranges taken
 *
 * in which each weight outweighs all that may be added at a lower one. Of equals it is therefore the choice of the fewest
 * and longest ranges, and then always the same one.
 */
import { groupBy } from '../../topology/group-by.ts';
import { SLOT_COUNT, type SlotRange, SlotSet, slot } from '../../topology/slot-set.ts';

/** No choice takes more ranges than there are slots, and a range has two ends. */
const LIKELY = SLOT_COUNT;
const BORDER = 4 * SLOT_COUNT * LIKELY;

export function fragmentsOf(owners: Iterable<SlotSet>): number {
  let fragments = 0;
  for (const { ranges } of owners) fragments += ranges.length;
  return fragments;
}

/**
 * `count` of these slots, for the target that owns (or is about to own) those slots. The likely ones may become the
 * target's too, and it is well to be beside them, though less than beside what is certain.
 */
export function takeForTarget(
  slots: SlotSet,
  count: number,
  target: SlotSet,
  likely: SlotSet = SlotSet.empty,
): SlotSet {
  if (count >= slots.size) return slots;
  if (count <= 0) return SlotSet.empty;
  const pieces = slots.ranges.map(range => weigh(range, target, likely));
  const choices = [undefined, ...longestOfEachKind(pieces)].flatMap(cut => choose(pieces, count, cut));
  const best = choices.reduce((least, choice) => (choice.price < least.price ? choice : least));
  return SlotSet.fromRanges(best.ranges);
}

interface Piece {
  readonly range: SlotRange;
  readonly length: number;
  /** Of the whole range. */
  readonly price: number;
  /** Of one of its ends, and which one that is. */
  readonly cutPrice: number;
  readonly cutFrom: 'first' | 'last';
}

function weigh(range: SlotRange, target: SlotSet, likely: SlotSet): Piece {
  const worth = (neighbour: number) => (target.has(neighbour) ? BORDER : likely.has(neighbour) ? LIKELY : 0);
  const [below, above] = [worth(range.first - 1), worth(range.last + 1)];
  return {
    range,
    length: range.last - range.first + 1,
    price: 1 - below - above,
    cutPrice: 1 + BORDER - Math.max(below, above),
    cutFrom: above > below ? 'last' : 'first',
  };
}

function longestOfEachKind(pieces: readonly Piece[]): Piece[] {
  const longest = new Map<number, Piece>();
  for (const piece of pieces) {
    if (piece.length > (longest.get(piece.price)?.length ?? 1)) longest.set(piece.price, piece);
  }
  return [...longest.values()];
}

interface Selection {
  readonly price: number;
  readonly ranges: readonly SlotRange[];
}

/** Whole ranges, and what is missing from the one that may be cut; nothing where that comes to no sum. */
function choose(pieces: readonly Piece[], count: number, cut: Piece | undefined): Selection[] {
  const bundles = bundle(pieces.filter(piece => piece !== cut && piece.length <= count));
  const { prices, rangesFor } = fill(bundles, count);
  if (!cut)
    return prices[count] === Infinity ? [] : [{ price: prices[count] ?? 0, ranges: rangesFor(count) }];
  let most = count - 1;
  for (let sum = count - 1; sum > count - cut.length && sum >= 0; sum--) {
    if ((prices[sum] ?? Infinity) < (prices[most] ?? Infinity)) most = sum;
  }
  const price = (prices[most] ?? Infinity) + cut.cutPrice;
  return price === Infinity ? [] : [{ price, ranges: [...rangesFor(most), endOf(cut, count - most)] }];
}

function endOf({ range: { first, last }, cutFrom }: Piece, length: number): SlotRange {
  return cutFrom === 'first'
    ? { first, last: slot(first + length - 1) }
    : { first: slot(last - length + 1), last };
}

interface Bundle {
  readonly pieces: readonly Piece[];
  readonly length: number;
  readonly price: number;
}

/**
 * Equal pieces in bundles of 1, 2, 4, … and the rest, which add up to any number of them: thousands of single slots
 * become a dozen bundles.
 */
function bundle(pieces: readonly Piece[]): Bundle[] {
  return [...groupBy(pieces, ({ length, price }) => `${length} ${price}`).values()].flatMap(alike => {
    const bundles: Bundle[] = [];
    for (let from = 0, size = 1; from < alike.length; from += size, size *= 2) {
      const together = alike.slice(from, from + size);
      const [{ length, price }] = together as [Piece, ...Piece[]];
      bundles.push({ pieces: together, length: length * together.length, price: price * together.length });
    }
    return bundles;
  });
}

/** The least price for every sum of lengths up to `capacity`, and which ranges it is the price of. */
function fill(bundles: readonly Bundle[], capacity: number) {
  const prices = new Float64Array(capacity + 1).fill(Infinity);
  prices[0] = 0;
  let highest = 0;
  const taken = bundles.map(({ length, price }) => {
    const takes = new Uint8Array(capacity + 1);
    highest = Math.min(capacity, highest + length);
    for (let sum = highest; sum >= length; sum--) {
      const together = (prices[sum - length] ?? Infinity) + price;
      if (together >= (prices[sum] ?? Infinity)) continue;
      prices[sum] = together;
      takes[sum] = 1;
    }
    return takes;
  });
  const rangesFor = (sum: number): SlotRange[] => {
    const ranges: SlotRange[] = [];
    let left = sum;
    for (let i = bundles.length - 1; i >= 0; i--) {
      const { pieces, length } = bundles[i] as Bundle;
      if (taken[i]?.[left] !== 1) continue;
      ranges.push(...pieces.map(({ range }) => range));
      left -= length;
    }
    return ranges;
  };
  return { prices, rangesFor };
}
