/**
 * Whole shares of a total, in proportion to weights. Quotas are exact fractions: weights are taken as they are written,
 * so that 0.1 is a tenth, which it is not in binary, and nothing is ever rounded but the shares themselves.
 */

export interface Quota {
  /** The quota rounded down … */
  readonly whole: number;
  /** … and what that cuts off, in parts that are of the same size for all. */
  readonly rest: bigint;
}

export function quotasOf(total: number, weights: readonly number[]): Quota[] {
  if (!Number.isSafeInteger(total) || total < 0) throw new RangeError(`${total} cannot be shared out`);
  const parts = inWholeNumbers(weights);
  const sum = parts.reduce((all, part) => all + part, 0n);
  if (total === 0) return weights.map(() => ({ whole: 0, rest: 0n }));
  if (sum === 0n) throw new RangeError('where all weights are zero, there is nobody to share with');
  return parts.map(part => {
    const due = part * BigInt(total);
    return { whole: Number(due / sum), rest: due % sum };
  });
}

/** How many are left when everybody has the whole part of their quota: fewer than there are quotas with a rest. */
export function leftOver(total: number, quotas: readonly Quota[]): number {
  return quotas.reduce((left, { whole }) => left - whole, total);
}

/**
 * By largest remainder: everybody gets the whole part of the quota, and those with the largest rests one more until
 * nothing is left. Of equal rests the first wins; a share of zero gets nothing.
 */
export function apportion(total: number, shares: readonly number[]): number[] {
  const quotas = quotasOf(total, shares);
  const order = [...quotas.keys()].sort((a, b) => compare(quotas[b]?.rest, quotas[a]?.rest) || a - b);
  const roundedUp = new Set(order.slice(0, leftOver(total, quotas)));
  return quotas.map(({ whole }, i) => (roundedUp.has(i) ? whole + 1 : whole));
}

function compare(a = 0n, b = 0n): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The same proportions: 0.5 and 1.25 become 50 and 125. */
function inWholeNumbers(weights: readonly number[]): bigint[] {
  const decimals = weights.map(readDecimal);
  const lowest = Math.min(0, ...decimals.map(({ exponent }) => exponent));
  return decimals.map(({ digits, exponent }) => digits * 10n ** BigInt(exponent - lowest));
}

function readDecimal(weight: number): { digits: bigint; exponent: number } {
  const written = /^(\d+)(?:\.(\d+))?(?:e([+-]\d+))?$/.exec(String(weight));
  if (!written) throw new RangeError(`a weight is a number from zero up, not ${weight}`);
  const [, whole = '', fraction = '', exponent = '0'] = written;
  return { digits: BigInt(whole + fraction), exponent: Number(exponent) - fraction.length };
}
