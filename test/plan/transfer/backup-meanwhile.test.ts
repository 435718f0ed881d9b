/** What happens while a cluster is backed up, and whether the dumps are whole all the same. */
import { describe, expect, test } from 'vitest';
import { backupSources } from '../../../src/plan/transfer/backup.ts';
import {
  grownEpochs,
  slotsOnTheWay,
  slotsOpenedMeanwhile,
  strayedSources,
} from '../../../src/plan/transfer/backup-meanwhile.ts';
import { draw } from '../../support/drawing.ts';

const PAIR = 'A primary 0-8191\nB primary 8192-16383\na replica of A\nb replica of B';

function look(text: string) {
  const { snapshot, census } = draw(text);
  return { snapshot, arrived: census };
}

describe('an open slot', () => {
  const open = (keys: number) =>
    `A primary 0-8191 open=5>B\nB primary 8192-16383 open=5<A${keys > 0 ? ` keys=5:${keys}` : ''}`;
  const closed = 'A primary 0-8191\nB primary 8192-16383';
  test.each([
    ['left open, and nothing moves', open(2), open(2), ''],
    ['keys are deleted', open(2), open(1), ''],
    ['keys arrive', open(2), open(3), '5'],
    ['it is opened', closed, open(0), '5'],
    ['it is closed, and stays where it was', open(2), closed, '5'],
  ])('%s', (_, before, after, onTheWay) => {
    expect(`${slotsOnTheWay(look(before), look(after))}`).toBe(onTheWay);
  });
});

describe('who gives the data', () => {
  const { sources } = backupSources(look(PAIR).snapshot, true);
  const { named } = draw(PAIR);
  test.each([
    ['follows its primary as before', PAIR, []],
    [
      'follows who took over',
      'A replica of X\nB primary 8192-16383\na replica of X\nb replica of B\nX primary 0-8191',
      [],
    ],
    ['has taken over', 'A replica of a\nB primary 8192-16383\na primary 0-8191\nb replica of B', []],
    ['is gone, after it gave them', 'A primary 0-8191\nB primary 8192-16383\na replica of A', []],
    [
      'follows another primary',
      'A primary 0-8191\nB primary 8192-16383\na replica of B\nb replica of B',
      ['a'],
    ],
    ['has another address by now', `${PAIR} host=elsewhere`, ['b']],
  ])('%s', (_, after, strayed) => {
    expect(strayedSources(sources, look(after).snapshot).map(({ id }) => named(id))).toEqual(strayed);
  });
});

describe('a slot that went and is back', () => {
  const before = look('A primary 0-8191 epoch=4\nB primary 8192-16383 epoch=3\nb replica of B').snapshot;
  const grown = (text: string) =>
    grownEpochs(before, look(text).snapshot).map(({ was, is }) => `${was} ${is}`);
  test('is seen by the epoch of who got it back, unless that is the right of who took over', () => {
    expect(grown('A primary 0-8191 epoch=4\nB primary 8192-16383 epoch=3\nb replica of B')).toEqual([]);
    expect(grown('A primary 0-8191 epoch=4\nB primary 8192-16383 epoch=5\nb replica of B')).toEqual(['3 5']);
    expect(grown('A primary 0-8191 epoch=4\nB replica of b\nb primary 8192-16383 epoch=5')).toEqual([]);
  });

  test('is seen while it is open', () => {
    const opened = (text: string) => `${slotsOpenedMeanwhile(before, look(text).snapshot)}`;
    expect(opened('A primary 0-8191 open=5>B\nB primary 8192-16383\nb replica of B')).toBe('5');
    expect(opened('A primary 0-8191\nB primary 8192-16383 open=5<A\nb replica of B')).toBe('5');
    expect(opened('A primary 0-8191\nB primary 8192-16383\nb replica of B')).toBe('');
  });
});
