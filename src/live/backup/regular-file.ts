/** Files of a backup. What is none (a pipe, a device, a folder) has no end, or never begins. */
import { constants, type FileHandle, open } from 'node:fs/promises';
import { readBytes } from '../files/whole-file.ts';

/** Opening a pipe that nobody writes to would wait for somebody, and no signal would end that. */
export async function openRegularFile(path: string): Promise<FileHandle> {
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  if ((await file.stat()).isFile()) return file;
  await file.close();
  throw new Error('it is not a regular file');
}

export function readRegularFile(path: string): Promise<Buffer> {
  return readBytes(path, { opening: openRegularFile });
}
