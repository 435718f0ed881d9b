/** Numbers among the words of a command line: each reader complains in the words of commander. */
import { InvalidArgumentError } from 'commander';

const MAX_TIMEOUT_SECONDS = 24 * 60 * 60;

/** For option values that are counts of something. */
export function wholeNumber(text: string): number {
  const value = /^\+?\d{1,15}$/.test(text) ? Number(text) : -1;
  if (value < 0) throw new InvalidArgumentError('It must be a whole number.');
  return value;
}

/** Zero keys or zero milliseconds have cost people their data elsewhere. */
export function positive(text: string): number {
  const value = /^\+?\d{1,9}$/.test(text) ? Number(text) : 0;
  if (value < 1) throw new InvalidArgumentError('It must be a whole number above 0.');
  return value;
}

export function seconds(text: string): number {
  const value = readNumber(text) ?? 0;
  if (value <= 0 || value > MAX_TIMEOUT_SECONDS)
    throw new InvalidArgumentError('It must be a number of seconds above 0, and at most a day.');
  return value;
}

const DECIMAL = /^\s*\+?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;
const HEXADECIMAL = /^\s*\+?0x(?=\.?[\da-f])([\da-f]*)\.?([\da-f]*)(?:p([+-]?\d+))?$/i;

const BITS_OF_A_DIGIT = 4;

/**
 * As C reads it (strtod), which is what people's scripts give to redis-cli: finite and not negative, and nothing behind it;
 * undefined where it is not such a number.
 */
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
