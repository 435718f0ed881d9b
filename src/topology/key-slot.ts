/** Which slot a key is in: CRC16 (XMODEM) of the key, or of what stands between the first braces, modulo 16384. */
import { SLOT_COUNT, type Slot, slot } from './slot-set.ts';

const OPEN = 0x7b;
const CLOSE = 0x7d;
const POLYNOMIAL = 0x1021;
const TABLE = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 8;
  for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? (crc << 1) ^ POLYNOMIAL : crc << 1;
  return crc;
});

/** Of hundreds of thousands of short keys: a plain loop, since each call into the engine costs more than it. */
export function keySlot(key: Uint8Array): Slot {
  const { length } = key;
  let first = 0;
  while (first < length && key[first] !== OPEN) first++;
  let last = ++first;
  while (last < length && key[last] !== CLOSE) last++;
  // Keys with the same tag are in the same slot; `{}` is no tag.
  const hasTag = last < length && last > first;
  return slot(crc16(key, hasTag ? first : 0, hasTag ? last : length) % SLOT_COUNT);
}

function crc16(bytes: Uint8Array, from: number, to: number): number {
  let crc = 0;
  for (let at = from; at < to; at++)
    crc = ((crc << 8) & 0xffff) ^ (TABLE[(crc >> 8) ^ (bytes[at] ?? 0)] ?? 0);
  return crc;
}
