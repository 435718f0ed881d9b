/**
 * Where a value goes that has to give way to another of the same key, before it is removed anywhere: a file of JSON lines
 * that only its owner may read. What is appended is on the disk when that has been said to be done.
 */
import { type FileHandle, open } from 'node:fs/promises';
import { FileError } from './files.ts';

export interface RescuedValue {
  readonly key: Buffer;
  readonly database: number;
  readonly type: string;
  /** Milliseconds that it had left to live; absent where it stays. */
  readonly ttlMs?: number;
  /** As DUMP gives it and RESTORE takes it. */
  readonly payload: Buffer;
  /** Who held it. */
  readonly node: string;
  readonly slot: number;
}

const ONLY_THE_OWNER = 0o600;

export class RescueFile {
  readonly path: string;
  readonly #nowMs: () => number;
  #file: Promise<FileHandle> | undefined;
  #writing: Promise<unknown> = Promise.resolve();

  constructor(path: string, nowMs: () => number) {
    this.path = path;
    this.#nowMs = nowMs;
  }

  /** One after the other: lines of two values must not run into each other. */
  append(value: RescuedValue): Promise<void> {
    const written = this.#writing.then(() => this.#write(value));
    this.#writing = written.catch(() => {});
    return written;
  }

  async close(): Promise<void> {
    await this.#writing;
    const file = await this.#file?.catch(() => undefined);
    await file?.close();
  }

  async #write({ key, database, type, ttlMs, payload, node, slot }: RescuedValue): Promise<void> {
    const line = {
      key: key.toString('base64'),
      database,
      type,
      ttlMs: ttlMs ?? null,
      payload: payload.toString('base64'),
      node,
      slot,
      time: new Date(this.#nowMs()).toISOString(),
    };
    try {
      this.#file ??= open(this.path, 'a', ONLY_THE_OWNER);
      const file = await this.#file;
      await file.appendFile(`${JSON.stringify(line)}\n`);
      await file.sync();
    } catch (error) {
      throw new FileError(this.path, 'written', error);
    }
  }
}
