/** Which slot a key is in: CRC16 (XMODEM) of the key, or of what stands between the first braces, modulo 16384. */
import { SLOT_COUNT, type Slot, slot } from './slot-set.ts';

const POLYNOMIAL = 0x1021;
const TABLE = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 8;
  for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? (crc << 1) ^ POLYNOMIAL : crc << 1;
  return crc;
});

export function keySlot(key: Uint8Array): Slot {
  return slot(crc16(hashTag(key)) % SLOT_COUNT);
}

/** Keys with the same tag are in the same slot; `{}` is no tag. */
function hashTag(key: Uint8Array): Uint8Array {
  const open = key.indexOf(0x7b);
  const close = open === -1 ? -1 : key.indexOf(0x7d, open + 1);
  return close > open + 1 ? key.subarray(open + 1, close) : key;
}

function crc16(bytes: Uint8Array): number {
  let crc = 0;
  for (const byte of bytes) crc = ((crc << 8) & 0xffff) ^ (TABLE[(crc >> 8) ^ byte] ?? 0);
  return crc;
}
