/** The data of one node, from its socket to a file. The file has its name only when it is whole and on the disk. */
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SavedDump } from '../../plan/files/backup-manifest.ts';
import { type BackupSource, dumpFileName } from '../../plan/transfer/backup.ts';
import { RdbFormatError } from '../../rdb/format-error.ts';
import { info, replicationInfo } from '../../resp/commands/cluster.ts';
import type { Fleet } from '../../resp/fleet.ts';
import type { Dump, DumpSettings } from '../../resp/replication-stream.ts';
import { formatAddress } from '../../topology/node.ts';
import { atPath, syncFolder } from '../files/whole-file.ts';
import { draftName } from './backup-folder.ts';
import type { DiskRoom } from './disk-room.ts';
import { type DumpFacts, DumpInspection } from './inspect-dump.ts';
import { NotSavedError } from './not-saved-error.ts';

export interface SaveSettings extends Omit<DumpSettings, 'version'> {
  readonly folder: string;
  readonly room: DiskRoom;
  /** Another backup has the names; it keeps them until this one is whole. */
  readonly waitsForName: boolean;
}

/** Pieces from a socket are small, and each write takes a moment of its own. */
const WRITE_BYTES = 1024 * 1024;
const OWNER_ONLY = 0o600;

export async function saveDump(
  fleet: Fleet,
  source: BackupSource,
  { folder, waitsForName, room, ...settings }: SaveSettings,
  received: (bytes: number, of: number | undefined) => void,
): Promise<SavedDump> {
  const file = dumpFileName(source);
  const [draft, target] = [join(folder, draftName(file)), join(folder, file)];
  const dump = await openCurrent(fleet, source, settings);
  try {
    room.expect(dump.bytes ?? 0);
    const inspection = new DumpInspection();
    await onDisk(draft, async handle => {
      const writer = new Writer(draft, handle);
      for await (const chunk of dump.chunks) {
        room.take(chunk.length);
        asItsData(() => inspection.push(chunk));
        await writer.add(chunk);
        received(inspection.bytes, dump.bytes);
      }
      await writer.finish();
    });
    const facts = asItsData(() => inspection.end());
    if (!waitsForName)
      await atPath(target, 'written', async () => {
        await rename(draft, target);
        await syncFolder(folder);
      });
    return describe(source, file, facts, dump);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  } finally {
    dump.close();
  }
}

/** An older save of a primary is one that another replica waits for; when it is over, the next one is ours. */
const MOST_TRIES = 3;
const OVER_YET_MS = 250;
const CAUGHT_UP_YET_MS = 100;

/** Data that are as new as what was there at the first look. */
async function openCurrent(
  fleet: Fleet,
  source: BackupSource,
  settings: Omit<DumpSettings, 'version'>,
): Promise<Dump> {
  const { address, leastOffset } = source;
  const version = source.product === 'valkey' ? { version: source.serverVersion } : {};
  await awaitCaughtUp(fleet, source, settings.silenceLimitMs);
  for (let tries = 1; ; tries++) {
    const dump = await fleet.dump(address, { ...settings, ...version });
    if (dump.offset >= leastOffset) return dump;
    dump.close();
    if (tries === MOST_TRIES)
      throw new NotSavedError({ kind: 'saved-earlier', offset: dump.offset, leastOffset });
    await awaitEndOfSave(fleet, source, settings.beginLimitMs);
  }
}

/** Until a replica has all that its primary had when the cluster was first looked at. */
async function awaitCaughtUp(
  fleet: Fleet,
  { role, address, leastOffset }: BackupSource,
  limitMs: number,
): Promise<void> {
  if (role === 'primary') return;
  const bytesLeft = async () => leastOffset - (await fleet.send(address, replicationInfo())).offset;
  const bytes = await askAgain(bytesLeft, left => left > 0, CAUGHT_UP_YET_MS, limitMs, fleet.interruption);
  if (bytes > 0) throw new NotSavedError({ kind: 'lags', waitedMs: limitMs, bytes });
}

async function awaitEndOfSave(fleet: Fleet, { address }: BackupSource, limitMs: number): Promise<void> {
  const isSaving = async () => (await fleet.send(address, info())).vitals?.isForked === true;
  await askAgain(isSaving, saving => saving, OVER_YET_MS, limitMs, fleet.interruption);
}

/** While it may pass, or until the time is up: the last answer. */
async function askAgain<T>(
  ask: () => Promise<T>,
  mayPass: (answer: T) => boolean,
  everyMs: number,
  limitMs: number,
  signal: AbortSignal,
): Promise<T> {
  const deadline = performance.now() + limitMs;
  for (;;) {
    const answer = await ask();
    if (!mayPass(answer) || performance.now() > deadline) return answer;
    await sleep(everyMs, undefined, { signal }).catch(() => {});
  }
}

/** Nobody but the owner may read it, whatever the umask. */
async function onDisk(path: string, write: (handle: FileHandle) => Promise<void>): Promise<void> {
  const handle = await atPath(path, 'written', () => open(path, 'wx', OWNER_ONLY));
  try {
    await write(handle);
    await atPath(path, 'written', () => handle.sync());
  } finally {
    await handle.close();
  }
}

/** While one piece is written the next one arrives; further ahead it does not get, so that memory stays small. */
class Writer {
  readonly #path: string;
  readonly #handle: FileHandle;
  #pieces: Buffer[] = [];
  #bytes = 0;
  #writing: Promise<void> = Promise.resolve();

  constructor(path: string, handle: FileHandle) {
    this.#path = path;
    this.#handle = handle;
  }

  async add(chunk: Buffer): Promise<void> {
    this.#pieces.push(chunk);
    this.#bytes += chunk.length;
    if (this.#bytes >= WRITE_BYTES) await this.#write();
  }

  async finish(): Promise<void> {
    await this.#write();
    await this.#writing;
  }

  async #write(): Promise<void> {
    await this.#writing;
    const bytes = Buffer.concat(this.#pieces, this.#bytes);
    this.#pieces = [];
    this.#bytes = 0;
    this.#writing = atPath(this.#path, 'written', () => this.#handle.appendFile(bytes));
    // Whoever awaits it is told; nobody may ever get to it.
    this.#writing.catch(() => {});
  }
}

function asItsData<T>(look: () => T): T {
  try {
    return look();
  } catch (error) {
    if (!(error instanceof RdbFormatError)) throw error;
    throw new NotSavedError({ kind: 'no-whole-dump', message: error.message });
  }
}

function describe(
  source: BackupSource,
  file: string,
  { rdbVersion, bytes, sha256, contents }: DumpFacts,
  { replicationId, offset }: { readonly replicationId: string; readonly offset: number },
): SavedDump {
  const { id, address, role, primary, slots, product, serverVersion } = source;
  const readable = 'unreadable' in contents ? undefined : contents;
  return {
    file,
    node: id,
    address: formatAddress(address),
    role,
    primary,
    slots,
    product,
    serverVersion,
    rdbVersion,
    bytes,
    sha256,
    replicationId,
    offset,
    ...(readable && {
      keys: Object.fromEntries(readable.keysByDatabase),
      functionLibraries: readable.functionLibraries,
    }),
  };
}
