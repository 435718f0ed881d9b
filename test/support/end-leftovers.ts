/**
 * Before all tests: names a folder for everything that this run leaves on disk. After all tests: ends the servers that
 * a crashed worker left behind. They are known by working in that folder, so nothing else can be hit.
 */
import { mkdtempSync, readdirSync, readlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { removeFolder } from './temp-folder.ts';

export function setup(): void {
  process.env['SLOTCTL_TEST_ROOT'] = mkdtempSync(join(tmpdir(), 'slotctl-tests-'));
}

export function teardown(): void {
  const root = process.env['SLOTCTL_TEST_ROOT'];
  if (!root) return;
  for (const pid of readdirSync('/proc').filter(name => /^\d+$/.test(name))) {
    if (workingFolder(pid)?.startsWith(`${root}/`)) endProcess(Number(pid));
  }
  removeFolder(root);
}

function endProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself in the meantime.
  }
}

export function workingFolder(pid: string): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return undefined;
  }
}
