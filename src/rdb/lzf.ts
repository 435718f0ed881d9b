/** LZF, by which servers compress strings: runs of bytes as they are, and references to what came before. */
import { RdbFormatError } from './format-error.ts';

const LONGEST_RUN = 32;
const LONG_REFERENCE = 7;

export function decompress(packed: Uint8Array, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  let from = 0;
  let to = 0;
  const next = (): number => {
    const byte = packed[from++];
    if (byte === undefined) throw new RdbFormatError('a compressed string that is cut short');
    return byte;
  };
  while (from < packed.length) {
    const control = next();
    if (control < LONGEST_RUN) {
      const run = packed.subarray(from, from + control + 1);
      if (to + run.length > length) throw new RdbFormatError('a compressed string longer than announced');
      bytes.set(run, to);
      from += control + 1;
      to += run.length;
      continue;
    }
    const short = control >> 5;
    const count = (short === LONG_REFERENCE ? short + next() : short) + 2;
    const back = to - (((control & 0x1f) << 8) | next()) - 1;
    if (back < 0 || to + count > length)
      throw new RdbFormatError('a compressed string that refers to nothing');
    // Byte by byte: what is copied may overlap what it is copied to.
    for (let i = 0; i < count; i++) bytes[to++] = bytes[back + i] as number;
  }
  if (to !== length) throw new RdbFormatError('a compressed string shorter than announced');
  return bytes;
}
