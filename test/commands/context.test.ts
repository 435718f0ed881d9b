/** What cannot be used as it is written is wrong usage, and what goes wrong in us is not. */
import { describe, expect, test } from 'vitest';
import { asUsage, UsageError } from '../../src/commands/context.ts';
import { explainFailure } from '../../src/commands/telling/failures.ts';
import { FileError } from '../../src/live/files/whole-file.ts';
import { InputError } from '../../src/topology/input-error.ts';
import { SlotSet } from '../../src/topology/slot-set.ts';

const outcomeOf = async (read: () => unknown) => {
  const error = await asUsage(read).catch(thrown => thrown);
  return { error, ...explainFailure(error) };
};

describe('what goes wrong while something written is read', () => {
  test.each([
    [
      'a text that means nothing',
      () => SlotSet.parse('5-3'),
      'slotctl: a slot range runs upwards, unlike 5-3',
    ],
    [
      'one that is refused',
      () => {
        throw new InputError('that is no plan');
      },
      'slotctl: that is no plan',
    ],
    [
      'a file that is not there',
      () => {
        throw new FileError('plan.json', 'read', new Error('ENOENT'));
      },
      'slotctl: plan.json cannot be read: ENOENT',
    ],
  ])('%s is wrong usage', async (_, read, text) => {
    const { error, ...failure } = await outcomeOf(read);
    expect(error).toBeInstanceOf(UsageError);
    expect(failure).toEqual({ code: 2, text });
  });

  test.each([
    ['a slot that we have miscounted', () => SlotSet.range(16383, 16384)],
    ['a length below zero', () => new Array(Number('-1'))],
    [
      'calls without end',
      function forEver(): unknown {
        return [forEver()];
      },
    ],
  ])('%s is a bug, and is told with what happened', async (_, read) => {
    const { error, code, text } = await outcomeOf(read);
    expect(error).toBeInstanceOf(RangeError);
    expect(code).toBe(1);
    expect(text).toContain('this is a bug in slotctl');
    expect(text).toContain(`${error}`);
  });
});
