/** Files, written so that a reader never sees half of one, and with errors that name the file. */
import { open, readFile, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

export class FileError extends Error {
  constructor(path: string, doing: string, cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    super(`${path} cannot be ${doing}: ${reason}`);
    this.name = 'FileError';
  }
}

export async function readBytes(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    throw new FileError(path, 'read', error);
  }
}

/** Written beside its place under another name, synced, and renamed: the old content stays until the new is whole. */
export async function saveFile(path: string, content: string, mode = 0o644): Promise<void> {
  const draft = join(dirname(path), `.${basename(path)}.${process.pid}.tmp`);
  try {
    const file = await open(draft, 'wx', mode);
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw new FileError(path, 'written', error);
  }
}
