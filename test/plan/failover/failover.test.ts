/** `failover`: who takes over from whom, and what stands against it. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type FailoverRequest, planFailover } from '../../../src/plan/failover/failover.ts';
import { NodeNames } from '../../../src/report/text/names.ts';
import { describeRefusal } from '../../../src/report/text/refusal.ts';
import { diagnose, NO_WISHES } from '../../../src/topology/diagnose.ts';
import type { NodeId } from '../../../src/topology/node.ts';
import { SlotSet } from '../../../src/topology/slot-set.ts';
import type { ClusterSnapshot } from '../../../src/topology/snapshot.ts';
import { type Drawing, draw, PRIMARY_OFFSET } from '../../support/drawing.ts';
import { anyHealthy } from '../../support/healthy.ts';
import { comparable, planOf, refusalsOf, told } from '../../support/plan-text.ts';
import { project } from '../../support/project/project.ts';

const TERMS = { way: 'graceful', maxLagBytes: 1000, despiteFindings: false, migrations: [] } as const;

function request(drawn: Drawing, name: string, terms: Partial<FailoverRequest> = {}): FailoverRequest {
  return { snapshot: drawn.snapshot, wanted: { replica: drawn.id(name) }, ...TERMS, ...terms };
}

function plan(drawing: string, name: string, terms: Partial<FailoverRequest> = {}) {
  const drawn = draw(drawing);
  const decision = planFailover(request(drawn, name, terms));
  return { ...drawn, decision, steps: () => told(planOf(decision), drawn), refusals: refusalsOf(decision) };
}

function planOfPrimary(drawing: string, name: string, terms: Partial<FailoverRequest> = {}) {
  return plan(drawing, name, { wanted: { of: draw(drawing).id(name) }, ...terms });
}

const CLUSTER = `
  A primary 0-5460
  B primary 5461-10922
  C primary 10923-16383
  a replica of A
  x replica of A behind=500
  b replica of B
`;
const WITHOUT_A = CLUSTER.replace('A primary 0-5460', 'A primary 0-5460 down');
const ONE_LEFT = WITHOUT_A.replace('C primary 10923-16383', 'C primary 10923-16383 down');

function neverLinked(snapshot: ClusterSnapshot, id: NodeId): ClusterSnapshot {
  const views = snapshot.views.map(view => {
    const { replication } = view.server;
    if (view.id !== id || replication.role !== 'replica') return view;
    return {
      ...view,
      server: { ...view.server, replication: { ...replication, neverLinked: true as const } },
    };
  });
  return { ...snapshot, views };
}

describe('a replica that is named', () => {
  test('takes over, and all have to know and the others to be fed again', () => {
    expect(plan(CLUSTER, 'a').steps()).toEqual([
      ['graceful failover of A to a'],
      ['A B C a x b agree on a A x and are ok'],
    ]);
  });

  test('is done already where it is a primary: run again, it must not put everything back', () => {
    expect(plan(CLUSTER, 'A').steps()).toEqual([]);
  });

  test.each([
    ['it gets no data', 'a replica of A link=down', {}, [{ kind: 'replica-unlinked', syncing: false }]],
    ['it is still copying', 'a replica of A link=syncing', {}, [{ kind: 'replica-unlinked', syncing: true }]],
    ['it is far behind', 'a replica of A behind=1001', {}, [{ kind: 'replica-too-far-behind', bytes: 1001 }]],
    ['it does not answer', 'a replica of A down', {}, [{ kind: 'does-not-answer' }]],
    ['it replicates nobody', 'a replica', {}, [{ kind: 'replica-of-nobody' }]],
  ])('refused where %s', (_, line, terms, expected) => {
    expect(plan(CLUSTER.replace('a replica of A', line), 'a', terms).refusals).toMatchObject(expected);
  });

  test('refused while slots of the shard are on the way, by hand or by the servers; --despite-findings goes on', () => {
    const open = CLUSTER.replace('A primary 0-5460', 'A primary 0-5460 open=5>B');
    const refusal = { kind: 'shard-in-motion', slots: SlotSet.of(5) };
    expect(plan(open, 'a').refusals).toMatchObject([refusal]);
    const { id } = draw(CLUSTER);
    const migration = { node: id('B'), peer: id('A'), slots: SlotSet.of(5), failing: false, message: '' };
    expect(plan(CLUSTER, 'a', { migrations: [migration] }).refusals).toMatchObject([refusal]);
    expect(plan(CLUSTER, 'b', { migrations: [{ ...migration, node: id('C') }] }).refusals).toEqual([]);
    expect(plan(open, 'a', { despiteFindings: true }).steps()[0]).toEqual(['graceful failover of A to a']);
  });

  test('an old primary that cannot read what the new one sends is not waited for', () => {
    const newer = CLUSTER.replace('a replica of A', 'a replica of A version=8.6.3');
    const { decision, id, steps } = plan(newer, 'a');
    expect(steps()[1]?.join()).toMatch(/ agree on a and are ok$/);
    expect(planOf(decision).remarks).toEqual([{ kind: 'older-than-primary', nodes: [id('A')] }]);
  });
});

describe('a primary that does not answer', () => {
  test('cannot hand over; that is said, with what overrides it', () => {
    expect(plan(WITHOUT_A, 'a').refusals).toMatchObject([{ kind: 'primary-silent' }]);
  });

  test('with force the others vote, and it is said what may be lost', () => {
    const { steps, decision, id } = plan(WITHOUT_A, 'a', { way: 'force' });
    expect(steps()[0]).toEqual(['force failover of A to a']);
    expect(steps()[1]?.join()).toMatch(/ agree on a x and are ok$/);
    expect(planOf(decision).remarks).toEqual([{ kind: 'may-lose-writes', primary: id('A'), node: id('a') }]);
  });

  test('a replica that has received less than another is refused', () => {
    const { refusals, id } = plan(WITHOUT_A.replace('behind=500', 'behind=1'), 'x', { way: 'force' });
    expect(refusals).toEqual([{ kind: 'sibling-ahead', node: id('x'), sibling: id('a'), bytes: 1 }]);
    expect(plan(WITHOUT_A, 'x', { way: 'force', despiteFindings: true }).refusals).toEqual([]);
  });

  test('a replica that has no whole copy would become a primary of nothing, and is refused', () => {
    const EMPTY = CLUSTER.replace('behind=500', `link=down behind=${PRIMARY_OFFSET} holds=0`);
    for (const way of ['force', 'takeover'] as const) {
      for (const drawing of [CLUSTER.replace('behind=500', 'link=syncing'), EMPTY]) {
        const { snapshot, id } = draw(drawing);
        const terms = { way, snapshot: neverLinked(snapshot, id('x')) };
        const refusal = { kind: 'replica-without-data', node: id('x'), primary: id('A') };
        expect(plan(drawing, 'x', terms).refusals).toEqual([refusal]);
        expect(plan(drawing, 'x', { ...terms, despiteFindings: true }).refusals).toEqual([]);
      }
      // Of a shard that is empty itself it has all there is.
      expect(plan(EMPTY, 'x', { way }).refusals).toEqual([]);
    }
  });

  test('a replica without a key is refused where its shard should have many', () => {
    const shards =
      'A primary 0-5460 dead\nB primary 5461-10922 holds=4000\nC primary 10923-16383 holds=4000\n';
    const empty = `${shards}a replica of A link=down holds=0\n`;
    for (const way of ['force', 'takeover'] as const) {
      const { refusals, id } = plan(empty, 'a', { way });
      const refusal = { kind: 'replica-empty', node: id('a'), primary: id('A') };
      expect(refusals).toEqual([{ ...refusal, expected: 4000, by: 'other-shards' }]);
      expect(plan(empty, 'a', { way, despiteFindings: true }).refusals).toEqual([]);
      expect(plan(`${empty}x replica of A link=down holds=7`, 'a', { way }).refusals).toEqual([
        { ...refusal, expected: 7, by: 'sibling' },
      ]);
      const living = empty.replace('A primary 0-5460 dead', 'A primary 0-5460 holds=7');
      expect(plan(living, 'a', { way }).refusals).toEqual([{ ...refusal, expected: 7, by: 'primary' }]);
      // So few that it may be so by itself.
      expect(plan(empty.replaceAll('4000', '40'), 'a', { way }).refusals).toEqual([]);
    }
  });

  test('that lives is told from one that is down: nobody is led to force', () => {
    const shards = 'A primary 0-5460 dead\nB primary 5461-10922\nC primary 10923-16383\na replica of A\n';
    expect(plan(shards, 'a').refusals).toMatchObject([{ kind: 'primary-silent' }]);
    expect(plan(shards, 'a').refusals[0]).not.toHaveProperty('life');
    const refusing = shards.replace('dead', 'dead refuses=login');
    expect(plan(refusing, 'a').refusals).toMatchObject([{ life: { refused: 'login', heardBy: [] } }]);
    const heard = plan(shards.replace('dead', 'down'), 'a');
    const heardBy = ['B', 'C', 'a'].map(heard.id).sort();
    expect(heard.refusals).toMatchObject([{ kind: 'primary-silent', life: { heardBy } }]);
    for (const { refusals, snapshot } of [plan(refusing, 'a'), heard])
      expect(refusals.map(refusal => describeRefusal(refusal, new NodeNames(snapshot))).join()).not.toMatch(
        /--force|--takeover/,
      );
    // They vote over the bus, whomever they let in.
    const all = shards
      .replace('dead', 'dead refuses=login')
      .replace('C primary 10923-16383', 'C primary 10923-16383 dead refuses=right');
    expect(plan(all, 'a', { way: 'force' }).refusals).toEqual([]);
  });

  test('without a majority nobody could vote, and only a takeover is left; then the cluster stays down', () => {
    const majority = { kind: 'no-majority', answering: 1, voters: 3 };
    expect(plan(ONE_LEFT, 'a', { way: 'force' }).refusals).toEqual([majority]);
    expect(plan(ONE_LEFT, 'b').refusals).toEqual([majority]);
    const { steps, decision } = plan(ONE_LEFT, 'a', { way: 'takeover' });
    expect(steps()[0]).toEqual(['takeover failover of A to a']);
    expect(steps()[1]?.join()).toMatch(/ agree on a x$/);
    expect(planOf(decision).remarks.map(({ kind }) => kind)).toEqual([
      'may-lose-writes',
      'without-a-vote',
      'hears-later',
    ]);
  });
});

describe('a replica that is chosen for its primary', () => {
  test('has most; within a megabyte of each other it is the same one a moment later', () => {
    const [first = ''] = [draw(CLUSTER)].map(({ id }) => (id('a') < id('x') ? 'a' : 'x'));
    expect(planOfPrimary(CLUSTER, 'A').steps()[0]).toEqual([`graceful failover of A to ${first}`]);
    const far = CLUSTER.replace('behind=500', 'behind=2000000');
    expect(planOfPrimary(far, 'A').steps()[0]).toEqual(['graceful failover of A to a']);
  });

  test('is one that gets data, where one does', () => {
    const down = CLUSTER.replace('a replica of A', 'a replica of A link=down');
    expect(planOfPrimary(down, 'A').steps()[0]).toEqual(['graceful failover of A to x']);
  });

  test('counts every byte where the primary is gone', () => {
    const gone = WITHOUT_A.replace('a replica of A', 'a replica of A link=down').replace(
      'behind=500',
      'behind=1 link=down',
    );
    expect(planOfPrimary(gone, 'A', { way: 'force' }).steps()[0]).toEqual(['force failover of A to a']);
  });

  test('is nobody where nobody answers, and of nobody but a primary', () => {
    expect(planOfPrimary(CLUSTER, 'C').refusals).toMatchObject([{ kind: 'no-replica-answers' }]);
    expect(planOfPrimary(CLUSTER, 'a').refusals).toMatchObject([{ kind: 'not-a-primary' }]);
  });
});

test('in any healthy cluster the result is healthy, and the way back leads back', () => {
  fc.assert(
    fc.property(anyHealthy, fc.nat(), (drawing, n) => {
      const drawn = draw(drawing);
      const { snapshot } = drawn;
      const replicas = snapshot.views.filter(
        ({ self }) =>
          self.role === 'replica' &&
          snapshot.views.some(
            v => v.id === self.primary && v.self.role === 'primary' && v.self.slots.size > 0,
          ),
      );
      const chosen = replicas[n % Math.max(1, replicas.length)];
      if (chosen?.self.role !== 'replica' || !chosen.self.primary) return;
      const { primary } = chosen.self;
      const there = planOf(planFailover({ ...TERMS, snapshot, wanted: { replica: chosen.id } }));
      const after = project(there);
      const problems = (seen: typeof snapshot) =>
        diagnose(seen, NO_WISHES)
          .filter(({ severity }) => severity === 'error')
          .map(({ kind }) => kind);
      expect(problems(after)).toEqual(problems(snapshot));
      expect(after.views.find(({ id }) => id === chosen.id)?.self.role).toBe('primary');
      const back = project(planOf(planFailover({ ...TERMS, snapshot: after, wanted: { replica: primary } })));
      const roles = (seen: typeof snapshot) =>
        comparable(seen).map(line => line.replace(/"configEpoch":\d+|"flags":\[[^\]]*\]|"offset":\d+/g, ''));
      expect(roles(back)).toEqual(roles(snapshot));
    }),
    { numRuns: 60 },
  );
});
