/**
 * Values that are about to be overwritten, as lines of JSON. They are on the disk before anything is overwritten, and
 * nobody but the owner may read them.
 */
import { access, constants, type FileHandle } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { RescueProblem } from '../../plan/slots/move-problem.ts';
import {
  freshName,
  openFresh,
  openOwn,
  refuseAny,
  refuseForeignFile,
  refuseForeignLinks,
} from '../files/fresh-file.ts';
import { atPath, FileError, syncFolder } from '../files/whole-file.ts';
import { MoveError } from '../move/move-error.ts';
import { showKey } from './big-keys.ts';

export interface RescuedValue {
  readonly key: Buffer;
  readonly slot: number;
  readonly database: number;
  readonly type: string;
  /** Absent where it stays. */
  readonly ttlMs?: number;
  /** As DUMP gives it and RESTORE takes it. */
  readonly payload: Buffer;
  /** Where it was: host:port. */
  readonly node: string;
}

export const RESCUE_FORMAT_VERSION = 1;
const OWNER_ONLY = 0o600;

/** A key and its value. In base64 a third longer; V8 has no strings longer than half a gigabyte. */
export const MOST_RESCUED_BYTES = 256 * 1024 * 1024;

/** Small values are written together. */
const LONG_ENOUGH = 1024 * 1024;

/** Whatever keeps values from the disk keeps them from being overwritten. */
export class RescueError extends MoveError {
  declare readonly problem: RescueProblem;

  constructor(problem: RescueProblem) {
    super(problem);
  }
}

export class RescueFile {
  readonly path: string;
  readonly #nowMs: () => number;
  #open: typeof openOwn;
  #file: Promise<FileHandle> | undefined;
  #hasFailed = false;
  /** One after the other, so that lines stay whole; none after one that may be torn, or that the disk did not take. */
  #last: Promise<void> = Promise.resolve();

  /** One that somebody has named, and that may be there already. */
  constructor(path: string, nowMs: () => number, how = openOwn) {
    this.path = path;
    this.#nowMs = nowMs;
    this.#open = how;
  }

  /** One that nobody has named, in the current folder. */
  static unnamed(nowMs: () => number): RescueFile {
    return new RescueFile(freshName('rescue', 'jsonl', nowMs()), nowMs, openFresh);
  }

  /** One that a plan names, which may come from anywhere: no file that is there already is written to. */
  static fresh(path: string, nowMs: () => number): RescueFile {
    return new RescueFile(path, nowMs, openFresh);
  }

  /** Whether one was tried to be kept, and could not be. */
  get hasFailed(): boolean {
    return this.#hasFailed;
  }

  /** Fails where nothing could be kept, and makes no file: mostly nothing gives way. */
  tryOut(): Promise<void> {
    return atPath(this.path, 'written', async () => {
      await refuseForeignLinks(this.path);
      await refuseForeignFile(this.path);
      if (this.#open === openFresh) await refuseAny(this.path);
      const isThere = await access(this.path).then(
        () => true,
        () => false,
      );
      await access(isThere ? this.path : dirname(resolve(this.path)), constants.W_OK);
    });
  }

  /** Returns when they are on the disk. Throws a RescueError, and writes none, where one is too big for it. */
  async add(values: readonly RescuedValue[]): Promise<void> {
    if (values.length === 0) return;
    const giant = values.find(({ key, payload }) => key.length + payload.length > MOST_RESCUED_BYTES);
    if (giant) {
      const { node, key } = giant;
      throw new RescueError({ kind: 'too-big-to-rescue', node, key: showKey(key), file: this.path });
    }
    const adding = this.#last.then(() => this.#append(values));
    this.#last = adding;
    try {
      await adding;
    } catch (error) {
      this.#hasFailed = true;
      throw new FileError(this.path, 'written', error);
    }
  }

  async close(): Promise<void> {
    await this.#last.catch(() => {});
    await (await this.#file?.catch(() => undefined))?.close();
    this.#file = undefined;
    // It is there now, and our own.
    this.#open = openOwn;
  }

  async #append(values: readonly RescuedValue[]): Promise<void> {
    this.#file ??= create(this.path, this.#open);
    const file = await this.#file;
    const time = new Date(this.#nowMs()).toISOString();
    let lines = '';
    for (const value of values) {
      lines += lineOf(value, time);
      if (lines.length < LONG_ENOUGH) continue;
      await file.appendFile(lines);
      lines = '';
    }
    await file.appendFile(lines);
    await file.sync();
  }
}

function lineOf({ key, payload, ...rest }: RescuedValue, time: string): string {
  const words = { key: key.toString('base64'), ...rest, payload: payload.toString('base64'), time };
  return `${JSON.stringify({ version: RESCUE_FORMAT_VERSION, ...words })}\n`;
}

/** A file of that name that is there already goes on. */
async function create(path: string, how: typeof openOwn): Promise<FileHandle> {
  const file = await how(path, OWNER_ONLY);
  try {
    await file.chmod(OWNER_ONLY);
    await endLastLine(file);
    await syncFolder(dirname(resolve(path)));
    return file;
  } catch (error) {
    await file.close();
    throw error;
  }
}

const NEWLINE = 10;

/** On a full disk a line may have been cut off; what comes after it is not to be one line with it. */
async function endLastLine(file: FileHandle): Promise<void> {
  const { size } = await file.stat();
  if (size === 0) return;
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, size - 1);
  if (buffer[0] !== NEWLINE) await file.appendFile('\n');
}
