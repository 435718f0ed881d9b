/** Files of a backup. What is none (a pipe, a device, a folder) has no end, or never begins. */
import { constants, type FileHandle, open } from 'node:fs/promises';
import { FileError } from '../files/whole-file.ts';

/** What describes a backup is far smaller. */
const MOST_BYTES = 64 * 1024 * 1024;

/** Opening a pipe that nobody writes to would wait for somebody, and no signal would end that. */
export async function openRegularFile(path: string): Promise<FileHandle> {
  try {
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    if ((await file.stat()).isFile()) return file;
    await file.close();
  } catch (error) {
    throw new FileError(path, 'read', error);
  }
  throw new FileError(path, 'read', new Error('it is not a regular file'));
}

export async function readRegularFile(path: string): Promise<Buffer> {
  const file = await openRegularFile(path);
  try {
    if ((await file.stat()).size > MOST_BYTES) throw new Error(`it is larger than ${MOST_BYTES} bytes`);
    return await file.readFile();
  } catch (error) {
    throw new FileError(path, 'read', error);
  } finally {
    await file.close();
  }
}
