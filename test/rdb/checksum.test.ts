/** The checksum, and strings that were compressed, against what is known of them. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Crc64 } from '../../src/rdb/crc64.ts';
import { RdbFormatError } from '../../src/rdb/format-error.ts';
import { decompress } from '../../src/rdb/lzf.ts';

/** One bit at a time, as it is defined. */
function crcByDefinition(bytes: Uint8Array): string {
  let crc = 0n;
  for (const byte of bytes) {
    crc ^= BigInt(byte);
    for (let bit = 0; bit < 8; bit++) crc = crc & 1n ? (crc >> 1n) ^ 0x95ac9329ac4bc9b5n : crc >> 1n;
  }
  return crc.toString(16).padStart(16, '0');
}

const shown = (crc: Crc64) => crc.digest().reverse().toString('hex');

describe('the checksum', () => {
  test('is that of Redis', () => {
    expect(shown(new Crc64().update(Buffer.from('123456789')))).toBe('e9c6d914c4b8d9ca');
  });

  test('is what the definition says, however the bytes are cut', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 6 }), pieces => {
        const crc = new Crc64();
        for (const piece of pieces) crc.update(piece);
        expect(shown(crc)).toBe(crcByDefinition(Buffer.concat(pieces)));
      }),
    );
  });
});

describe('what is compressed', () => {
  test('repeats what came before, also what it is just writing', () => {
    expect(decompress(Buffer.from([1, 0x61, 0x62, 0x20 + (2 << 5), 1]), 7).toString()).toBe('abababa');
    expect(decompress(Buffer.from([0, 0x78, 0xe0, 10, 0]), 20).toString()).toBe('x'.repeat(20));
  });

  test('of any bytes is a string of that length, or refused', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.nat({ max: 300 }), (bytes, length) => {
        try {
          expect(decompress(bytes, length)).toHaveLength(length);
        } catch (error) {
          expect(error).toBeInstanceOf(RdbFormatError);
        }
      }),
    );
  });
});
