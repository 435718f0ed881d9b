/** Reads the files of a backup, first to see that they are whole, and then to send what is in them. */
import type { SavedBackup } from '../../plan/files/backup-manifest.ts';
import type { RestoreEvent, RestoreTally } from '../../plan/transfer/restore.ts';
import { RdbFormatError } from '../../rdb/format-error.ts';
import { RdbWalker } from '../../rdb/walker.ts';
import type { Fleet } from '../../resp/fleet.ts';
import { keySlot } from '../../topology/key-slot.ts';
import type { SlotSet } from '../../topology/slot-set.ts';
import { asGenerator } from '../event-stream.ts';
import { BackupCensus } from './backup-census.ts';
import { type CheckedDump, checkDump, DamagedBackupError } from './check-dump.ts';
import { EntrySender, type SenderSettings, type SendSettings } from './entry-sender.ts';
import type { PackedKey } from './outcomes.ts';
import { piecesOf } from './read-backup.ts';

export interface CheckedBackup {
  readonly dumps: readonly CheckedDump[];
  readonly census: BackupCensus;
}

/** One after the other: it is the processor that is busy, and not the disk. */
export async function checkBackup(
  folder: string,
  { dumps }: SavedBackup,
  read: (bytes: number) => void,
): Promise<CheckedBackup> {
  const checked: CheckedDump[] = [];
  const census = new BackupCensus();
  for (const dump of dumps) checked.push(await checkDump(folder, dump, census, read));
  return { dumps: checked, census };
}

export interface RestoreSettings extends SendSettings {
  readonly folder: string;
  /** Only these, of which it is doubted that they are there. */
  readonly again?: SlotSet;
  /** Files that are read at the same time: one of them may fill only one node. */
  readonly parallel: number;
}

/** Adds to the tally as it goes, so that it is known how far it was wherever it ends. */
export function restoreBackup(
  fleet: Fleet,
  dumps: readonly CheckedDump[],
  settings: RestoreSettings,
  tally: RestoreTally,
): AsyncGenerator<RestoreEvent> {
  const of = dumps.reduce((sum, { bytes }) => sum + bytes, 0);
  let bytes = 0;
  return asGenerator<RestoreEvent>(async tell => {
    let isOver = false;
    const read = (more: number) => {
      bytes += more;
      tell({ kind: 'read', bytes, of, restored: tally.restored });
      return !isOver;
    };
    const goThrough = async (some: readonly CheckedDump[], only: Share, replace: boolean) => {
      const waiting = [...some];
      const others: CheckedDump[] = [];
      const work = async () => {
        for (let dump = waiting.shift(); dump && !isOver; dump = waiting.shift()) {
          const told = only === 'own' ? read : () => !isOver;
          const file = { ...settings, replace, only, tally, tell, read: told };
          const left = await restoreFile(fleet, dump, file).catch(error => {
            // The others end with the batch that they are at.
            isOver = true;
            throw error;
          });
          if (left > 0) others.push(dump);
        }
      };
      const ends = await Promise.allSettled(Array.from({ length: settings.parallel }, work));
      for (const end of ends) if (end.status === 'rejected') throw end.reason;
      return others;
    };
    const withStrays = await goThrough(dumps, 'own', settings.replace);
    // Whoever owns the slot may have the key, too, and a newer value of it: that one is in the cluster by now, and stays.
    await goThrough(withStrays, 'strays', false);
  });
}

/** Keys of slots that the shard owned, or of others, which are left from a move that was broken off. */
type Share = 'own' | 'strays';

interface FileSettings extends RestoreSettings, Pick<SenderSettings, 'tally' | 'tell'> {
  readonly only: Share;
  readonly read: (bytes: number) => boolean;
}

/** Returns how many keys were left out. */
async function restoreFile(
  fleet: Fleet,
  { file, rdbVersion, slots }: CheckedDump,
  { folder, only, read, again, ...settings }: FileSettings,
): Promise<number> {
  const sender = new EntrySender(fleet, { ...settings, rdbVersion, isAgain: again !== undefined });
  const ready: PackedKey[] = [];
  let left = 0;
  const walker = new RdbWalker({
    entry: entry => {
      const slot = keySlot(entry.key);
      if (again && !again.has(slot)) return;
      const share = !slots || slots.has(slot) ? 'own' : 'strays';
      if (share !== only) {
        left++;
        return;
      }
      const packed = sender.pack(entry);
      if (packed) ready.push(packed);
    },
  });
  try {
    for await (const piece of piecesOf(folder, file)) {
      walker.push(piece);
      for (const packed of ready.splice(0)) await sender.put(packed);
      if (!read(piece.length)) return left;
    }
    await sender.drain();
    return left;
  } catch (error) {
    // It was whole when it was checked.
    throw error instanceof RdbFormatError
      ? new DamagedBackupError(file, { kind: 'format', message: error.message })
      : error;
  } finally {
    sender.close();
  }
}
