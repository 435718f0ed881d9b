/**
 * Values of keys as servers save them (DUMP), and when two of them are the same: what both would save is the same in most cases,
 * whatever their versions, but for the ten bytes at its end. Those that differ here may still be the same (same-value.ts).
 */

import type { SavedValue } from '../../resp/commands/fix.ts';
import { dump, type Key, timeToLive } from '../../resp/commands/slots.ts';
import { ServerRefusalError } from '../../resp/errors.ts';
import type { Line } from './asking-first.ts';

/** The version of the format, and a checksum. */
const FOOTER_BYTES = 10;
/** The clocks of two servers, and the time that a value was on its way. */
const TTL_MAY_DIFFER_MS = 5000;

/**
 * Undefined for a key that is not there, or whose server says so by a refusal (`isGone`). Any other refusal ends it all.
 */
export async function readAll(
  keys: readonly Key[],
  line: Pick<Line, 'sendEach'>,
  isGone: (refusal: ServerRefusalError) => boolean = () => false,
): Promise<(SavedValue | undefined)[]> {
  const [payloads, ttls] = await Promise.all([
    line.sendEach(keys.map(dump)),
    line.sendEach(keys.map(timeToLive)),
  ]);
  const told = <T>(answer: T | ServerRefusalError): T | undefined => {
    if (!(answer instanceof ServerRefusalError)) return answer;
    if (!isGone(answer)) throw answer;
    return undefined;
  };
  return keys.map((_, i) => {
    const [payload, ttlMs] = [told(payloads[i]), told(ttls[i])];
    return payload && { payload, ...(ttlMs !== undefined && { ttlMs }) };
  });
}

export function sameBody(a: Buffer, b: Buffer): boolean {
  return body(a).equals(body(b));
}

function body(payload: Buffer): Buffer {
  return payload.subarray(0, Math.max(0, payload.length - FOOTER_BYTES));
}

/** Of keys, and of fields of hashes; absolute or from now on, but both alike. Undefined: it stays. */
export function sameTtl(a: number | undefined, b: number | undefined): boolean {
  return a === undefined || b === undefined ? a === b : Math.abs(a - b) <= TTL_MAY_DIFFER_MS;
}
