/** `rolling-failover`: which shards are due, in which order, and what makes it hold still. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isAboutCopies, planRolling, readiness, type Wish } from '../../../src/plan/failover/rolling.ts';
import type { FailoverStep } from '../../../src/plan/failover/step.ts';
import type { Step } from '../../../src/plan/step.ts';
import { draw } from '../../support/drawing.ts';
import { anyHealthy } from '../../support/healthy.ts';
import { planOf, refusalsOf, told } from '../../support/plan-text.ts';
import { project } from '../../support/project/project.ts';

const NO_WISH: Wish = { all: false, versions: [], hosts: [] };

function roll(drawing: string, wish: Partial<Wish> = {}) {
  const drawn = draw(drawing);
  const request = {
    snapshot: drawn.snapshot,
    wish: { ...NO_WISH, ...wish },
    maxLagBytes: 1000,
    migrations: [],
  };
  const decision = planRolling(request);
  return {
    ...drawn,
    decision,
    refusals: refusalsOf(decision),
    failovers: () =>
      told(planOf(decision), drawn)
        .flat()
        .filter(text => text.includes('failover')),
    steps: () => told(planOf(decision), drawn),
  };
}

const UPGRADING = `
  A primary 0-5460 host=h1 version=8.0.1
  B primary 5461-10922 host=h2 version=8.0.1
  C primary 10923-16383 host=h3 version=8.0.3
  E primary
  a replica of A host=h2 version=8.0.3
  y replica of A host=h4 version=8.0.2
  b replica of B host=h1 version=8.0.10
  c replica of C host=h1 version=8.0.3
`;

describe('which shards', () => {
  test('those with a newer replica, by slots; the newest takes over, and C is done', () => {
    expect(roll(UPGRADING).steps()).toEqual([
      ['ready for a in place of A'],
      ['graceful failover of A to a'],
      [expect.stringMatching(/ agree on a (A y|y A) and are ok$/)],
      ['ready for b in place of B'],
      ['graceful failover of B to b'],
      [expect.stringMatching(/ agree on b B and are ok$/)],
    ]);
  });

  test('with --to-version those that do not run it, and only replicas that do are fit', () => {
    expect(roll(UPGRADING, { versions: ['8.0.2', '8.0.10', '8.0.3'] }).failovers()).toHaveLength(2);
    expect(roll(UPGRADING, { versions: ['8.0'] }).failovers()).toEqual([]);
    const { refusals, id } = roll(UPGRADING, { versions: ['8.6'] });
    expect(refusals).toMatchObject(
      ['A', 'B', 'C'].map(name => ({ kind: 'nobody-as-wanted', primary: id(name), versions: ['8.6'] })),
    );
  });

  test('with --primaries-on those that are elsewhere', () => {
    expect(roll(UPGRADING, { hosts: ['h1'] }).refusals).toMatchObject([]);
    expect(roll(UPGRADING, { hosts: ['h1'] }).failovers()).toEqual([
      'graceful failover of B to b',
      'graceful failover of C to c',
    ]);
    expect(roll(UPGRADING, { hosts: ['h1'], versions: ['8.0.10', '8.0.1'] }).refusals).toMatchObject([
      { kind: 'nobody-as-wanted' },
    ]);
  });

  test('with --all every one of them, but never to an older replica', () => {
    const same = UPGRADING.replaceAll(/ version=\S+/g, '');
    expect(roll(same, { all: true }).failovers()).toHaveLength(3);
    const older = UPGRADING.replace(
      'c replica of C host=h1 version=8.0.3',
      'c replica of C host=h1 version=8.0.1',
    );
    expect(roll(older, { all: true }).refusals).toMatchObject([{ kind: 'nobody-as-wanted' }]);
  });

  test('nothing to do where nobody is newer; Redis and Valkey cannot be compared', () => {
    expect(roll(UPGRADING.replaceAll(/ version=\S+/g, '')).steps()).toEqual([]);
    const products = UPGRADING.replaceAll(/ version=\S+/g, '').replace(
      'b replica of B',
      'b replica of B product=valkey version=8.1.0',
    );
    expect(roll(products).steps()).toEqual([]);
  });
});

describe('what makes it hold still', () => {
  test.each([
    ['a node is down', 'c replica of C down'],
    ['one says that the cluster is down', 'c replica of C state=fail'],
    ['one is suspected', 'c replica of C\nB says C fail?'],
    ['a replica elsewhere gets no data', 'c replica of C version=8.0.3 link=down'],
  ])('%s', (_, line) => {
    const drawing = UPGRADING.replace('c replica of C host=h1 version=8.0.3', line);
    expect(roll(drawing).refusals).toMatchObject([{ kind: 'in-doubt' }]);
    // Nothing is due, so nothing is in the way.
    expect(roll(drawing.replaceAll(/ version=\S+/g, '')).steps()).toEqual([]);
  });

  test('a replica of the shard is behind, or still copies: the one that takes over, or another', () => {
    for (const lag of ['behind=1001', 'link=syncing', 'link=down'])
      for (const name of ['a', 'y'])
        expect(
          roll(UPGRADING.replace(`${name} replica of A`, `${name} replica of A ${lag}`)).refusals.map(
            ({ kind }) => kind,
          ),
        ).toContain('in-doubt');
  });

  test('not a replica of a shard that is done, which cannot read what its new primary sends', () => {
    const drawing = UPGRADING.replace(
      'C primary 10923-16383 host=h3 version=8.0.3',
      'C primary 10923-16383 version=8.6.0',
    ).replace('c replica of C host=h1', 'c replica of C link=down');
    expect(roll(drawing).failovers()).toHaveLength(2);
  });

  test('before each failover everything is looked at again', () => {
    const step = (drawing: string) => {
      const { snapshot, id } = draw(drawing);
      const ready: Extract<FailoverStep, { kind: 'be-ready' }> = {
        kind: 'be-ready',
        node: id('a'),
        primary: id('A'),
        maxLagBytes: 1000,
      };
      return readiness(snapshot, ready, []).map(({ kind }) => kind);
    };
    expect(step(UPGRADING)).toEqual([]);
    expect(step(`${UPGRADING}C says B fail?`)).toEqual(['in-doubt']);
    expect(step(UPGRADING.replace('a replica of A', 'a replica of B'))).toEqual(['not-its-replica']);
    expect(step(UPGRADING.replace('a replica of A', 'a replica of A behind=1001'))).toEqual([
      'replica-too-far-behind',
      'in-doubt',
    ]);
  });
});

test('interrupted between any two shards, it is run again and does the rest', () => {
  const isFailover = (step: Step) => step.kind === 'fail-over';
  fc.assert(
    fc.property(
      anyHealthy,
      fc.array(fc.boolean(), { minLength: 30, maxLength: 30 }),
      fc.nat(),
      (drawing, newer, n) => {
        const upgraded = drawing
          .split('\n')
          .map((line, i) => (line.includes('replica of') && newer[i] ? `${line} version=7.0.99` : line))
          .join('\n');
        const first = roll(upgraded);
        if (first.refusals.length > 0) return;
        const plan = planOf(first.decision);
        const cut = (n % (plan.swaps.length + 1)) * 3;
        const halfway = project({ ...plan, stages: plan.stages.slice(0, cut) });
        const request = { snapshot: halfway, wish: NO_WISH, maxLagBytes: 1000, migrations: [] };
        const second = planOf(planRolling(request));
        expect(second.stages.flat().filter(isFailover)).toEqual(
          plan.stages.slice(cut).flat().filter(isFailover),
        );
        const end = planOf(planRolling({ ...request, snapshot: project(second) }));
        expect(end.stages).toEqual([]);
      },
    ),
    { numRuns: 40 },
  );
});

describe('whether what is in the way is gone when copies are whole', () => {
  const doubts = (drawing: string) => {
    const { snapshot, id } = draw(drawing);
    const step = { kind: 'be-ready', node: id('a'), primary: id('A'), maxLagBytes: 1000 } as const;
    return readiness(snapshot, step, []).map(isAboutCopies);
  };
  const CLUSTER = 'A primary 0-8191\nB primary 8192-16383\nC primary\nb replica of B';

  test.each([['link=syncing received=1'], ['link=down listed=waiting']])(
    'so it is where the replica is %s',
    state => {
      expect(doubts(`${CLUSTER}\na replica of A ${state}`)).toEqual([true, true]);
    },
  );

  test('and where another one of the shard loads', () => {
    expect(doubts(`${CLUSTER}\na replica of A\ny replica of A down loading listed=online`)).toEqual([true]);
  });

  test.each([
    ['the replica gets nothing', 'a replica of A link=down'],
    ['a node does not answer', 'a replica of A link=syncing\ny replica of A down'],
    ['somebody is suspected', 'a replica of A link=syncing\nB says C fail?'],
  ])('not where %s', (_, rest) => {
    expect(doubts(`${CLUSTER}\n${rest}`)).toContain(false);
  });
});
