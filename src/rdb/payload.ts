/** A value of an RDB file as RESTORE takes it: its type, its bytes, the version of the file, and a checksum of all that. */
import { Crc64 } from './crc64.ts';

const CHECKSUM_BYTES = 8;

/** In one piece, and copied only once: a value may be hundreds of megabytes. */
export function restorePayload(type: number, value: readonly Buffer[], version: number): Buffer {
  const ending = Buffer.alloc(2 + CHECKSUM_BYTES);
  ending.writeUInt16LE(version);
  const payload = Buffer.concat([Buffer.of(type), ...value, ending]);
  const body = payload.subarray(0, -CHECKSUM_BYTES);
  new Crc64().update(body).digest().copy(payload, body.length);
  return payload;
}
