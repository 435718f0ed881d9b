/** Walks through an RDB file piece by piece, and tells of what is in it. Nothing is held but the piece at hand. */

import { readSlot, readSlotRanges, readUsedMemory } from './between-keys.ts';
import { ByteFeed, type RdbReading } from './byte-feed.ts';
import { RdbFormatError } from './format-error.ts';
import { HEADER_BYTES, readHeader } from './header.ts';
import {
  LARGEST_KEY_BYTES,
  LARGEST_LIBRARY_BYTES,
  LARGEST_VALUE_BYTES,
  MOST_DATABASES,
  MOST_LIBRARY_BYTES,
} from './limits.ts';
import type { RdbListener, RdbSummary } from './listener.ts';
import { readString, skipString } from './strings.ts';
import { type Maker, skipModuleWords, skipValue, skipValueNow } from './value-shapes.ts';

const EOF = 255;
const SELECT_DATABASE = 254;
const EXPIRES_AT_SECONDS = 253;
const EXPIRES_AT_MS = 252;
const DATABASE_SIZE = 251;
const AUXILIARY = 250;
const FREQUENCY = 249;
const IDLE_SECONDS = 248;
const MODULE_AUXILIARY = 247;
const FUNCTION_LIBRARY = 245;
const SLOT_SIZE = 244;
/** Of Valkey: slots that are being imported. Of Redis: what modules know of a key. */
const SLOT_IMPORT = 243;
const LEAST_OPERATION = 243;

/** What stands before a key and belongs to it. */
interface Prelude {
  expiresAtMs?: number;
  idleSeconds?: number;
  frequency?: number;
}

const CHECKSUM_BYTES = 8;

export class RdbWalker {
  readonly #feed = new ByteFeed();
  readonly #listener: RdbListener;
  readonly #reading: RdbReading<void>;
  readonly #keys = new Map<number, number>();
  #maker: Maker = 'redis';
  #version = 0;
  #database = 0;
  #keysHere = 0;
  #libraries = 0;
  #libraryBytes = 0;
  #usedMemory: number | undefined;
  #isOver = false;

  constructor(listener: RdbListener = {}) {
    this.#listener = listener;
    this.#reading = this.#readFile();
    this.#reading.next();
  }

  /** Throws an RdbFormatError where it is no RDB file. */
  push(chunk: Buffer): void {
    if (chunk.length === 0) return;
    if (this.#isOver) throw new RdbFormatError('bytes after the end');
    this.#feed.push(chunk);
    this.#isOver = this.#reading.next().done === true;
    if (this.#isOver && this.#feed.left > 0) throw new RdbFormatError('bytes after the end');
  }

  /** When all has been pushed. */
  end(): RdbSummary {
    if (!this.#isOver) throw new RdbFormatError('it is cut short');
    return {
      version: this.#version,
      keysByDatabase: this.#keys,
      functionLibraries: this.#libraries,
      ...(this.#usedMemory !== undefined && { usedMemoryBytes: this.#usedMemory }),
    };
  }

  *#readFile(): RdbReading<void> {
    yield* this.#readHeader();
    let prelude: Prelude = {};
    for (;;) {
      const word = this.#feed.byteNow() ?? (yield* this.#feed.byte());
      if (word < LEAST_OPERATION) {
        yield* this.#readEntry(word, prelude);
        prelude = {};
      } else if (word === EOF) break;
      else yield* this.#readOperation(word, prelude);
    }
    this.#tellKeys();
    yield* this.#feed.skip(CHECKSUM_BYTES);
  }

  *#readHeader(): RdbReading<void> {
    const header = readHeader(yield* this.#feed.take(HEADER_BYTES));
    if (!header) throw new RdbFormatError('it does not begin as an RDB file');
    this.#maker = header.maker;
    this.#version = header.version;
  }

  *#readOperation(operation: number, prelude: Prelude): RdbReading<void> {
    const feed = this.#feed;
    switch (operation) {
      case SELECT_DATABASE:
        this.#tellKeys();
        this.#database = yield* feed.count();
        break;
      case EXPIRES_AT_SECONDS:
        prelude.expiresAtMs = (yield* feed.take(4)).readInt32LE() * 1000;
        break;
      case EXPIRES_AT_MS:
        prelude.expiresAtMs = Number((yield* feed.take(8)).readBigInt64LE());
        break;
      case DATABASE_SIZE:
        yield* this.#skipNumbers(2);
        break;
      case AUXILIARY:
        this.#usedMemory = (yield* readUsedMemory(feed)) ?? this.#usedMemory;
        break;
      case FREQUENCY:
        prelude.frequency = yield* feed.byte();
        break;
      case IDLE_SECONDS:
        prelude.idleSeconds = yield* feed.count();
        break;
      case MODULE_AUXILIARY:
        yield* this.#skipNumbers(3);
        yield* skipModuleWords(feed);
        break;
      case FUNCTION_LIBRARY:
        this.#libraries++;
        if (this.#listener.functionLibrary) this.#listener.functionLibrary(yield* this.#readLibrary());
        else yield* skipString(feed);
        break;
      case SLOT_SIZE:
        yield* readSlot(feed);
        yield* this.#skipNumbers(2);
        break;
      case SLOT_IMPORT:
        if (this.#maker !== 'valkey')
          throw new RdbFormatError('what modules know of a key, which is not known here');
        yield* skipString(feed);
        yield* readSlotRanges(feed);
        break;
      default:
        throw new RdbFormatError(`a part of kind ${operation}, which is not known here`);
    }
  }

  *#readEntry(type: number, prelude: Prelude): RdbReading<void> {
    const feed = this.#feed;
    this.#keysHere++;
    const { entry, wants, key: tellKey } = this.#listener;
    const isWanted = entry && wants?.(type) !== false;
    if (!isWanted && !tellKey) {
      if (!feed.skipStringNow()) yield* skipString(feed);
      if (!skipValueNow(feed, type)) yield* skipValue(feed, type, this.#maker);
      return;
    }
    const from = feed.position;
    const key = feed.stringNow() ?? (yield* readString(feed, LARGEST_KEY_BYTES, 'a key'));
    if (isWanted) feed.keep(this.#listener.mostValueBytes);
    if (!skipValueNow(feed, type)) yield* skipValue(feed, type, this.#maker);
    const bytes = feed.position - from;
    if (bytes > LARGEST_VALUE_BYTES)
      throw new RdbFormatError(`a value of ${bytes} bytes, which is more than slotctl takes`);
    const { expiresAtMs } = prelude;
    const database = this.#database;
    tellKey?.({ database, key, bytes, ...(expiresAtMs !== undefined && { expiresAtMs }) });
    const value = isWanted && feed.takeKept();
    if (value) entry?.({ database, key, type, value, ...prelude });
  }

  *#readLibrary(): RdbReading<Buffer> {
    const code = yield* readString(this.#feed, LARGEST_LIBRARY_BYTES, 'a function library');
    this.#libraryBytes += code.length;
    if (this.#libraryBytes > MOST_LIBRARY_BYTES)
      throw new RdbFormatError(`function libraries of more than ${MOST_LIBRARY_BYTES} bytes`);
    return code;
  }

  *#skipNumbers(count: number): RdbReading<void> {
    for (let i = 0; i < count; i++) yield* this.#feed.number();
  }

  #tellKeys(): void {
    if (this.#keysHere > 0)
      this.#keys.set(this.#database, (this.#keys.get(this.#database) ?? 0) + this.#keysHere);
    this.#keysHere = 0;
    if (this.#keys.size > MOST_DATABASES)
      throw new RdbFormatError(`keys in more than ${MOST_DATABASES} databases`);
  }
}
