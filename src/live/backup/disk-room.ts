/** How much all files of a backup together may be: nobody's word is taken for when it ends. */
import { statfs } from 'node:fs/promises';
import { FileError } from '../files/whole-file.ts';

/** Others write to the same disk, and one that is full to the last byte ends them. */
const SHARE_OF_FREE = 0.95;

export class DiskRoom {
  readonly #folder: string;
  readonly #most: number;
  readonly #why: string;
  #used = 0;

  private constructor(folder: string, most: number, why: string) {
    this.#folder = folder;
    this.#most = most;
    this.#why = why;
  }

  static async in(folder: string, mostBytes: number | undefined): Promise<DiskRoom> {
    if (mostBytes !== undefined) return new DiskRoom(folder, mostBytes, 'the most that --max-size allows');
    try {
      const { bavail, bsize } = await statfs(folder);
      const most = Math.floor(bavail * bsize * SHARE_OF_FREE);
      return new DiskRoom(folder, most, 'all the room that there was when it began');
    } catch (error) {
      throw new FileError(folder, 'written to', error);
    }
  }

  /** Where a node says how much is to come, before any of it does. */
  expect(bytes: number): void {
    if (this.#used + bytes > this.#most) this.#refuse();
  }

  take(bytes: number): void {
    this.#used += bytes;
    if (this.#used > this.#most) this.#refuse();
  }

  #refuse(): never {
    const problem = `the data of all nodes together is more than ${this.#most} bytes, ${this.#why}`;
    throw new FileError(this.#folder, 'filled further', new Error(problem));
  }
}
