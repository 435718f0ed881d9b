import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { planDocument, readPlanDocument, type SavedPlan } from '../../../src/plan/files/plan-file.ts';
import { USUAL_MANNER } from '../../../src/plan/slots/move-settings.ts';
import { planRebalance } from '../../../src/plan/slots/rebalance.ts';
import { planReshard } from '../../../src/plan/slots/reshard.ts';
import { resumePlan } from '../../../src/plan/slots/resume.ts';
import { examine } from '../../../src/topology/diagnose.ts';
import { SlotSet } from '../../../src/topology/slot-set.ts';
import { ownClaims } from '../../../src/topology/snapshot.ts';
import { draw } from '../../support/drawing.ts';
import { planOf, refusalsOf } from '../../support/plan-text.ts';
import { afterPlan, anySlotMap, moveOnPaper } from '../slot-maps.ts';

/** A gives 0-9 to D, and B gives 5461-5470. */
const BEFORE = `
  A primary 0-5460
  B primary 5461-10922
  C primary 10923-16383
  D primary
  d replica of D
`;

function savedPlan(): SavedPlan {
  const { snapshot, id } = draw(BEFORE);
  const slots = SlotSet.parse('0-9,5461-5470');
  const plan = planOf(planReshard({ ...examine(snapshot), slots, to: id('D'), despiteFindings: false }));
  return readPlanDocument(planDocument(plan, 'reshard', USUAL_MANNER));
}

/** What becomes of the plan when the cluster looks like this by now. */
function resume(now: string, despiteFindings = false) {
  const { snapshot, named } = draw(now);
  const decision = resumePlan(savedPlan(), examine(snapshot), despiteFindings);
  return {
    moves: () => planOf(decision).moves.map(({ from, to, slots }) => named(`${from} gives ${to} ${slots}`)),
    stages: () => planOf(decision).stages,
    refusals: () => refusalsOf(decision).map(refusal => JSON.parse(named(JSON.stringify(refusal)))),
  };
}

const half = BEFORE.replace('A primary 0-5460', 'A primary 10-5460').replace('D primary', 'D primary 0-9');

describe('a saved plan', () => {
  test('is carried out as it was made', () => {
    expect(resume(BEFORE).moves()).toEqual(['A gives D 0-9', 'B gives D 5461-5470']);
    expect(
      resume(BEFORE)
        .stages()
        .map(stage => stage.map(({ kind }) => kind)),
    ).toEqual([['move-slots', 'move-slots'], ['agree']]);
  });

  test('leaves out what has been done', () => {
    expect(resume(half).moves()).toEqual(['B gives D 5461-5470']);
    const partly = BEFORE.replace('A primary 0-5460', 'A primary 3-4,8-5460').replace(
      'D primary',
      'D primary 0-2,5-7',
    );
    expect(resume(partly).moves()).toEqual(['A gives D 3-4,8-9', 'B gives D 5461-5470']);
  });

  test('that has been done altogether is no work', () => {
    const done = half.replace('5461-10922', '5471-10922').replace('D primary 0-9', 'D primary 0-9,5461-5470');
    expect(resume(done).stages()).toEqual([]);
  });

  test('that has been done is no work either when the cluster is damaged meanwhile', () => {
    const done = half.replace('5461-10922', '5471-10922').replace('D primary 0-9', 'D primary 0-9,5461-5470');
    expect(resume(done.replace('10923-16383', '10923-16383 down')).stages()).toEqual([]);
  });

  test('goes on when a node that has no part in it is gone, and not when a source is', () => {
    expect(resume(half.replace('10923-16383', '10923-16383 down')).moves()).toEqual(['B gives D 5461-5470']);
    expect(
      resume(half.replace('5461-10922', '5461-10922 down'))
        .refusals()
        .map(({ kind }) => kind),
    ).toContain('cluster-damaged');
  });

  test('takes slots further that were left on their way', () => {
    const open = BEFORE.replace('0-5460', '0-5460 open=3>D')
      .replace('D primary', 'D primary open=3<A')
      .replace('of D', 'of D open=3<A');
    expect(resume(open).moves()).toEqual(['A gives D 0-9', 'B gives D 5461-5470']);
  });
});

describe('a saved plan does not fit', () => {
  test('when slots are on their way to somebody else', () => {
    const open = BEFORE.replace('0-5460', '0-5460 open=3>C');
    expect(resume(open).refusals()).toMatchObject([
      { kind: 'cluster-damaged', findings: [{ kind: 'slots-open' }] },
      { kind: 'slots-in-doubt', slots: [[3, 3]] },
    ]);
    expect(resume(open, true).refusals()).toEqual([{ kind: 'slots-in-doubt', slots: [[3, 3]] }]);
  });

  test('when slots are neither at their source nor at their target', () => {
    const now = BEFORE.replace('0-5460', '5-5460').replace('10923-16383', '0-1,10923-16383');
    expect(resume(now, true).refusals()).toEqual([
      {
        kind: 'plan-outdated',
        differences: [
          { kind: 'slots-elsewhere', slots: [[0, 1]], from: 'A', to: 'D', owner: 'C' },
          { kind: 'slots-elsewhere', slots: [[2, 4]], from: 'A', to: 'D' },
        ],
      },
    ]);
  });

  test('when the target is gone, or a replica', () => {
    const gone = BEFORE.split('\n').slice(0, 4).join('\n');
    expect(resume(gone).refusals()).toEqual([
      {
        kind: 'plan-outdated',
        differences: [{ kind: 'target-gone', node: 'D' }].map(said => ({
          ...said,
          node: expect.any(String),
        })),
      },
    ]);
    const replica = BEFORE.replace('D primary', 'D replica of A').replace('of D', 'of A');
    expect(resume(replica).refusals()).toEqual([
      { kind: 'plan-outdated', differences: [{ kind: 'target-replica', node: 'D' }] },
    ]);
  });

  test('when somebody who gives or gets does not answer', () => {
    const now = BEFORE.replace('D primary', 'D primary down').replace('10922', '10922 down');
    expect(resume(now, true).refusals()).toEqual([
      { kind: 'does-not-answer', node: 'D' },
      { kind: 'does-not-answer', node: 'B' },
    ]);
  });

  test('when slots that it leaves alone have changed hands, unless the person insists', () => {
    const now = BEFORE.replace('5461-10922', '5461-10900').replace('10923-16383', '10901-16383');
    expect(resume(now).refusals()).toEqual([
      {
        kind: 'plan-outdated',
        differences: [{ kind: 'owner-changed', slots: [[10901, 10922]], was: 'B', owner: 'C' }],
      },
    ]);
    expect(resume(now, true).moves()).toEqual(['A gives D 0-9', 'B gives D 5461-5470']);
  });

  test('when the cluster is damaged', () => {
    const [refusal] = resume(BEFORE.replace('16383', '16382')).refusals();
    expect(refusal).toMatchObject({ kind: 'cluster-damaged', findings: [{ kind: 'slots-uncovered' }] });
  });

  test('when it is another cluster', () => {
    const { snapshot } = draw('X primary 0-8000\nY primary 8001-16383');
    const [refusal] = refusalsOf(resumePlan(savedPlan(), examine(snapshot), false));
    expect(refusal).toMatchObject({ kind: 'plan-outdated' });
  });
});

describe('whatever part of a plan has been done', () => {
  const anyProgress = fc.tuple(anySlotMap, fc.infiniteStream(fc.nat({ max: 3 })));

  test('the rest comes to the same, whole moves or parts of them', () => {
    fc.assert(
      fc.property(anyProgress, ([{ drawing }, progress]) => {
        const { snapshot } = draw(drawing);
        const wishes = { weights: [], thresholdPercent: 0, useEmpty: true, despiteFindings: false };
        const plan = planOf(planRebalance({ ...examine(snapshot), ...wishes }));
        const saved = readPlanDocument(planDocument(plan, 'rebalance', USUAL_MANNER));
        const done = plan.moves.map(move => {
          const thirds = progress.next().value ?? 0;
          return { ...move, slots: move.slots.take(Math.floor((move.slots.size * thirds) / 3)) };
        });
        const now = moveOnPaper(snapshot, done);
        const rest = planOf(resumePlan(saved, examine(now), false));
        const left = plan.moves.map((move, i) => move.slots.without(done[i]?.slots ?? SlotSet.empty));
        expect(rest.moves.map(({ slots }) => `${slots}`)).toEqual(left.filter(s => s.size > 0).map(String));
        expect(ownersIn(afterPlan(rest))).toEqual(ownersIn(afterPlan(plan)));
        expect(planOf(resumePlan(saved, examine(afterPlan(rest)), false)).stages).toEqual([]);
      }),
      { numRuns: 40 },
    );
  });
});

function ownersIn(snapshot: Parameters<typeof ownClaims>[0]): string[] {
  return [...ownClaims(snapshot)].map(([id, slots]) => `${id} ${slots}`).sort();
}

test('a mark that was left where the slot is no longer is taken away first', () => {
  const open = half.replace('10-5460', '10-5460 open=3>D');
  const [first] = resume(open).stages();
  expect(first).toMatchObject([{ kind: 'close-slots', slots: { size: 1 } }]);
  expect(resume(open).moves()).toEqual(['B gives D 5461-5470']);
  // On its way to somebody else it is none of this plan's.
  expect(resume(half.replace('10-5460', '10-5460 open=3>C')).refusals()).toMatchObject([
    { kind: 'cluster-damaged', findings: [{ kind: 'slots-open' }] },
    { kind: 'slots-in-doubt' },
  ]);
});
