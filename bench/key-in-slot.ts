/** A key for every slot. Slots are the CRC16 (XMODEM) of keys, so keys are found by trying. */
import { SLOT_COUNT } from '../src/topology/slot-set.ts';

export function keysBySlot(): string[] {
  const keys: string[] = [];
  for (let i = 0, found = 0; found < SLOT_COUNT; i++) {
    const key = `key${i}`;
    const slot = crc16(key) % SLOT_COUNT;
    if (keys[slot] !== undefined) continue;
    keys[slot] = key;
    found++;
  }
  return keys;
}

function crc16(text: string): number {
  let crc = 0;
  for (const byte of Buffer.from(text)) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1) & 0xffff;
  }
  return crc;
}
