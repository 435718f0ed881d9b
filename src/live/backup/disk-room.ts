/** How much all files of a backup together may be: nobody's word is taken for when it ends. */
import { statfs } from 'node:fs/promises';
import { atPath } from '../files/whole-file.ts';
import { NotSavedError } from './not-saved-error.ts';

/** Others write to the same disk, and one that is full to the last byte ends them. */
const SHARE_OF_FREE = 0.95;

export class DiskRoom {
  readonly #folder: string;
  readonly #most: number;
  readonly #isAllowed: boolean;
  #used = 0;

  private constructor(folder: string, most: number, isAllowed: boolean) {
    this.#folder = folder;
    this.#most = most;
    this.#isAllowed = isAllowed;
  }

  static async in(folder: string, mostBytes: number | undefined): Promise<DiskRoom> {
    if (mostBytes !== undefined) return new DiskRoom(folder, mostBytes, true);
    const { bavail, bsize } = await atPath(folder, 'written to', () => statfs(folder));
    return new DiskRoom(folder, Math.floor(bavail * bsize * SHARE_OF_FREE), false);
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
    const [folder, mostBytes, isAllowed] = [this.#folder, this.#most, this.#isAllowed];
    throw new NotSavedError({ kind: 'too-much', folder, mostBytes, isAllowed });
  }
}
