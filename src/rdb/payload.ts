/** A value of an RDB file as RESTORE takes it: its type, its bytes, the version of the file, and a checksum of all that. */
import { Crc64 } from './crc64.ts';

const VERSION_BYTES = 2;
const CHECKSUM_BYTES = 8;

/** In one piece, and copied only once: a value may be hundreds of megabytes, and there may be millions of them. */
export function restorePayload(type: number, value: readonly Buffer[], version: number): Buffer {
  let size = 1;
  for (const piece of value) size += piece.length;
  const payload = Buffer.allocUnsafe(size + VERSION_BYTES + CHECKSUM_BYTES);
  payload[0] = type;
  let at = 1;
  for (const piece of value) at += piece.copy(payload, at);
  payload.writeUInt16LE(version, at);
  at += VERSION_BYTES;
  new Crc64().update(payload.subarray(0, at)).write(payload, at);
  return payload;
}
