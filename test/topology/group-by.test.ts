import { expect, test } from 'vitest';
import { groupBy } from '../../src/topology/group-by.ts';

test('groups are in the order in which their keys first appear, and what has no key is in none', () => {
  const groups = groupBy([5, 2, -1, 3, 4], n => (n < 0 ? undefined : n % 2 === 0 ? 'even' : 'odd'));
  expect([...groups]).toEqual([
    ['odd', [5, 3]],
    ['even', [2, 4]],
  ]);
});
