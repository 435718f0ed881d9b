/**
 * Values of keys as servers save them (DUMP), and when two of them are the same: what both would save is the same in most cases,
 * whatever their versions, but for the ten bytes at its end. Those that differ here may still be the same (same-value.ts).
 */

import { dump, type Key, timeToLive } from '../../resp/commands/slots.ts';
import type { Lane } from '../../resp/fleet.ts';

/** The version of the format, and a checksum. */
const FOOTER_BYTES = 10;
/** The clocks of two servers, and the time that a value was on its way. */
const TTL_MAY_DIFFER_MS = 5000;

export interface Saved {
  readonly payload: Buffer | undefined;
  /** Absent: the key stays. */
  readonly ttlMs: number | undefined;
}

export async function readAll(keys: readonly Key[], line: Pick<Lane, 'sendAll'>): Promise<Saved[]> {
  const [payloads, ttls] = await Promise.all([
    line.sendAll(keys.map(dump)),
    line.sendAll(keys.map(timeToLive)),
  ]);
  return keys.map((_, i) => ({ payload: payloads[i], ttlMs: ttls[i] }));
}

export function sameBody(a: Buffer, b: Buffer): boolean {
  return body(a).equals(body(b));
}

function body(payload: Buffer): Buffer {
  return payload.subarray(0, Math.max(0, payload.length - FOOTER_BYTES));
}

export function sameTtl(a: number | undefined, b: number | undefined): boolean {
  return a === undefined || b === undefined ? a === b : Math.abs(a - b) <= TTL_MAY_DIFFER_MS;
}
