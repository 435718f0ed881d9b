/** Strings as RDB files have them: as they are, as numbers, or compressed. */
import type { ByteFeed, Reading } from './byte-feed.ts';
import { RdbFormatError } from './format-error.ts';
import { decompress } from './lzf.ts';

/** Servers take no longer one, unless they are told to; what claims to unpack to more is not believed. */
const LONGEST_UNPACKED = 512 * 1024 * 1024;

export function* skipString(feed: ByteFeed): Reading<void> {
  if (feed.skipStringNow()) return;
  const { bytes } = yield* feed.stringHead();
  yield* feed.skip(wholeNumber(bytes));
}

export function* readString(feed: ByteFeed): Reading<Buffer> {
  const whole = feed.stringNow();
  if (whole) return whole;
  const head = yield* feed.stringHead();
  const bytes = yield* feed.take(wholeNumber(head.bytes));
  switch (head.kind) {
    case 'plain':
      return bytes;
    case 'integer':
      return Buffer.from(`${bytes.readIntLE(0, head.bytes)}`, 'latin1');
    case 'compressed':
      if (head.unpacked > LONGEST_UNPACKED) throw new RdbFormatError(`a string of ${head.unpacked} bytes`);
      return decompress(bytes, head.unpacked);
  }
}

function wholeNumber(bytes: number): number {
  if (!Number.isSafeInteger(bytes)) throw new RdbFormatError(`a string of ${bytes} bytes`);
  return bytes;
}
