/** Numbers as C reads them (strtod): what people's scripts give to redis-cli. */

const DECIMAL = /^\s*\+?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;
const HEXADECIMAL = /^\s*\+?0x(?=\.?[\da-f])([\da-f]*)\.?([\da-f]*)(?:p([+-]?\d+))?$/i;

const BITS_OF_A_DIGIT = 4;

/** Finite and not negative, and nothing behind it; undefined where it is not such a number. */
export function readNumber(text: string): number | undefined {
  const value = DECIMAL.test(text) ? Number(text) : readHexadecimal(text);
  // What is infinite as a float is so at redis-cli.
  return value !== undefined && Number.isFinite(Math.fround(value)) ? value : undefined;
}

function readHexadecimal(text: string): number | undefined {
  const parts = HEXADECIMAL.exec(text);
  if (!parts) return undefined;
  const [, whole = '', fraction = '', power = '0'] = parts;
  return (
    Number.parseInt(`${whole}${fraction}`, 16) * 2 ** (Number(power) - BITS_OF_A_DIGIT * fraction.length)
  );
}
