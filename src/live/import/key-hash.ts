/** Keys by their bytes. A name as a string would cost more than all else that is done with a key. */
import { randomInt } from 'node:crypto';
import type { Key } from '../../resp/commands/slots.ts';

/** Another one in each process, so that nobody can name keys of which all have one hash. */
const SEED = randomInt(2 ** 31);

/** 32 bits: FNV-1a, and then mixed so that the lowest bits depend on all (the end of MurmurHash3). */
export function hashOf(key: Key): number {
  let value = SEED;
  for (let at = 0; at < key.length; at++) value = Math.imul(value ^ (key[at] ?? 0), 0x01000193);
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return value ^ (value >>> 16);
}
