/** Strings as RDB files have them: as they are, as numbers, or compressed. */
import type { ByteFeed, RdbReading } from './byte-feed.ts';
import { RdbFormatError } from './format-error.ts';
import { MOST_UNPACKED_PER_BYTE } from './limits.ts';
import { decompress } from './lzf.ts';

export function* skipString(feed: ByteFeed): RdbReading<void> {
  if (feed.skipStringNow()) return;
  const { bytes } = yield* feed.stringHead();
  if (!Number.isSafeInteger(bytes)) throw new RdbFormatError(`a string of ${bytes} bytes`);
  yield* feed.skip(bytes);
}

/** What is longer is refused before any of it is held. */
export function* readString(feed: ByteFeed, mostBytes: number, what: string): RdbReading<Buffer> {
  const whole = feed.stringNow();
  if (whole && whole.length <= mostBytes) return whole;
  if (whole) throw tooLong(whole.length, what);
  const head = yield* feed.stringHead();
  const length = head.kind === 'compressed' ? head.unpacked : head.bytes;
  if (length > mostBytes || head.bytes > mostBytes) throw tooLong(Math.max(length, head.bytes), what);
  if (head.kind === 'compressed' && head.unpacked > head.bytes * MOST_UNPACKED_PER_BYTE)
    throw new RdbFormatError(`${head.bytes} bytes that claim to be ${head.unpacked} when unpacked`);
  const bytes = yield* feed.take(head.bytes);
  switch (head.kind) {
    case 'plain':
      return bytes;
    case 'integer':
      return Buffer.from(`${bytes.readIntLE(0, head.bytes)}`, 'latin1');
    case 'compressed':
      return decompress(bytes, head.unpacked);
  }
}

function tooLong(bytes: number, what: string): RdbFormatError {
  return new RdbFormatError(`${what} of ${bytes} bytes, which is more than slotctl takes`);
}
