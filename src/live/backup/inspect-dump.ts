/** Looks at an RDB file while it goes by: whether it is whole, what is in it, and what tells it from any other. */
import { createHash } from 'node:crypto';
import { Crc64 } from '../../rdb/crc64.ts';
import { HarmfulRdbError, RdbFormatError } from '../../rdb/format-error.ts';
import { HEADER_BYTES, readHeader } from '../../rdb/header.ts';
import type { RdbListener, RdbSummary } from '../../rdb/listener.ts';
import { RdbWalker } from '../../rdb/walker.ts';

export interface DumpFacts {
  readonly rdbVersion: number;
  readonly bytes: number;
  readonly sha256: string;
  /** The server may be told to leave it out. */
  readonly hasChecksum: boolean;
  readonly contents: RdbSummary | UnreadableContents;
}

/** The file is whole, and holds something that this version of slotctl does not know. */
export interface UnreadableContents {
  readonly unreadable: string;
}

const CHECKSUM_BYTES = 8;
/** The last word before the checksum. */
const END_BYTES = 1 + CHECKSUM_BYTES;
const END_OF_FILE = 0xff;
const NOTHING = Buffer.alloc(0);
const NO_RDB = 'it does not begin as an RDB file';

export class DumpInspection {
  readonly #sha256 = createHash('sha256');
  readonly #crc = new Crc64();
  readonly #walker: RdbWalker;
  #unreadable: string | undefined;
  #header: Buffer = NOTHING;
  /** The bytes that may turn out to be the last ones. */
  #end: Buffer = NOTHING;
  #bytes = 0;

  constructor(listener: RdbListener = {}) {
    this.#walker = new RdbWalker(listener);
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Throws an RdbFormatError as soon as it cannot be such a file. */
  push(chunk: Buffer): void {
    this.#bytes += chunk.length;
    this.#sha256.update(chunk);
    if (this.#header.length < HEADER_BYTES) this.#readHeader(chunk);
    this.#holdBack(chunk);
    if (this.#unreadable !== undefined) return;
    try {
      this.#walker.push(chunk);
    } catch (error) {
      this.#unreadable = reasonOf(error);
    }
  }

  #readHeader(chunk: Buffer): void {
    this.#header = Buffer.concat([this.#header, chunk.subarray(0, HEADER_BYTES - this.#header.length)]);
    if (this.#header.length === HEADER_BYTES && !readHeader(this.#header)) throw new RdbFormatError(NO_RDB);
  }

  /** When all has been pushed. Throws an RdbFormatError where the file is not whole. */
  end(): DumpFacts {
    const header = readHeader(this.#header);
    if (!header) throw new RdbFormatError(NO_RDB);
    const isCut = this.#end.length < END_BYTES || this.#end[0] !== END_OF_FILE;
    if (isCut) throw new RdbFormatError('it is cut short');
    const told = this.#end.subarray(1);
    const hasChecksum = told.some(byte => byte !== 0);
    if (hasChecksum && !this.#crc.update(this.#end.subarray(0, 1)).digest().equals(told))
      throw new RdbFormatError('its checksum is wrong: it is damaged');
    const contents = this.#contents();
    // With a checksum that is right, what cannot be read is only news to us; without one it may as well be damage.
    if ('unreadable' in contents && !hasChecksum) throw new RdbFormatError(contents.unreadable);
    return {
      rdbVersion: header.version,
      bytes: this.#bytes,
      sha256: this.#sha256.digest('hex'),
      hasChecksum,
      contents,
    };
  }

  #contents(): RdbSummary | UnreadableContents {
    if (this.#unreadable !== undefined) return { unreadable: this.#unreadable };
    try {
      return this.#walker.end();
    } catch (error) {
      return { unreadable: reasonOf(error) };
    }
  }

  #holdBack(chunk: Buffer): void {
    if (chunk.length >= END_BYTES) {
      this.#crc.update(this.#end).update(chunk.subarray(0, -END_BYTES));
      this.#end = chunk.subarray(-END_BYTES);
      return;
    }
    const bytes = Buffer.concat([this.#end, chunk]);
    const sure = Math.max(0, bytes.length - END_BYTES);
    this.#crc.update(bytes.subarray(0, sure));
    this.#end = bytes.subarray(sure);
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof RdbFormatError && !(error instanceof HarmfulRdbError)) return error.message;
  throw error;
}
