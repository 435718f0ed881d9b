/** RDB files written byte by byte, for what no server writes. */
import { Crc64 } from '../../src/rdb/crc64.ts';

/** A length as the format has it; from 2^32 on in eight bytes. */
export function length(n: number): Buffer {
  if (n < 0x40) return Buffer.from([n]);
  if (n < 0x4000) return Buffer.from([0x40 | (n >> 8), n & 0xff]);
  const long = Buffer.alloc(n < 2 ** 32 ? 5 : 9);
  long[0] = n < 2 ** 32 ? 0x80 : 0x81;
  if (n < 2 ** 32) long.writeUInt32BE(n, 1);
  else long.writeBigUInt64BE(BigInt(n), 1);
  return long;
}

export function text(bytes: string | Buffer): Buffer {
  const content = Buffer.from(bytes);
  return Buffer.concat([length(content.length), content]);
}

/** LZF: what it unpacks to is what it says, or not. */
export function packed(bytes: Buffer, unpacked: number): Buffer {
  return Buffer.concat([Buffer.from([0xc3]), length(bytes.length), length(unpacked), bytes]);
}

/** A run of one letter in the fewest bytes: three for each 264. */
export function packedRun(letter: string, runs: number): Buffer {
  const reference = Buffer.from([0xe0, 0xff, 0x00]);
  const bytes = Buffer.concat([Buffer.from([0x00]), Buffer.from(letter), ...Array(runs).fill(reference)]);
  return packed(bytes, 1 + 264 * runs);
}

export function key(name: string, value: string | Buffer): Buffer {
  return Buffer.concat([Buffer.from([0]), text(name), Buffer.isBuffer(value) ? value : text(value)]);
}

export function inDatabase(database: number): Buffer {
  return Buffer.concat([Buffer.from([254]), length(database)]);
}

export function library(code: Buffer): Buffer {
  return Buffer.concat([Buffer.from([245]), code]);
}

export function slotSize(slot: number): Buffer {
  return Buffer.concat([Buffer.from([244]), length(slot), length(1), length(0)]);
}

export function slotImport(...ranges: readonly (readonly [first: number, last: number])[]): Buffer {
  const words = ranges.flatMap(([first, last]) => [length(first), length(last)]);
  return Buffer.concat([Buffer.from([243]), text('j'.repeat(40)), length(ranges.length), ...words]);
}

/** With its header, end and checksum. */
export function rdbFile(parts: readonly Buffer[], header = 'REDIS0011'): Buffer {
  const bytes = Buffer.concat([Buffer.from(header), ...parts, Buffer.from([255])]);
  return Buffer.concat([bytes, new Crc64().update(bytes).digest()]);
}
