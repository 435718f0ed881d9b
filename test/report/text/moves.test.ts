/** What is said of slots that are about to move, and of those that do. */

import { describe, expect, test } from 'vitest';
import { planReshard } from '../../../src/plan/slots/reshard.ts';
import { plain } from '../../../src/report/paint.ts';
import { movedSlotLines, movingLine, renderReshard } from '../../../src/report/text/moves.ts';
import { NodeNames } from '../../../src/report/text/names.ts';
import { examine } from '../../../src/topology/diagnose.ts';
import { SlotSet } from '../../../src/topology/slot-set.ts';
import { draw } from '../../support/drawing.ts';
import { planOf } from '../../support/plan-text.ts';

const MB = 1024 * 1024;

/** A gives B a quarter of its slots. */
function planned(keys: number, usedMemoryBytes: number) {
  const drawn = draw('A primary 0-8191\nB primary 8192-16383\nC primary');
  const views = drawn.snapshot.views.map(view => ({
    ...view,
    server: { ...view.server, keys, usedMemoryBytes },
  }));
  const request = { from: [drawn.id('A')], to: drawn.id('B'), count: 2048, despiteFindings: false };
  const plan = planOf(planReshard({ ...examine({ ...drawn.snapshot, views }), ...request }));
  const [move] = plan.moves;
  if (!move) throw new Error('nothing moves');
  return { plan, move, names: new NodeNames(plan.before), named: drawn.named };
}

describe('the preview', () => {
  test.each([
    ['slots alone', 0, 0, '~0 ', '~1 s'],
    ['many small keys', 40_000_000, 100 * MB, '~10000000', '~4 min'],
    ['few big keys', 4, 100_000 * MB, '~1 ', '~9 min'],
    ['more than a working day', 8_000_000_000, 0, '~2000000000', '~12 h'],
  ])('tells keys and time: %s', (_, keys, memory, shownKeys, time) => {
    const { plan } = planned(keys, memory);
    const row = renderReshard(plan, plain).split('\n')[3];
    expect(row).toContain(shownKeys);
    expect(row).toContain(`  ${time}  `);
  });
});

describe('while slots move', () => {
  test('one line tells how much of a move is done, how fast, and how long it takes', () => {
    const { plan, move, names } = planned(8_000, 80 * MB);
    const line = movingLine(plan, move, { slots: 512, of: 2048, keys: 500, ms: 2000 }, names);
    expect(line).toMatch(/: 512 of 2048 slots, 500 keys, 250 keys\/s, 2\.5 MB\/s, 6 s left$/);
  });

  test('nothing is said of the time left before something has gone', () => {
    const { plan, move, names } = planned(0, 0);
    const line = movingLine(plan, move, { slots: 0, of: 2048, keys: 0, ms: 2000 }, names);
    expect(line).toMatch(/: 0 of 2048 slots, 0 keys, 0 keys\/s, 0 B\/s$/);
  });

  test('scripts find a line for every slot', () => {
    const { move, names } = planned(0, 0);
    const [a, b] = [names.of(move.from), names.of(move.to)];
    expect(movedSlotLines(move, SlotSet.parse('7-8'), names)).toBe(
      `Moving slot 7 from ${a} to ${b}\nMoving slot 8 from ${a} to ${b}\n`,
    );
  });
});
