/** A restore: what is about to be done, how it goes, and what came of it. */
import type { DumpDamage, RestoreEvent } from '../../plan/transfer/restore.ts';
import type { Paint } from '../paint.ts';
import type { Complaint } from './complaint.ts';
import { bytes, count } from './names.ts';
import { sentences } from './sentences.ts';

export interface RestorePreview {
  readonly folder: string;
  readonly time?: string;
  readonly files: number;
  readonly bytes: number;
  readonly keys: number;
  readonly libraries: number;
  /** Their code is run by the cluster. */
  readonly libraryNames: readonly string[];
  readonly cluster: string;
  readonly primaries: number;
  /** Already there. */
  readonly keysThere: number;
  readonly replace: boolean;
}

export function renderRestorePreview(preview: RestorePreview, paint: Paint): string {
  const { folder, time, files, keys, libraries, cluster, primaries, keysThere, replace } = preview;
  const made = time === undefined ? '' : ` of ${time}`;
  const named = preview.libraryNames.slice(0, MOST_LIBRARIES).join(', ');
  const more = libraries > MOST_LIBRARIES ? ', …' : '';
  const functions =
    libraries > 0 ? `, ${count(libraries, 'function library', 'function libraries')} (${named}${more})` : '';
  const there =
    keysThere === 0
      ? 'It holds no keys.'
      : `It holds ${count(keysThere, 'key')} already. Where a key is in both, ${replace ? 'the value of today is overwritten' : 'it stays as it is (--replace overwrites it)'}.`;
  const lines = [
    paint.heading(`>>> Restoring ${folder}${made}`),
    `${count(keys, 'key')}${functions} in ${count(files, 'file')}, ${bytes(preview.bytes)}; every file is whole.`,
    `To the cluster of ${cluster}, with ${count(primaries, 'primary', 'primaries')}. ${there}`,
  ];
  return `${lines.join('\n')}\n`;
}

const MOST_LIBRARIES = 20;

/** In quotation marks, with everything escaped that is not a plain character. */
export function shownKey(key: Uint8Array): string {
  const text = Array.from(key.subarray(0, LONGEST_KEY), byte => String.fromCharCode(byte)).join('');
  const escaped = JSON.stringify(text).replace(
    /[^\x20-\x7e]/g,
    c => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return key.length > LONGEST_KEY ? `${escaped}…` : escaped;
}

const LONGEST_KEY = 500;

/** What is wrong with it; undefined where nothing is. */
export function restoreProblem(event: RestoreEvent): Complaint | undefined {
  switch (event.kind) {
    case 'exists':
      return {
        severity: 'warning',
        text: `${shownKey(event.key)} exists with another value, and is left as it is (--replace overwrites it).`,
      };
    case 'refused':
      return { severity: 'error', text: `${shownKey(event.key)} was not taken: ${event.problem}.` };
    case 'library':
      return event.outcome === 'differs'
        ? {
            severity: 'warning',
            text: `${event.node} has another function library '${event.name}', which stays (--replace).`,
          }
        : undefined;
    case 'read':
      return undefined;
  }
}

/** Which file is not what it should be, and why. */
export function damageText(file: string, damage: DumpDamage): string {
  return `${file}: ${damageReason(damage)}`;
}

const damageReason = sentences<DumpDamage>({
  format: ({ message }) => message,
  unreadable: ({ message }) => `this version of slotctl cannot read it: ${message}`,
  size: damage => `it has ${damage.bytes} bytes, and ${damage.saved} were saved`,
  keys: ({ keys, saved }) => `it has ${keys} keys, and ${saved} were saved`,
  sha256: () => 'it is not the file that was saved: its sha256 is another one',
});

export function readingText(
  { bytes: read, of, restored }: Extract<RestoreEvent, { kind: 'read' }>,
  seconds: number,
): string {
  const rate = read / Math.max(0.001, seconds);
  const left = rate > 0 ? Math.ceil((of - read) / rate) : 0;
  return `${count(restored, 'key')}, ${bytes(read)} of ${bytes(of)}, ${bytes(Math.round(rate))} per second, ${left} s left`;
}
