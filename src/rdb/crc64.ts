/**
 * The checksum of RDB files and of what DUMP gives: CRC-64 with Jones' polynomial, reflected, beginning at zero. BigInt
 * would be a hundred times slower than the disk, so a number is two halves of 32 bits, and eight bytes are taken at a time,
 * each with a table of its own.
 */

const POLYNOMIAL_LOW = 0xac4bc9b5;
const POLYNOMIAL_HIGH = 0x95ac9329;
const STRIDE = 8;

const LOW = new Int32Array(256 * STRIDE);
const HIGH = new Int32Array(256 * STRIDE);

/** Table n says what a byte comes to when n bytes follow it. */
function fillTables(): void {
  for (let byte = 0; byte < 256; byte++) {
    let low = byte;
    let high = 0;
    for (let bit = 0; bit < 8; bit++) {
      const carry = low & 1;
      low = (low >>> 1) | (high << 31);
      high >>>= 1;
      if (carry) {
        low ^= POLYNOMIAL_LOW;
        high ^= POLYNOMIAL_HIGH;
      }
    }
    LOW[byte] = low;
    HIGH[byte] = high;
  }
  for (let at = 256; at < 256 * STRIDE; at++) {
    const low = LOW[at - 256] as number;
    const high = HIGH[at - 256] as number;
    const byte = low & 0xff;
    LOW[at] = ((low >>> 8) | (high << 24)) ^ (LOW[byte] as number);
    HIGH[at] = (high >>> 8) ^ (HIGH[byte] as number);
  }
}

fillTables();

/** One half of what eight bytes come to, of which four are in each of the two numbers. */
function after(table: Int32Array, low: number, high: number): number {
  return (
    (table[0x700 | (low & 0xff)] as number) ^
    (table[0x600 | ((low >>> 8) & 0xff)] as number) ^
    (table[0x500 | ((low >>> 16) & 0xff)] as number) ^
    (table[0x400 | (low >>> 24)] as number) ^
    (table[0x300 | (high & 0xff)] as number) ^
    (table[0x200 | ((high >>> 8) & 0xff)] as number) ^
    (table[0x100 | ((high >>> 16) & 0xff)] as number) ^
    (table[high >>> 24] as number)
  );
}

export class Crc64 {
  #low = 0;
  #high = 0;

  update(bytes: Uint8Array): this {
    let low = this.#low;
    let high = this.#high;
    const { length } = bytes;
    const words = new DataView(bytes.buffer, bytes.byteOffset, length);
    const whole = length - (length % STRIDE);
    let at = 0;
    for (; at < whole; at += STRIDE) {
      low ^= words.getInt32(at, true);
      high ^= words.getInt32(at + 4, true);
      const nextLow = after(LOW, low, high);
      high = after(HIGH, low, high);
      low = nextLow;
    }
    for (; at < length; at++) {
      const byte = (low ^ (bytes[at] as number)) & 0xff;
      low = ((low >>> 8) | (high << 24)) ^ (LOW[byte] as number);
      high = (high >>> 8) ^ (HIGH[byte] as number);
    }
    this.#low = low;
    this.#high = high;
    return this;
  }

  /** As files and payloads end: eight bytes, the lowest first. */
  digest(): Buffer {
    const bytes = Buffer.alloc(8);
    this.write(bytes, 0);
    return bytes;
  }

  write(into: Buffer, at: number): void {
    into.writeInt32LE(this.#low, at);
    into.writeInt32LE(this.#high, at + 4);
  }
}
