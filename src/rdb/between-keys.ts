/** What a file says between its keys, as far as that is looked at. */
import type { ByteFeed, RdbReading } from './byte-feed.ts';
import { HarmfulRdbError } from './format-error.ts';
import { SLOTS } from './limits.ts';
import { readString, skipString } from './strings.ts';

const USED_MEMORY = Buffer.from('used-mem');
const LONGEST_NUMBER = 20;

/** A name and a value, of which one is looked at: undefined where it is another. */
export function* readUsedMemory(feed: ByteFeed): RdbReading<number | undefined> {
  const name = feed.stringNow();
  if (!name) yield* skipString(feed);
  if (!name?.equals(USED_MEMORY)) {
    yield* skipString(feed);
    return undefined;
  }
  const text = (yield* readString(feed, LONGEST_NUMBER, 'a number')).toString('latin1');
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

export function* readSlot(feed: ByteFeed): RdbReading<number> {
  const slot = yield* feed.number();
  if (slot >= SLOTS)
    throw new HarmfulRdbError(
      `it speaks of slot ${slot}, which does not exist, and may damage a server that loads it`,
    );
  return slot;
}

export function* readSlotRanges(feed: ByteFeed): RdbReading<void> {
  const ranges = yield* feed.number();
  if (ranges > SLOTS)
    throw new HarmfulRdbError(
      `it speaks of ${ranges} ranges of slots, and may damage a server that loads it`,
    );
  for (let left = ranges; left > 0; left--) {
    const first = yield* readSlot(feed);
    const last = yield* readSlot(feed);
    if (first > last) throw new HarmfulRdbError(`it speaks of slots ${first} to ${last}`);
  }
}
