import { expect, test } from 'vitest';
import { memoized } from '../../src/topology/memoized.ts';

test('what is asked of one value again is not worked out again', () => {
  const asked: string[] = [];
  const lengthOf = memoized(({ word }: { readonly word: string }) => asked.push(word));
  const [one, other] = [{ word: 'one' }, { word: 'other' }];
  expect([lengthOf(one), lengthOf(other), lengthOf(one)]).toEqual([1, 2, 1]);
  expect(asked).toEqual(['one', 'other']);
});
