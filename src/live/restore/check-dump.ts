/** Reads a file of a backup through before anything is written: whether it is whole, and the one that was saved. */
import type { ExpectedDump } from '../../plan/files/backup-manifest.ts';
import type { DumpDamage } from '../../plan/transfer/restore.ts';
import { RdbFormatError } from '../../rdb/format-error.ts';
import type { RdbEntry } from '../../rdb/listener.ts';
import type { SlotSet } from '../../topology/slot-set.ts';
import { DumpInspection } from '../backup/inspect-dump.ts';
import type { BackupCensus } from './backup-census.ts';
import { piecesOf } from './read-backup.ts';

/** Says which file is not what it should be, and why. */
export class DamagedBackupError extends Error {
  readonly file: string;
  readonly damage: DumpDamage;

  constructor(file: string, damage: DumpDamage) {
    super(damage.kind);
    this.file = file;
    this.damage = damage;
  }
}

export interface CheckedDump {
  readonly file: string;
  readonly rdbVersion: number;
  readonly bytes: number;
  readonly keys: number;
  /** The highest that has keys. */
  readonly lastDatabase: number;
  /** Of each type one value, by which it can be tried whether a server takes it. */
  readonly samples: readonly RdbEntry[];
  readonly libraries: readonly Buffer[];
  /** What its shard owned, where that is known. */
  readonly slots?: SlotSet;
}

/** Larger ones are no samples: they are sent to every node. */
const MOST_SAMPLE_BYTES = 64 * 1024;

/** Notes in the census what is in the file. */
export async function checkDump(
  folder: string,
  expected: ExpectedDump,
  census: BackupCensus,
  read: (bytes: number) => void,
): Promise<CheckedDump> {
  const { file } = expected;
  const samples = new Map<number, RdbEntry>();
  const libraries: Buffer[] = [];
  const inspection = new DumpInspection({
    wants: type => !samples.has(type),
    mostValueBytes: MOST_SAMPLE_BYTES,
    entry: entry => samples.set(entry.type, ownCopy(entry)),
    key: entry => census.note(entry),
    functionLibrary: code => {
      libraries.push(Buffer.from(code));
    },
  });
  for await (const piece of piecesOf(folder, file)) {
    asFileOf(file, () => inspection.push(piece));
    read(piece.length);
  }
  const { rdbVersion, bytes, sha256, contents } = asFileOf(file, () => inspection.end());
  if (expected.bytes !== undefined && bytes !== expected.bytes)
    throw new DamagedBackupError(file, { kind: 'size', bytes, saved: expected.bytes });
  if (expected.sha256 !== undefined && sha256 !== expected.sha256)
    throw new DamagedBackupError(file, { kind: 'sha256' });
  if ('unreadable' in contents)
    throw new DamagedBackupError(file, { kind: 'unreadable', message: contents.unreadable });
  const keys = [...contents.keysByDatabase.values()].reduce((sum, n) => sum + n, 0);
  if (expected.keys !== undefined && keys !== expected.keys)
    throw new DamagedBackupError(file, { kind: 'keys', keys, saved: expected.keys });
  census.endFile(contents.usedMemoryBytes);
  const lastDatabase = [...contents.keysByDatabase.keys()].reduce((a, b) => Math.max(a, b), 0);
  return {
    file,
    rdbVersion,
    bytes,
    keys,
    lastDatabase,
    samples: [...samples.values()],
    libraries,
    ...(expected.slots && { slots: expected.slots }),
  };
}

function asFileOf<T>(file: string, look: () => T): T {
  try {
    return look();
  } catch (error) {
    if (!(error instanceof RdbFormatError)) throw error;
    throw new DamagedBackupError(file, { kind: 'format', message: error.message });
  }
}

/** Of the piece of the file that it was found in nothing need be held. */
function ownCopy(entry: RdbEntry): RdbEntry {
  return { ...entry, key: Buffer.from(entry.key), value: [Buffer.concat(entry.value)] };
}
