/** The folder of a backup: that it is there, can be written to, and holds no other one; and what is left in it. */

import { mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type ExpectedDump, isDumpFile, readManifest } from '../../plan/files/backup-manifest.ts';
import { InputError } from '../../topology/input-error.ts';
import { atPath, FileError, saveFile, syncFolder } from '../files/whole-file.ts';
import { readRegularFile } from './regular-file.ts';

export const MANIFEST = 'manifest.json';
export const NODES = 'nodes.json';

const OWNER_ONLY = 0o700;

/** While it is not whole. The process is in the name, so that two runs do not write to one file. */
export function draftName(file: string): string {
  return `.${file}.${process.pid}.part`;
}

const DRAFT = /^\.(.+)\.(\d{1,10})\.part$/;

/** Makes the folder where there is none, and says what is in it that belongs to a backup. */
export function openFolder(folder: string): Promise<readonly string[]> {
  return atPath(folder, 'written to', async () => {
    await mkdir(folder, { recursive: true, mode: OWNER_ONLY });
    const names = await readdir(folder);
    await tryToWrite(join(folder, draftName('probe')));
    return names.filter(name => name === MANIFEST || name === NODES || isDumpFile(name));
  });
}

async function tryToWrite(path: string): Promise<void> {
  const file = await open(path, 'wx');
  await file.close();
  await rm(path);
}

/**
 * The files of the new backup, all of them whole and on the disk, get their names. Without its manifest the old one is not
 * taken for a whole one meanwhile.
 */
export async function takePlace(folder: string, files: readonly string[]): Promise<void> {
  const earlier = await earlierDumps(folder);
  await atPath(folder, 'written to', async () => {
    await rm(join(folder, MANIFEST), { force: true });
    await rm(join(folder, NODES), { force: true });
    await syncFolder(folder);
    for (const file of files) await rename(join(folder, draftName(file)), join(folder, file));
    await syncFolder(folder);
    // Only what its manifest names: files of which nobody knows whose they are stay.
    for (const { file } of earlier) if (!files.includes(file)) await rm(join(folder, file), { force: true });
    await removeAbandoned(folder);
  });
}

/** What is in the folder stays what it is. */
export async function removeDrafts(folder: string, files: readonly string[]): Promise<void> {
  for (const file of files) await rm(join(folder, draftName(file)), { force: true });
}

/** Of the backup that is in the folder; none where it is not whole. */
export async function earlierDumps(folder: string): Promise<readonly ExpectedDump[]> {
  try {
    return readManifest((await readRegularFile(join(folder, MANIFEST))).toString('utf8')).dumps;
  } catch (error) {
    // One that cannot be read is not a whole one either.
    if (error instanceof FileError || error instanceof InputError) return [];
    throw error;
  }
}

/** What runs that were killed have left. */
async function removeAbandoned(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const [, file, pid] = DRAFT.exec(name) ?? [];
    if (file !== undefined && isDumpFile(file) && !isRunning(Number(pid)))
      await rm(join(folder, name), { force: true });
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Somebody else's process may not be signalled, and is there all the same.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** The manifest last: with it the backup is whole. */
export async function describeBackup(folder: string, nodes: string, manifest: string): Promise<void> {
  await saveFile(join(folder, NODES), nodes);
  await saveFile(join(folder, MANIFEST), manifest);
  await syncFolder(folder);
}
