/**
 * Bytes that come in pieces, and are read as if they were all there. What reads them is a generator that yields when it
 * has run dry and goes on when there is more; what is there already is read without one, for millions of keys.
 */
import { RdbFormatError } from './format-error.ts';

/** Yields for more bytes. */
export type RdbReading<T> = Generator<undefined, T, undefined>;

const NOTHING = Buffer.alloc(0);

/** A number below this is a length in itself; up to the next, its lower bits and another byte are. */
const LONG_6_BITS = 0x40;
const LONG_14_BITS = 0x80;
const LENGTH_32_BITS = 0x80;
const LENGTH_64_BITS = 0x81;

/** What stands in place of a length where a string is a number, or compressed. */
const INTEGER_8 = 0xc0;
const INTEGER_WIDTHS: readonly number[] = [1, 2, 4];
const COMPRESSED = 0xc3;

export class ByteFeed {
  #bytes: Buffer = NOTHING;
  #at = 0;
  /** How many bytes came before those at hand. */
  #before = 0;
  #kept: Buffer[] | undefined;
  #mostKept = Number.POSITIVE_INFINITY;
  #keptFrom = 0;

  push(chunk: Buffer): void {
    this.#keepWhatWasRead();
    this.#before += this.#at;
    this.#bytes = this.left === 0 ? chunk : Buffer.concat([this.#bytes.subarray(this.#at), chunk]);
    this.#at = 0;
    this.#keptFrom = 0;
  }

  /** How many bytes have been read so far. */
  get position(): number {
    return this.#before + this.#at;
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  /** From here on what is read is kept, until it is taken; nothing of it, where it becomes more than that. */
  keep(mostBytes = Number.POSITIVE_INFINITY): void {
    this.#kept = [];
    this.#keptFrom = this.#at;
    this.#mostKept = mostBytes;
  }

  takeKept(): Buffer[] | undefined {
    this.#keepWhatWasRead();
    const kept = this.#kept;
    this.#kept = undefined;
    return kept;
  }

  #keepWhatWasRead(): void {
    if (!this.#kept || this.#at <= this.#keptFrom) return;
    this.#mostKept -= this.#at - this.#keptFrom;
    if (this.#mostKept < 0) this.#kept = undefined;
    else this.#kept.push(this.#bytes.subarray(this.#keptFrom, this.#at));
  }

  /** False, and nothing is skipped, unless all of it is there. */
  skipNow(count: number): boolean {
    if (this.left < count) return false;
    this.#at += count;
    return true;
  }

  *skip(count: number): RdbReading<void> {
    let rest = count;
    while (rest > this.left) {
      rest -= this.left;
      this.#at = this.#bytes.length;
      yield;
    }
    this.#at += rest;
  }

  *byte(): RdbReading<number> {
    while (this.left === 0) yield;
    return this.#bytes[this.#at++] as number;
  }

  /** In one piece. */
  *take(count: number): RdbReading<Buffer> {
    const pieces: Buffer[] = [];
    let rest = count;
    while (rest > this.left) {
      rest -= this.left;
      pieces.push(this.#bytes.subarray(this.#at));
      this.#at = this.#bytes.length;
      yield;
    }
    const last = this.#bytes.subarray(this.#at, this.#at + rest);
    this.#at += rest;
    return pieces.length === 0 ? last : Buffer.concat([...pieces, last], count);
  }

  /** Undefined where there is none. */
  byteNow(): number | undefined {
    return this.left > 0 ? this.#bytes[this.#at++] : undefined;
  }

  /** A length, a count or another number; of those over 2^53, which are only ever skipped, not exactly. */
  *number(): RdbReading<number> {
    for (;;) {
      const number = this.#numberNow();
      if (number !== undefined) return number;
      if ((this.#first ?? 0) >= INTEGER_8) throw new RdbFormatError('an encoded string in place of a number');
      yield;
    }
  }

  /** How many of something there are, all of which are to come. */
  *count(): RdbReading<number> {
    const count = yield* this.number();
    if (!Number.isSafeInteger(count)) throw new RdbFormatError(`a count of ${count}`);
    return count;
  }

  /** What follows is so many bytes: as they are, compressed, or a number. */
  *stringHead(): RdbReading<StringHead> {
    for (;;) {
      const head = this.stringHeadNow();
      if (head) return head;
      yield;
    }
  }

  /** Undefined, and nothing is read, unless all of the head is there. */
  stringHeadNow(): StringHead | undefined {
    const first = this.#first;
    if (first === undefined) return undefined;
    if (first < INTEGER_8) {
      const bytes = this.#numberNow();
      return bytes === undefined ? undefined : { kind: 'plain', bytes };
    }
    const from = this.#at++;
    const width = INTEGER_WIDTHS[first - INTEGER_8];
    if (width !== undefined) return { kind: 'integer', bytes: width };
    if (first !== COMPRESSED) throw new RdbFormatError(`a string encoded in an unknown way (${first})`);
    const bytes = this.#numberNow();
    const unpacked = this.#numberNow();
    if (bytes !== undefined && unpacked !== undefined) return { kind: 'compressed', bytes, unpacked };
    this.#at = from;
    return undefined;
  }

  /** False, and nothing is skipped, unless all of the string is there. */
  skipStringNow(): boolean {
    const from = this.#at;
    const first = this.#first;
    if (first === undefined) return false;
    // Most strings are short: no object is made for them.
    const bytes = first < LONG_6_BITS ? first : this.stringHeadNow()?.bytes;
    if (first < LONG_6_BITS) this.#at++;
    if (bytes !== undefined && this.skipNow(bytes)) return true;
    this.#at = from;
    return false;
  }

  /** Undefined, and nothing is read, unless all of the string is there and stands there as it is. */
  stringNow(): Buffer | undefined {
    const from = this.#at;
    const first = this.#first;
    if (first === undefined || first >= INTEGER_8) return undefined;
    const bytes = this.#numberNow();
    if (bytes !== undefined && this.skipNow(bytes)) return this.#bytes.subarray(this.#at - bytes, this.#at);
    this.#at = from;
    return undefined;
  }

  get #first(): number | undefined {
    return this.#bytes[this.#at];
  }

  /** Undefined, and nothing is read, unless all of it is there and it is a number. */
  #numberNow(): number | undefined {
    const first = this.#first;
    if (first === undefined || first >= INTEGER_8) return undefined;
    const size = lengthSize(first);
    if (this.left < size) return undefined;
    const at = this.#at;
    const bytes = this.#bytes;
    this.#at += size;
    if (size === 1) return first;
    if (size === 2) return bytes.readUInt16BE(at) & 0x3fff;
    if (size === 5) return bytes.readUInt32BE(at + 1);
    return bytes.readUInt32BE(at + 1) * 2 ** 32 + bytes.readUInt32BE(at + 5);
  }
}

export type StringHead =
  | { readonly kind: 'plain' | 'integer'; readonly bytes: number }
  | { readonly kind: 'compressed'; readonly bytes: number; readonly unpacked: number };

/** How many bytes a length takes that begins so. */
function lengthSize(first: number): number {
  if (first < LONG_6_BITS) return 1;
  if (first < LONG_14_BITS) return 2;
  if (first === LENGTH_32_BITS) return 5;
  if (first === LENGTH_64_BITS) return 9;
  throw new RdbFormatError(`a length that begins with ${first}`);
}
