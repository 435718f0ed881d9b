/** Files, written so that a reader never sees half of one, and with errors that name the file. */
import { randomBytes } from 'node:crypto';
import { constants, open, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { openFresh, refuseForeignLinks, refuseForeignOwner } from './fresh-file.ts';

export class FileError extends Error {
  constructor(path: string, doing: string, cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    super(`${path} cannot be ${doing}: ${reason}`);
    this.name = 'FileError';
  }
}

/** Whatever goes wrong in this work goes wrong with the file, or the folder. */
export async function atPath<T>(
  path: string,
  doing: 'read' | 'written' | 'written to',
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw new FileError(path, doing, error);
  }
}

/** Plans, maps and certificates are far smaller, and a device such as /dev/zero has no end. */
const MOST_BYTES = 64 * 1024 * 1024;

/** `opening`: for whom not every kind of file will do. */
export function readBytes(
  path: string,
  { mostBytes = MOST_BYTES, opening = (path: string) => open(path) } = {},
): Promise<Buffer> {
  return atPath(path, 'read', async () => {
    const file = await opening(path);
    const chunks: Buffer[] = [];
    for await (const chunk of file.createReadStream({ end: mostBytes })) chunks.push(chunk);
    const bytes = Buffer.concat(chunks);
    if (bytes.length > mostBytes) throw new Error(`it is larger than ${mostBytes} bytes`);
    return bytes;
  });
}

const READABLE_BY_ALL = 0o644;

/**
 * Written beside its place under another name, synced, and renamed: the old content stays until the new is whole. What
 * is no regular file (a pipe, /dev/null) is written to as it is, and behind a link it is the target that is replaced;
 * unless others may have put it there.
 */
export function saveFile(path: string, content: string): Promise<void> {
  return atPath(path, 'written', async () => {
    await refuseForeignLinks(path);
    const target = await realpath(path).catch(() => path);
    await refuseForeignOwner(target);
    const before = await stat(target).catch(() => undefined);
    if (before && !before.isFile()) await writeThrough(target, content);
    else await replaceFile(target, content, before ? before.mode & 0o777 : READABLE_BY_ALL);
  });
}

/** Under a name that has been made up for it, and that nobody else may have used. */
export function saveFreshFile(path: string, content: string): Promise<void> {
  return atPath(path, 'written', async () => {
    const file = await openFresh(path, READABLE_BY_ALL);
    try {
      await file.writeFile(content);
      await file.sync();
    } catch (error) {
      await rm(path, { force: true });
      throw error;
    } finally {
      await file.close();
    }
  });
}

/** A file's name is as good as lost until its folder is on the disk, too. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** To a pipe or a device. Opening a pipe that nobody reads would never return, so it is tried without waiting first. */
async function writeThrough(path: string, content: string): Promise<void> {
  const probe = await open(path, constants.O_WRONLY | constants.O_NONBLOCK);
  try {
    await writeFile(path, content);
  } finally {
    await probe.close();
  }
}

async function replaceFile(path: string, content: string, mode: number): Promise<void> {
  const draft = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}.tmp`);
  try {
    const file = await open(draft, 'wx', mode);
    try {
      await file.writeFile(content);
      // Whatever the umask: a collector runs as somebody else.
      await file.chmod(mode);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}
