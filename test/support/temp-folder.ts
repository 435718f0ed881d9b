import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A run's folders lie below one that its main process names, so that it can find what a crashed worker left. */
const ROOT = process.env['SLOTCTL_TEST_ROOT'] ?? tmpdir();

export function tempFolder(name: string): string {
  return mkdtempSync(join(ROOT, `slotctl-${name}-`));
}

export function removeFolder(path: string): void {
  rmSync(path, { recursive: true, force: true });
}
