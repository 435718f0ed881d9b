/** Backup, restore and rescue file as streams for programs; the teller puts the version to each. */
import type { BackupEvent } from '../../plan/transfer/backup.ts';
import type { RestoreEvent } from '../../plan/transfer/restore.ts';
import { formatAddress } from '../../topology/node.ts';
import { describeBackupProblem } from '../text/backup.ts';
import { type RestorePreview, shownKey } from '../text/restore.ts';
import type { Id, Slots } from './document.ts';

/** What comes between results, and the last line. */
type Aside =
  | { event: 'note' | 'problem'; text: string }
  | { event: 'end'; command: string; code: number; text: string };

type BackupContent = { node: Id; address: string } & (
  | { event: 'saving'; role: 'primary' | 'replica'; slots: Slots }
  | { event: 'received'; bytes: number; of?: number | undefined }
  | {
      event: 'saved';
      file: string;
      bytes: number;
      sha256: string;
      /** By database. */
      keys?: Readonly<Record<string, number>> | undefined;
    }
  | { event: 'failed'; problem: string }
);

export type BackupEventLine = { version: 1 } & (BackupContent | Aside);

type RestoreContent =
  | {
      event: 'plan';
      command: 'restore';
      folder: string;
      /** When the backup was made. */
      time?: string | undefined;
      files: number;
      bytes: number;
      keys: number;
      libraries: number;
      libraryNames: readonly string[];
      cluster: string;
      primaries: number;
      /** Keys that are there already. */
      keysThere: number;
      replace: boolean;
    }
  | { event: 'read'; bytes: number; of: number; restored: number }
  | { event: 'exists'; key: string; database: number }
  | { event: 'refused'; key: string; database: number; problem: string }
  | {
      event: 'library';
      node: string;
      name: string;
      outcome: 'loaded' | 'there already' | 'another is there';
    };

export type RestoreEventLine = { version: 1 } & (RestoreContent | Aside);

type RescueContent =
  | {
      event: 'value';
      key: string;
      bytes: number;
      database: number;
      type: string;
      ttlMs?: number;
      /** Where it was. */
      node: string;
      slot: number;
      /** When it gave way to another. */
      time: string;
    }
  | { event: 'restore'; key: string; outcome: 'restored' | 'exists' | { failure: string } };

export type RescueEventLine = { version: 1 } & (RescueContent | Aside);

export function backupEventObject(event: BackupEvent): BackupContent {
  const { id, address, role, slots } = event.source;
  const node = { node: id, address: formatAddress(address) };
  switch (event.kind) {
    case 'saving':
      return { event: event.kind, ...node, role, slots: slots.toJSON() };
    case 'received':
      return { event: event.kind, ...node, bytes: event.bytes, of: event.of };
    case 'saved': {
      const { file, bytes, sha256, keys } = event.saved;
      return { event: event.kind, ...node, file, bytes, sha256, keys };
    }
    case 'failed':
      return { event: event.kind, ...node, problem: describeBackupProblem(event.problem) };
  }
}

export function restorePlanObject(preview: RestorePreview): RestoreContent {
  const { folder, time, files, bytes, keys, libraries, libraryNames } = preview;
  const { cluster, primaries, keysThere, replace } = preview;
  const there = { cluster, primaries, keysThere, replace };
  return {
    event: 'plan',
    command: 'restore',
    folder,
    time,
    files,
    bytes,
    keys,
    libraries,
    libraryNames,
    ...there,
  };
}

const LIBRARY_WORDS = { loaded: 'loaded', there: 'there already', differs: 'another is there' } as const;

export function restoreEventObject(event: RestoreEvent): RestoreContent {
  switch (event.kind) {
    case 'read':
      return { event: event.kind, bytes: event.bytes, of: event.of, restored: event.restored };
    case 'exists':
      return { event: event.kind, key: shownKey(event.key), database: event.database };
    case 'refused': {
      const { kind, key, database, problem } = event;
      return { event: kind, key: shownKey(key), database, problem };
    }
    case 'library':
      return { event: event.kind, node: event.node, name: event.name, outcome: LIBRARY_WORDS[event.outcome] };
  }
}
