/** The program that is measured, as people start it. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const PROJECT = fileURLToPath(new URL('..', import.meta.url));

export const SLOTCTL = fileURLToPath(new URL('../bin/slotctl.js', import.meta.url));

export function buildSlotctl(): void {
  execFileSync(process.execPath, ['scripts/build.mjs'], { cwd: PROJECT, stdio: ['ignore', 2, 2] });
}
