import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../fixtures/replies/', import.meta.url));

/** Servers of which replies were captured. */
export const capturedServers = readdirSync(ROOT).filter(name => name !== 'by-hand');

export function reply(name: string): Buffer {
  return readFileSync(`${ROOT}${name}.txt`);
}
