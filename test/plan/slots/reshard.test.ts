import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { planReshard, type ReshardRequest } from '../../../src/plan/slots/reshard.ts';
import { examine } from '../../../src/topology/diagnose.ts';
import { SlotSet } from '../../../src/topology/slot-set.ts';
import { ownClaims } from '../../../src/topology/snapshot.ts';
import { type Drawing, draw } from '../../support/drawing.ts';
import { planOf, refusalsOf } from '../../support/plan-text.ts';
import {
  afterPlan,
  anySlotMap,
  fragmentsIn,
  mishaps,
  moveOnPaper,
  sizesIn,
  withLowestSlots,
} from '../slot-maps.ts';

const CLUSTER = `
  A primary 0-5460
  B primary 5461-10922
  C primary 10923-16383
  D primary
  a replica of A
`;

type Wishes =
  | { readonly from: readonly string[] | 'all'; readonly count: number; readonly to: string }
  | { readonly slots: string; readonly to: string };

function reshard(drawing: string | Drawing, wishes: Wishes, despiteFindings = false) {
  const drawn = typeof drawing === 'string' ? draw(drawing) : drawing;
  const { snapshot, id } = drawn;
  const word = (name: string) => (/^[A-Za-z]\d*$/.test(name) ? id(name) : name);
  const base = { ...examine(snapshot), to: word(wishes.to), despiteFindings };
  const request: ReshardRequest =
    'slots' in wishes
      ? { ...base, slots: SlotSet.parse(wishes.slots) }
      : { ...base, count: wishes.count, from: wishes.from === 'all' ? 'all' : wishes.from.map(word) };
  const decision = planReshard(request);
  return {
    ...drawn,
    decision,
    plan: () => planOf(decision),
    moves: () =>
      planOf(decision).moves.map(({ from, to, slots }) => drawn.named(`${from} gives ${to} ${slots}`)),
    refusals: () => refusalsOf(decision).map(refusal => JSON.parse(drawn.named(JSON.stringify(refusal)))),
  };
}

describe('slots by number', () => {
  test('come from all others, in proportion, as one stage, and then everybody is to know', () => {
    const { plan, moves, id, snapshot } = reshard(CLUSTER, { from: 'all', count: 4096, to: 'D' });
    expect(moves()).toEqual(['A gives D 4096-5460', 'B gives D 5461-6826', 'C gives D 10923-12287']);
    const { stages, fragments, remarks } = plan();
    expect(stages.map(stage => stage.map(({ kind }) => kind))).toEqual([
      ['move-slots', 'move-slots', 'move-slots'],
      ['agree'],
    ]);
    expect(stages[1]?.[0]).toMatchObject({ concerned: ['A', 'D', 'B', 'C'].map(id), wantsOk: true });
    expect(stages[1]?.[0]).toHaveProperty('members.length', snapshot.views.length);
    // The end of A and the beginning of B are one piece.
    expect(fragments).toEqual({ before: 3, after: 5 });
    expect(remarks).toEqual([]);
  });

  test('come from the sources that are named, by id, by its beginning or by where they are', () => {
    const { id } = draw(CLUSTER);
    const from = [id('B').slice(0, 8), 'host-A:7000', 'B'];
    expect(reshard(CLUSTER, { from, count: 3, to: 'D' }).moves()).toEqual([
      'A gives D 5460',
      'B gives D 5461-5462',
    ]);
  });

  test('are exactly as many as asked for, where rounding down would leave some behind', () => {
    const four =
      'A primary 0-4095\nB primary 4096-8191\nC primary 8192-12287\nD primary 12288-16383\nE primary';
    const { plan } = reshard(four, { from: 'all', count: 14, to: 'E' });
    expect(plan().moves.map(({ slots }) => slots.size)).toEqual([4, 4, 3, 3]);
    expect(reshard(four, { from: 'all', count: 3, to: 'E' }).plan().moves).toHaveLength(3);
  });

  test('none at all are no work', () => {
    expect(reshard(CLUSTER, { from: 'all', count: 0, to: 'D' }).plan()).toMatchObject({
      moves: [],
      stages: [],
    });
  });

  test('all that a node has are its last ones too', () => {
    const { moves } = reshard(CLUSTER, { from: ['A'], count: 5461, to: 'B' });
    expect(moves()).toEqual(['A gives B 0-5460']);
  });
});

describe('slots by name', () => {
  test('come from wherever they are, and those that are there already stay', () => {
    const { moves } = reshard(CLUSTER, { slots: '0-99,4000,5461-5500,10920-10925', to: 'B' });
    expect(moves()).toEqual(['A gives B 0-99,4000', 'C gives B 10923-10925']);
  });

  test('may all be there already', () => {
    expect(reshard(CLUSTER, { slots: '0-99', to: 'A' }).plan()).toMatchObject({ moves: [], stages: [] });
  });

  test('that nobody owns cannot be moved', () => {
    const holes = 'A primary 0-99\nB primary 200-16383';
    const { refusals } = reshard(holes, { slots: '50-149', to: 'B' }, true);
    expect(refusals()).toEqual([{ kind: 'slots-unowned', slots: [[100, 149]] }]);
  });

  test('cannot be got from a node that does not answer', () => {
    const { refusals } = reshard(
      `${CLUSTER.replace('C primary 10923-16383', 'C primary 10923-16383 down')}`,
      {
        slots: '10923',
        to: 'B',
      },
      true,
    );
    expect(refusals()).toEqual([{ kind: 'does-not-answer', node: 'C' }]);
  });
});

describe('what is refused', () => {
  test('all at once', () => {
    const { refusals, id } = reshard(
      `${CLUSTER}E primary 7000 down\n`,
      { from: ['ffffffff', 'a', 'D', 'E'], count: 1, to: 'D' },
      true,
    );
    expect(refusals()).toEqual([
      { kind: 'no-such-node', word: 'ffffffff' },
      { kind: 'cannot-own-slots', node: 'a' },
      { kind: 'does-not-answer', node: 'E' },
      { kind: 'source-is-target', node: 'D' },
    ]);
    expect(id('D')).toHaveLength(40);
  });

  test('a beginning that fits several', () => {
    const many = Array.from({ length: 20 }, (_, i) => `N${i} primary ${i === 0 ? '0-16383' : ''}`).join('\n');
    const { snapshot } = draw(many);
    const ids = snapshot.views.map(({ id }) => id);
    const word =
      [...'0123456789abcdef'].find(digit => ids.filter(id => id.startsWith(digit)).length > 1) ?? '';
    const decision = planReshard({
      ...examine(snapshot),
      from: 'all',
      count: 1,
      to: word,
      despiteFindings: false,
    });
    const matches = ids.filter(id => id.startsWith(word)).sort();
    expect(refusalsOf(decision)).toEqual([{ kind: 'ambiguous-node', word, matches }]);
  });

  test('a target that is a replica, or unknown, or does not answer', () => {
    const wishes = { from: 'all', count: 1 } as const;
    expect(reshard(CLUSTER, { ...wishes, to: 'a' }).refusals()).toEqual([
      { kind: 'cannot-own-slots', node: 'a' },
    ]);
    expect(reshard(CLUSTER, { ...wishes, to: 'host-X:1' }).refusals()).toEqual([
      { kind: 'no-such-node', word: 'host-X:1' },
    ]);
    expect(reshard(`${CLUSTER}E primary down`, { ...wishes, to: 'E' }, true).refusals()).toEqual([
      { kind: 'does-not-answer', node: 'E' },
    ]);
  });

  test('more slots than the sources own', () => {
    expect(reshard(CLUSTER, { from: ['A', 'D'], count: 5462, to: 'B' }).refusals()).toEqual([
      { kind: 'too-few-slots', sources: ['A', 'D'], available: 5461, wanted: 5462 },
    ]);
    expect(reshard('A primary 0-16383', { from: 'all', count: 1, to: 'A' }).refusals()).toEqual([
      { kind: 'too-few-slots', sources: [], available: 0, wanted: 1 },
    ]);
  });

  test('a damaged cluster, open slots included, unless the person insists', () => {
    const open = CLUSTER.replace('0-5460', '0-5460 open=7>B');
    const [refusal] = reshard(open, { from: ['A'], count: 5, to: 'D' }).refusals();
    expect(refusal).toMatchObject({ kind: 'cluster-damaged', findings: [{ kind: 'slots-open' }] });
    expect(reshard(open, { from: ['A'], count: 5, to: 'D' }, true).moves()).toEqual(['A gives D 8-12']);
  });
});

describe('a damaged cluster that is resharded all the same', () => {
  const open = CLUSTER.replace('0-5460', '0-5460 open=2>B');

  test('keeps its open slots where they are', () => {
    const { moves, plan } = reshard(open, { from: ['A'], count: 5460, to: 'D' }, true);
    expect(moves()).toEqual(['A gives D 0-1,3-5460']);
    expect(plan().remarks).toEqual([{ kind: 'slots-left', slots: SlotSet.of(2) }]);
    expect(plan().stages.at(-1)).toMatchObject([{ kind: 'agree', wantsOk: false }]);
    expect(reshard(open, { from: ['A'], count: 5461, to: 'D' }, true).refusals()).toMatchObject([
      { kind: 'too-few-slots', available: 5460, wanted: 5461 },
    ]);
  });

  test('lets an open slot go on where it is bound for, and nowhere else', () => {
    expect(reshard(open, { slots: '2', to: 'D' }, true).refusals()).toEqual([
      { kind: 'slots-in-doubt', slots: [[2, 2]] },
    ]);
    expect(reshard(open, { slots: '2', to: 'B' }, true).moves()).toEqual(['A gives B 2']);
  });

  test('keeps what two nodes claim', () => {
    const twice = CLUSTER.replace('5461-10922', '5001-10922');
    expect(reshard(twice, { slots: '5000-5001', to: 'D' }, true).refusals()).toEqual([
      { kind: 'slots-in-doubt', slots: [[5001, 5001]] },
    ]);
    const { plan } = reshard(twice, { from: ['A', 'B'], count: 5001 + 5462, to: 'D' }, true);
    expect(plan().moves.map(({ slots }) => `${slots}`)).toEqual(['0-5000', '5461-10922']);
  });

  test('leaves out who does not answer', () => {
    const { plan, id } = reshard(
      CLUSTER.replace('16383', '16383 down'),
      { from: 'all', count: 2, to: 'D' },
      true,
    );
    expect(plan().moves.map(({ from }) => from)).toEqual([id('A'), id('B')]);
    expect(plan().remarks).toEqual([{ kind: 'left-out', nodes: [id('C')] }]);
  });
});

const anyReshard = fc
  .tuple(anySlotMap, fc.nat(), fc.array(fc.nat(), { maxLength: 5 }), fc.nat({ max: 100 }))
  .map(([{ names, drawing }, target, some, part]) => {
    const drawn = draw(drawing);
    const to = names[target % names.length] ?? '';
    const others = names.filter(name => name !== to);
    const from = some.length === 0 ? ('all' as const) : some.map(i => others[i % others.length] ?? '');
    const sources = [...new Set(from === 'all' ? others : from)].map(drawn.id);
    const available = sources.reduce((sum, id) => sum + (sizesIn(drawn.snapshot).get(id) ?? 0), 0);
    return { drawn, from, to, sources, available, count: Math.round((part / 100) * available) };
  });

describe('any map', () => {
  test('gives exactly that many, each in proportion, and nothing is wrong afterwards', () => {
    fc.assert(
      fc.property(anyReshard, ({ drawn, from, to, sources, available, count }) => {
        const { snapshot, id } = drawn;
        const plan = reshard(drawn, { from, count, to }).plan();
        const [before, after] = [sizesIn(snapshot), sizesIn(afterPlan(plan))];
        expect((after.get(id(to)) ?? 0) - (before.get(id(to)) ?? 0)).toBe(count);
        for (const source of sources) {
          const size = before.get(source) ?? 0;
          const quota = available === 0 ? 0 : (count * size) / available;
          expect(Math.abs(size - (after.get(source) ?? 0) - quota)).toBeLessThan(1);
        }
        const owners = ownClaims(snapshot);
        for (const move of plan.moves)
          expect(move.slots.without(owners.get(move.from) ?? SlotSet.empty).size).toBe(0);
        expect(SlotSet.union(plan.moves.map(move => move.slots)).size).toBe(count);
        expect(mishaps(snapshot, afterPlan(plan))).toEqual([]);
        expect(plan.fragments).toEqual({
          before: fragmentsIn(snapshot),
          after: fragmentsIn(afterPlan(plan)),
        });
      }),
      { numRuns: 100 },
    );
  });

  test('is torn no more than by the lowest slots, and on average much less', () => {
    let [ours, lowest] = [0, 0];
    for (const { drawn, from, to, count } of fc.sample(fc.noBias(anyReshard), { numRuns: 100, seed: 4 })) {
      const plan = reshard(drawn, { from, count, to }).plan();
      const gifts = plan.moves.map(move => ({ ...move, count: move.slots.size }));
      const classic = fragmentsIn(moveOnPaper(drawn.snapshot, withLowestSlots(drawn.snapshot, gifts)));
      expect(plan.fragments.after).toBeLessThanOrEqual(classic);
      ours += plan.fragments.after;
      lowest += classic;
    }
    expect(ours).toBeLessThan(0.95 * lowest);
    if (process.env['MEASURE']) console.log({ ours: ours / 100, lowest: lowest / 100 });
  });

  test('sends named slots where they are wanted', () => {
    const anySlots = fc.array(fc.tuple(fc.nat({ max: 16383 }), fc.nat({ max: 99 })), { maxLength: 5 });
    fc.assert(
      fc.property(anySlotMap, fc.nat(), anySlots, ({ names, drawing }, target, runs) => {
        const drawn = draw(drawing);
        const to = names[target % names.length] ?? '';
        const slots = SlotSet.union(
          runs.map(([first, more]) => SlotSet.range(first, Math.min(first + more, 16383))),
        );
        const plan = reshard(drawn, { slots: `${slots}`, to }).plan();
        const before = ownClaims(drawn.snapshot).get(drawn.id(to)) ?? SlotSet.empty;
        const after = ownClaims(afterPlan(plan)).get(drawn.id(to)) ?? SlotSet.empty;
        expect(`${after}`).toBe(`${before.union(slots)}`);
        expect(SlotSet.union(plan.moves.map(move => move.slots)).equals(slots.without(before))).toBe(true);
        expect(mishaps(drawn.snapshot, afterPlan(plan))).toEqual([]);
      }),
    );
  });
});

/** As the servers were found to answer one another. */
test.each([
  ['redis 7.0.15', 'redis 8.0.2', true],
  ['redis 7.0.15', 'valkey 9.1.0', true],
  ['redis 8.0.2', 'redis 8.6.3', true],
  ['redis 8.0.2', 'redis 7.0.15', false],
  ['redis 8.6.3', 'redis 8.0.2', false],
  ['redis 8.0.2', 'valkey 9.1.0', false],
  ['valkey 8.0.1', 'redis 7.0.15', false],
  ['valkey 8.1.3', 'valkey 8.0.1', true],
  ['valkey 8.1.3', 'redis 8.0.2', true],
  ['valkey 9.1.0', 'valkey 8.1.3', false],
  ['valkey 9.1.0', 'redis 8.6.3', false],
])('from %s to %s: %s', (source, target, goes) => {
  const server = (text: string) => text.replace(/(\w+) (\S+)/, 'product=$1 version=$2');
  const drawing = `A primary 0-16383 ${server(source)}\nB primary ${server(target)}`;
  const wishes = { slots: '0-9', to: 'B' };
  if (goes) expect(reshard(drawing, wishes).moves()).toEqual(['A gives B 0-9']);
  else
    expect(reshard(drawing, wishes).refusals()).toEqual([{ kind: 'target-older', node: 'B', source: 'A' }]);
  expect(reshard(drawing, wishes, true).moves()).toEqual(['A gives B 0-9']);
});
