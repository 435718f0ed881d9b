/** A backup in its folder, and its files as streams. */

import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { readManifest, readNodesJson, type SavedBackup } from '../../plan/files/backup-manifest.ts';
import { InputError } from '../../topology/input-error.ts';
import { MANIFEST, NODES } from '../backup/backup-folder.ts';
import { openRegularFile, readRegularFile } from '../backup/regular-file.ts';
import { atPath, FileError } from '../files/whole-file.ts';

/** Of slotctl, or of the servers' own tools, which leave no manifest. An InputError says why it cannot be used. */
export async function readBackup(folder: string): Promise<SavedBackup> {
  const files = await atPath(folder, 'read', () => readdir(folder));
  const read = async (name: string) => (await readRegularFile(join(folder, name))).toString('utf8');
  const backup = files.includes(MANIFEST)
    ? readManifest(await read(MANIFEST))
    : files.includes(NODES)
      ? readNodesJson(await read(NODES), files)
      : undefined;
  if (!backup)
    throw new InputError(`${folder} holds no whole backup: there is neither ${MANIFEST} nor ${NODES} in it`);
  if (backup.dumps.length === 0) throw new InputError(`the backup in ${folder} names no files`);
  return backup;
}

const PIECE_BYTES = 256 * 1024;

export async function* piecesOf(folder: string, name: string): AsyncGenerator<Buffer> {
  const path = join(folder, name);
  const file = await atPath(path, 'read', () => openRegularFile(path));
  try {
    yield* file.createReadStream({ highWaterMark: PIECE_BYTES }) as AsyncIterable<Buffer>;
  } catch (error) {
    throw new FileError(path, 'read', error);
  }
}
