/** Slots, and sets of them. A cluster divides its keys over 16384 slots; everything here is about who has which. */
import { InputError } from './input-error.ts';

export const SLOT_COUNT = 16384;

export type Slot = number & { readonly __brand: 'Slot' };

export function isSlot(value: number): value is Slot {
  return Number.isInteger(value) && value >= 0 && value < SLOT_COUNT;
}

export function slot(value: number): Slot {
  if (!isSlot(value)) throw new RangeError(notASlot(value));
  return value;
}

function notASlot(value: number): string {
  return `${value} is not a slot (0 to ${SLOT_COUNT - 1})`;
}

/** Both ends belong to the range. */
export interface SlotRange {
  readonly first: Slot;
  readonly last: Slot;
}

/**
 * An immutable set of slots, kept as sorted ranges that neither touch nor overlap. Ranges and not bits: a cluster of
 * a thousand nodes is seen through a thousand views of a thousand nodes each, and nearly all of them are one range.
 */
export class SlotSet {
  static readonly empty = new SlotSet([]);
  static readonly all = new SlotSet([{ first: slot(0), last: slot(SLOT_COUNT - 1) }]);

  readonly size: number;
  readonly ranges: readonly SlotRange[];

  private constructor(ranges: readonly SlotRange[]) {
    this.ranges = ranges;
    this.size = ranges.reduce((sum, range) => sum + range.last - range.first + 1, 0);
  }

  /** The lowest; of none what is beyond all. */
  get beginning(): number {
    return this.ranges[0]?.first ?? SLOT_COUNT;
  }

  static range(first: number, last: number): SlotSet {
    if (first > last) throw new RangeError(`a slot range runs upwards, unlike ${first}-${last}`);
    return new SlotSet([{ first: slot(first), last: slot(last) }]);
  }

  static of(...slots: number[]): SlotSet {
    return SlotSet.fromRanges(slots.map(s => ({ first: slot(s), last: slot(s) })));
  }

  /** Ranges in any order; they may touch and overlap. */
  static fromRanges(ranges: Iterable<SlotRange>): SlotSet {
    const sorted = [...ranges].sort((a, b) => a.first - b.first);
    const merged: { first: Slot; last: Slot }[] = [];
    for (const range of sorted) {
      const previous = merged.at(-1);
      if (previous && range.first <= previous.last + 1) {
        if (range.last > previous.last) previous.last = range.last;
      } else {
        merged.push({ first: range.first, last: range.last });
      }
    }
    return merged.length === 0 ? SlotSet.empty : new SlotSet(merged);
  }

  /** The inverse of toString: `0-99,4000`. Blank text is the empty set. */
  static parse(text: string): SlotSet {
    if (text.trim() === '') return SlotSet.empty;
    return SlotSet.fromRanges(text.split(',').map(part => parseRange(part.trim())));
  }

  static union(sets: Iterable<SlotSet>): SlotSet {
    return SlotSet.fromRanges([...sets].flatMap(set => set.ranges));
  }

  has(value: number): boolean {
    let low = 0;
    let high = this.ranges.length - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const range = this.ranges[middle] as SlotRange;
      if (value < range.first) high = middle - 1;
      else if (value > range.last) low = middle + 1;
      else return true;
    }
    return false;
  }

  union(other: SlotSet): SlotSet {
    if (other.size === 0) return this;
    if (this.size === 0) return other;
    return SlotSet.fromRanges([...this.ranges, ...other.ranges]);
  }

  without(other: SlotSet): SlotSet {
    const left: SlotRange[] = [];
    let next = 0;
    for (const range of this.ranges) {
      let from: number = range.first;
      while ((other.ranges[next]?.last ?? SLOT_COUNT) < from) next++;
      for (let i = next; i < other.ranges.length && from <= range.last; i++) {
        const hole = other.ranges[i] as SlotRange;
        if (hole.first > range.last) break;
        if (hole.first > from) left.push({ first: slot(from), last: slot(hole.first - 1) });
        from = hole.last + 1;
      }
      if (from <= range.last) left.push({ first: slot(from), last: range.last });
    }
    return left.length === 0 ? SlotSet.empty : new SlotSet(left);
  }

  intersect(other: SlotSet): SlotSet {
    return this.without(this.without(other));
  }

  /** The lowest `count` slots, or all of them where there are fewer. */
  take(count: number): SlotSet {
    const taken: SlotRange[] = [];
    let wanted = count;
    for (const range of this.ranges) {
      if (wanted <= 0) break;
      const last = Math.min(range.last, range.first + wanted - 1);
      taken.push({ first: range.first, last: slot(last) });
      wanted -= last - range.first + 1;
    }
    return taken.length === 0 ? SlotSet.empty : new SlotSet(taken);
  }

  equals(other: SlotSet): boolean {
    return (
      this === other ||
      (this.ranges.length === other.ranges.length &&
        this.ranges.every((r, i) => r.first === other.ranges[i]?.first && r.last === other.ranges[i]?.last))
    );
  }

  *[Symbol.iterator](): Generator<Slot> {
    for (const range of this.ranges) {
      for (let s: number = range.first; s <= range.last; s++) yield slot(s);
    }
  }

  toString(): string {
    return this.ranges.map(formatRange).join(',');
  }

  toJSON(): readonly (readonly [number, number])[] {
    return this.ranges.map(range => [range.first, range.last] as const);
  }
}

function formatRange({ first, last }: SlotRange): string {
  return first === last ? `${first}` : `${first}-${last}`;
}

export function parseRange(text: string): SlotRange {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text);
  if (!match) throw new InputError(`'${text}' is neither a slot nor a range of slots`);
  const first = parseSlot(match[1]);
  const last = parseSlot(match[2] ?? match[1]);
  if (first > last) throw new InputError(`a slot range runs upwards, unlike ${text}`);
  return { first, last };
}

function parseSlot(digits: string | undefined): Slot {
  const value = Number(digits);
  if (!isSlot(value)) throw new InputError(notASlot(value));
  return value;
}

/** Whose each slot is: of two who have it the later one's. */
export function bySlot<T>(owners: Iterable<readonly [owner: T, slots: SlotSet]>): (T | undefined)[] {
  const all = new Array<T | undefined>(SLOT_COUNT).fill(undefined);
  for (const [owner, { ranges }] of owners) {
    for (const { first, last } of ranges) all.fill(owner, first, last + 1);
  }
  return all;
}
