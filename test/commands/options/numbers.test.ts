/** Numbers as redis-cli's atof reads them, without what it lets pass. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fixCommand } from '../../../src/commands/fix.ts';
import type { FixOptions } from '../../../src/commands/options/fix.ts';
import { readNumber } from '../../../src/commands/options/numbers.ts';
import { type RebalanceOptions, rebalanceCommand } from '../../../src/commands/rebalance.ts';
import { readOptions } from '../../support/read-options.ts';
import { slotctl } from '../../support/run-slotctl.ts';

const NUMBERS: readonly (readonly [string, number])[] = [
  ['.01', 0.01],
  ['1e-2', 0.01],
  ['+1', 1],
  ['1.', 1],
  ['1', 1],
  ['0', 0],
  ['0.', 0],
  ['00012', 12],
  ['1.5E+1', 15],
  ['+.5e1', 5],
  [' 2', 2],
  ['0x10', 16],
  ['0X1p3', 8],
  ['0x.8', 0.5],
  ['0xA.P-1', 5],
  ['3e38', 3e38],
];

const NONE = [
  ...[
    '',
    ' ',
    '.',
    '+',
    '-',
    'e5',
    '1e',
    '1e+',
    '.e1',
    '2x',
    '1,5',
    '1 2',
    '1 ',
    '++1',
    '+-1',
    '1.2.3',
    '1_000',
  ],
  ...[
    '-1',
    '-0',
    '-.5',
    '-0x1',
    'inf',
    'INF',
    'infinity',
    '+inf',
    'nan',
    'NaN',
    'nan(1)',
    '1e400',
    '1e39',
    '9'.repeat(400),
  ],
  ...['0x', '0x.', '0xg', '0x1p', '0xp3', '0x1p999', '1p3', '0b1', '0o7', '١', '１', '\u0000', '1\n'],
];

describe('a number', () => {
  test.each(NUMBERS)('%j is %d', (text, value) => expect(readNumber(text)).toBe(value));

  test.each(NONE)('%j is none', text => expect(readNumber(text)).toBeUndefined());

  test('whatever is printed is read', () => {
    fc.assert(
      fc.property(fc.float({ min: 0, noNaN: true, noDefaultInfinity: true }), value => {
        expect(readNumber(String(value))).toBe(value);
        expect(readNumber(value.toExponential())).toBe(value);
      }),
    );
  });
});

describe('options that are numbers', () => {
  const rebalance = (...argv: string[]) =>
    readOptions<RebalanceOptions>(rebalanceCommand, ['h:1', ...argv]).then(({ options }) => options);

  test.each(NUMBERS)('a weight of %s', async (text, weight) => {
    const { weights } = await rebalance('--cluster-weight', `n=${text}`);
    expect(weights).toEqual([{ word: 'n', weight }]);
  });

  test.each(NUMBERS)('a threshold of %s', async (text, thresholdPercent) => {
    expect(await rebalance('--cluster-threshold', text)).toMatchObject({ thresholdPercent });
  });

  test.each(NONE)('neither of them is %j', async text => {
    for (const words of [['--cluster-weight', `n=${text}`], [`--cluster-threshold=${text}`]]) {
      const { code, stderr } = await slotctl(['rebalance', 'h:1', '--yes', ...words]);
      expect(stderr).toContain('not negative');
      expect(code).toBe(2);
    }
  });

  test.each([
    ['.5', 500],
    ['+1.', 1000],
    ['1e1', 10_000],
    ['0x2', 2000],
  ])('--connect-timeout %s', async (text, connectTimeoutMs) => {
    const { options } = await readOptions<FixOptions>(fixCommand, ['h:1', '--connect-timeout', text]);
    expect(options.fleet).toMatchObject({ connectTimeoutMs });
  });

  test.each(['0', '0.', '+0', '.0', '0e9', '0x0'])('-t %s is no limit there, and ours here', async text => {
    const { code, stderr } = await slotctl(['--cluster', 'check', '127.0.0.1:1', '-t', text]);
    expect({ code, stderr }).toMatchObject({ code: 3, stderr: expect.stringContaining('Could not connect') });
  });

  test('a count may have a sign', async () => {
    const { moving } = await rebalance('--cluster-pipeline', '+5', '--cluster-timeout', '+900');
    expect(moving.limits).toMatchObject({ firstBatch: 5, timeoutMs: 900 });
  });
});
