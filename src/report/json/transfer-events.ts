/** Backup, restore and rescue file as streams for programs; the teller puts the version to each. */
import type { BackupEvent } from '../../plan/transfer/backup.ts';
import type { RestoreEvent } from '../../plan/transfer/restore.ts';
import { formatAddress } from '../../topology/node.ts';
import { describeBackupProblem } from '../text/backup.ts';
import { type RestorePreview, shownKey } from '../text/restore.ts';
import type { Id, Slots } from './document.ts';

/** What comes between results, and the last line. */
type Aside =
  | { readonly event: 'note' | 'problem'; readonly text: string }
  | { readonly event: 'end'; readonly command: string; readonly code: number; readonly text: string };

type BackupContent = { readonly node: Id; readonly address: string } & (
  | { readonly event: 'saving'; readonly role: 'primary' | 'replica'; readonly slots: Slots }
  | { readonly event: 'received'; readonly bytes: number; readonly of?: number | undefined }
  | {
      readonly event: 'saved';
      readonly file: string;
      readonly bytes: number;
      readonly sha256: string;
      /** By database. */
      readonly keys?: Readonly<Record<string, number>> | undefined;
    }
  | { readonly event: 'failed'; readonly problem: string }
);

export type BackupEventLine = { readonly version: 1 } & (BackupContent | Aside);

type RestoreContent =
  | {
      readonly event: 'plan';
      readonly command: 'restore';
      readonly folder: string;
      /** When the backup was made. */
      readonly time?: string | undefined;
      readonly files: number;
      readonly bytes: number;
      readonly keys: number;
      readonly libraries: number;
      readonly libraryNames: readonly string[];
      readonly cluster: string;
      readonly primaries: number;
      /** Keys that are there already. */
      readonly keysThere: number;
      readonly replace: boolean;
    }
  | { readonly event: 'read'; readonly bytes: number; readonly of: number; readonly restored: number }
  | { readonly event: 'exists'; readonly key: string; readonly database: number }
  | { readonly event: 'refused'; readonly key: string; readonly database: number; readonly problem: string }
  | {
      readonly event: 'library';
      readonly node: string;
      readonly name: string;
      readonly outcome: 'loaded' | 'there already' | 'another is there';
    };

export type RestoreEventLine = { readonly version: 1 } & (RestoreContent | Aside);

type RescueContent =
  | {
      readonly event: 'value';
      readonly key: string;
      readonly bytes: number;
      readonly database: number;
      readonly type: string;
      readonly ttlMs?: number | undefined;
      /** Where it was. */
      readonly node: string;
      readonly slot: number;
      /** When it gave way to another. */
      readonly time: string;
    }
  | {
      readonly event: 'restore';
      readonly key: string;
      readonly outcome: 'restored' | 'exists' | { readonly failure: string };
    };

export type RescueEventLine = { readonly version: 1 } & (RescueContent | Aside);

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
      return { event: event.kind, node: event.node, name: event.name, outcome: event.outcome };
  }
}
