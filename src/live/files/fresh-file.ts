/**
 * What others could do to us by links and by files of names that they can guess: names with a random part, files that
 * nobody has made before us, and no way through a link that somebody else may have put there.
 */
import { randomBytes } from 'node:crypto';
import { constants, type FileHandle, lstat, open, readlink } from 'node:fs/promises';
import { dirname, join, resolve, sep } from 'node:path';

/** 48 bits, which nobody tries out between the moment that is part of the name and the file. */
const RANDOM_BYTES = 6;
const WRITABLE_BY_EVERYBODY = 0o002;
/** As many as Linux follows (ELOOP). */
const MOST_LINKS = 40;
const ROOT = 0;

/** In the current folder, and nobody can know it beforehand. */
export function freshName(what: 'plan' | 'rescue', ending: 'json' | 'jsonl', nowMs: number): string {
  return `slotctl-${what}-${Math.round(nowMs)}-${randomBytes(RANDOM_BYTES).toString('hex')}.${ending}`;
}

/** Fails where there is anything of that name, a link that leads nowhere included. */
export function openFresh(path: string, mode: number): Promise<FileHandle> {
  const { O_RDWR, O_APPEND, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
  return open(path, O_RDWR | O_APPEND | O_CREAT | O_EXCL | O_NOFOLLOW, mode);
}

/** One of our own, or a new one; not a link, nor a file that is somebody else's, or that has another name beside this. */
export async function openOwn(path: string, mode: number): Promise<FileHandle> {
  const { O_RDWR, O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = constants;
  await refuseForeignLinks(path);
  await refuseForeignFile(path);
  const file = await open(path, O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK, mode);
  try {
    judgeOwn(await file.stat());
    return file;
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** Before it is opened, for the sake of the message; it is looked at again afterwards. */
export async function refuseForeignFile(path: string): Promise<void> {
  const there = await lstat(path).catch(() => undefined);
  if (there?.isSymbolicLink()) throw new Error('it is a symbolic link; name the file itself');
  if (there) judgeOwn(there);
}

/** The same as openFresh(), before there is anything to write. */
export async function refuseAny(path: string): Promise<void> {
  const there = await lstat(path).catch(() => undefined);
  if (there)
    throw new Error('it is there already, and only the plan names it; apply --rescue-file FILE adds to it');
}

interface Known {
  readonly uid: number;
  readonly nlink: number;
  isFile(): boolean;
}

function judgeOwn(file: Known): void {
  if (!file.isFile()) throw new Error('it is not a regular file');
  if (file.uid !== ownId()) throw new Error('it belongs to another user');
  if (file.nlink > 1) throw new Error('it has another name besides this one (a hard link)');
}

function ownId(): number {
  return process.geteuid?.() ?? ROOT;
}

/**
 * A link in a folder that everybody can write into may be anybody's, and lead to any file of ours. On the way it is
 * followed where it is ours or root's, as Linux does with fs.protected_symlinks; at the end never.
 */
export async function refuseForeignLinks(path: string): Promise<void> {
  const ahead = partsOf(resolve(path));
  let at: string = sep;
  for (let links = 0; ahead.length > 0; ) {
    const name = ahead.shift() ?? '';
    if (name === '..') {
      at = dirname(at);
      continue;
    }
    const next = join(at, name);
    const there = await lstat(next).catch(() => undefined);
    // What is not there leads nowhere; whoever opens it is told so.
    if (!there) return;
    if (!there.isSymbolicLink()) {
      at = next;
      continue;
    }
    if (links++ > MOST_LINKS) return;
    const isTrusted = ahead.length > 0 && (there.uid === ownId() || there.uid === ROOT);
    if (!isTrusted && (await isOpenToEverybody(at)))
      throw new Error(`${next} is a link in a folder that everybody can write to; name the file itself`);
    const target = await readlink(next);
    if (target.startsWith(sep)) at = sep;
    ahead.unshift(...partsOf(target));
  }
}

/** And not somebody else's file in such a folder, which they could go on writing to. */
export async function refuseForeignOwner(path: string): Promise<void> {
  const there = await lstat(path).catch(() => undefined);
  if (there && there.uid !== ownId() && (await isOpenToEverybody(dirname(path))))
    throw new Error('it belongs to another user, in a folder that everybody can write to');
}

async function isOpenToEverybody(folder: string): Promise<boolean> {
  return ((await lstat(folder)).mode & WRITABLE_BY_EVERYBODY) !== 0;
}

function partsOf(path: string): string[] {
  return path.split(sep).filter(part => part !== '' && part !== '.');
}
