import { expect, test } from 'vitest';
import { remembered } from '../../src/topology/remembered.ts';

test('what is asked of one value again is not worked out again', () => {
  const asked: string[] = [];
  const lengthOf = remembered(({ word }: { readonly word: string }) => asked.push(word));
  const [one, other] = [{ word: 'one' }, { word: 'other' }];
  expect([lengthOf(one), lengthOf(other), lengthOf(one)]).toEqual([1, 2, 1]);
  expect(asked).toEqual(['one', 'other']);
});
