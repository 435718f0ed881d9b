import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  planPlaceReplicas,
  planReplicate,
  type RehomingPlan,
} from '../../../src/plan/membership/replicate.ts';
import {
  type AntiAffinityScore,
  compareScores,
  perfectScore,
  scoreOf,
} from '../../../src/plan/placement/score.ts';
import { shardsOf } from '../../../src/plan/placement/shards.ts';
import { placesIn } from '../../../src/plan/placement/zone-map.ts';
import type { Decision } from '../../../src/plan/refusal.ts';
import { diagnose, NO_WISHES } from '../../../src/topology/diagnose.ts';
import { SlotSet } from '../../../src/topology/slot-set.ts';
import { type ClusterSnapshot, replicasByPrimary } from '../../../src/topology/snapshot.ts';
import { type Drawing, draw } from '../../support/drawing.ts';
import { anyHealthy } from '../../support/healthy.ts';
import { comparable, planOf, refusalsOf, told } from '../../support/plan-text.ts';
import { project } from '../../support/project/project.ts';

function outcome(drawn: Drawing, decision: Decision<RehomingPlan>) {
  return { ...drawn, decision, steps: () => told(planOf(decision), drawn) };
}

function replicate(drawing: string, replica: string, primary: string) {
  const drawn = draw(drawing);
  const { snapshot, id } = drawn;
  const placeOf = placesIn(snapshot, new Map());
  const request = { snapshot, replica: id(replica), primary: id(primary), placeOf, allowMixed: false };
  return outcome(drawn, planReplicate(request));
}

function place(snapshot: ClusterSnapshot) {
  return planPlaceReplicas(snapshot, placesIn(snapshot, new Map()), false);
}

function placeReplicas(drawing: string) {
  const drawn = draw(drawing);
  return outcome(drawn, place(drawn.snapshot));
}

const CLUSTER = `
  A primary 0-5460 host=h1
  B primary 5461-16383 host=h2
  a replica of A host=h2
  b replica of B host=h1
`;

describe('replicate', () => {
  test('moves a replica to another primary, and waits until all know', () => {
    const { steps, decision, id } = replicate(CLUSTER, 'a', 'B');
    expect(steps()).toEqual([['a replicates B'], ['A B a b agree on a']]);
    expect(planOf(decision)).toMatchObject({
      moves: [{ replica: id('a'), from: id('A'), to: id('B') }],
      scoreBefore: perfectScore,
      scoreAfter: { ...perfectScore, onPrimaryHost: 1 },
      remarks: [{ kind: 'bare-afterwards', primaries: [id('A')] }],
    });
  });

  test('makes a replica of a primary without slots', () => {
    const { steps, decision, id } = replicate(`${CLUSTER}E primary`, 'E', 'A');
    expect(steps()).toEqual([['E replicates A'], ['A B a b E agree on E']]);
    expect(planOf(decision).moves).toEqual([{ replica: id('E'), to: id('A') }]);
  });

  test('gives a primary to a replica that has none, or whose primary is gone', () => {
    expect(replicate(`${CLUSTER}c replica`, 'c', 'A').steps()[0]).toEqual(['c replicates A']);
    expect(replicate(`${CLUSTER}X primary down\nc replica of X`, 'c', 'A').steps()[0]).toEqual([
      'c replicates A',
    ]);
  });

  test('has nothing to do where it is so already', () => {
    expect(replicate(CLUSTER, 'a', 'A').steps()).toEqual([]);
  });

  test.each([
    ['nobody is called so', 'Z', 'A', [{ kind: 'no-such-node' }]],
    [
      'nobody is called so, neither the one nor the other',
      'Y',
      'Z',
      [{ kind: 'no-such-node' }, { kind: 'no-such-node' }],
    ],
    ['the replica owns slots', 'B', 'A', [{ kind: 'has-slots' }, { kind: 'has-replicas' }]],
    ['the replica holds keys of others', 'K', 'A', [{ kind: 'has-stray-keys', keys: 4 }]],
    ['the replica has replicas', 'P', 'A', [{ kind: 'has-replicas' }]],
    ['the replica does not answer', 'd', 'A', [{ kind: 'does-not-answer' }]],
    ['the primary is a replica', 'a', 'b', [{ kind: 'not-a-primary' }]],
    ['the primary does not answer', 'a', 'D', [{ kind: 'does-not-answer' }]],
    ['both are the same', 'E', 'E', [{ kind: 'replicates-itself' }]],
    [
      'all of that',
      'B',
      'B',
      [{ kind: 'has-slots' }, { kind: 'has-replicas' }, { kind: 'replicates-itself' }],
    ],
  ])('is refused where %s', (_, replica, primary, refusals) => {
    const more =
      'd replica of A down\nD primary down\nE primary\nK primary holds=4\nP primary\np replica of P';
    expect(refusalsOf(replicate(`${CLUSTER}${more}`, replica, primary).decision)).toMatchObject(refusals);
  });

  test('says which slots and replicas stand against it', () => {
    const { decision, id } = replicate(CLUSTER.replace('16383', '16383 holds=9'), 'B', 'A');
    expect(refusalsOf(decision)).toEqual([
      { kind: 'has-slots', node: id('B'), slots: SlotSet.range(5461, 16383) },
      { kind: 'has-replicas', node: id('B'), replicas: [id('b')] },
    ]);
  });

  test('takes addresses, and says where they are not clear', () => {
    const { snapshot, id } = draw(CLUSTER);
    const placeOf = placesIn(snapshot, new Map());
    const byAddress = planReplicate({
      snapshot,
      replica: 'h2:7002',
      primary: 'h2:7001',
      placeOf,
      allowMixed: false,
    });
    expect(planOf(byAddress).moves).toMatchObject([{ replica: id('a'), to: id('B') }]);
    const views = snapshot.views.map(view => ({ ...view, address: { host: 'nat', port: 1 } }));
    const unclear = {
      snapshot: { ...snapshot, views },
      replica: 'nat:1',
      primary: id('B'),
      placeOf,
      allowMixed: false,
    };
    expect(refusalsOf(planReplicate(unclear))).toMatchObject([{ kind: 'ambiguous-node', word: 'nat:1' }]);
  });
});

describe('place-replicas', () => {
  test('moves those that share the host of their primary, all at once', () => {
    const { steps, decision, id } = placeReplicas(`
      A primary 0-5460 host=h1
      B primary 5461-16383 host=h2
      a replica of A host=h1
      b replica of B host=h2
    `);
    expect(steps()).toEqual([['b replicates A', 'a replicates B'], ['A B a b agree on b a']]);
    expect(planOf(decision)).toMatchObject({
      scoreBefore: { onPrimaryHost: 2 },
      scoreAfter: perfectScore,
      remarks: [{ kind: 'bare-meanwhile', primaries: [id('A'), id('B')] }],
    });
  });

  test('leaves alone what is well placed', () => {
    expect(placeReplicas(CLUSTER).steps()).toEqual([]);
  });

  test('takes replicas from primaries without slots, which have nothing to copy', () => {
    const { steps } = placeReplicas('A primary 0-16383\nE primary\ne replica of E');
    expect(steps()[0]).toEqual(['e replicates A']);
  });

  test('leaves replicas to a primary that does not answer: one of them is about to take over', () => {
    const { steps } = placeReplicas('A primary 0-9\nD primary 10-16383 down\nd replica of D\ne replica of D');
    expect(steps()).toEqual([]);
  });

  test('counts on nobody who does not answer', () => {
    const { decision, id } = placeReplicas(`
      A primary 0-5460
      B primary 5461-16383
      a replica of A
      c replica of A
      b replica of B down
    `);
    expect(planOf(decision).moves).toMatchObject([{ from: id('A'), to: id('B') }]);
  });

  test('is refused where no primary that answers owns slots', () => {
    expect(refusalsOf(placeReplicas('E primary\ne replica of E').decision)).toEqual([{ kind: 'no-owner' }]);
  });
});

describe('whatever the cluster, if it is healthy', () => {
  test('place-replicas breaks nothing, leaves nobody bare who need not be, and is through after one time', () => {
    fc.assert(
      fc.property(anyHealthy, drawing => {
        const { snapshot } = draw(drawing);
        const plan = planOf(place(snapshot));
        const after = project(plan);
        expect(diagnose(after, NO_WISHES).filter(({ severity }) => severity === 'error')).toEqual([]);
        expect(planOf(place(after))).toMatchObject({ stages: [], moves: [], remarks: [] });
        // What it promises is what comes of it.
        const owning = shardsOf(after).filter(shard => ownsSlots(after, shard.primary));
        expect(scoreOf(owning, placesIn(after, new Map()))).toEqual(plan.scoreAfter);
        const selves = (seen: ClusterSnapshot) => seen.views.map(({ self }) => self);
        const counts = owning.map(({ replicas }) => replicas.length);
        const all = [...replicasByPrimary(selves(snapshot)).values()].flat().length;
        expect(counts.reduce((sum, count) => sum + count, 0)).toBe(all);
        expect(Math.min(...counts) > 0 || all < counts.length).toBe(true);
      }),
    );
  });

  test('place-replicas puts no replica beside its primary that stood elsewhere, if nobody was bare before', () => {
    fc.assert(
      fc.property(anyHealthy, drawing => {
        const { snapshot } = draw(drawing);
        const shards = shardsOf(snapshot);
        fc.pre(shards.every(({ primary, replicas }) => ownsSlots(snapshot, primary) === replicas.length > 0));
        const { scoreBefore, scoreAfter } = planOf(place(snapshot));
        const besidePrimary = ({ onPrimaryHost, inPrimaryZone }: AntiAffinityScore) => ({
          ...perfectScore,
          onPrimaryHost,
          inPrimaryZone,
        });
        expect(compareScores(besidePrimary(scoreAfter), besidePrimary(scoreBefore))).toBeLessThanOrEqual(0);
      }),
    );
  });

  test('replicate ends as it says, and done again changes nothing', () => {
    fc.assert(
      fc.property(anyHealthy, fc.nat(), fc.nat(), (drawing, i, j) => {
        const { snapshot } = draw(drawing);
        const replicas = snapshot.views.filter(({ self }) => self.role === 'replica');
        const primaries = snapshot.views.filter(({ self }) => self.role === 'primary');
        const [replica, primary] = [replicas[i % replicas.length], primaries[j % primaries.length]];
        fc.pre(replica !== undefined && primary !== undefined);
        if (!replica || !primary) return;
        const ask = (seen: ClusterSnapshot) =>
          planOf(
            planReplicate({
              snapshot: seen,
              replica: replica.id,
              primary: primary.id,
              allowMixed: false,
              placeOf: placesIn(seen, new Map()),
            }),
          );
        const after = project(ask(snapshot));
        for (const { nodes } of after.views) {
          expect(nodes.find(({ id }) => id === replica.id)).toMatchObject({
            role: 'replica',
            primary: primary.id,
          });
        }
        expect(diagnose(after, NO_WISHES).filter(({ severity }) => severity === 'error')).toEqual([]);
        expect(ask(after).stages).toEqual([]);
        expect(comparable(project(ask(after)))).toEqual(comparable(after));
      }),
    );
  });
});

function ownsSlots({ views }: ClusterSnapshot, node: string): boolean {
  return views.some(({ id, self }) => id === node && self.role === 'primary' && self.slots.size > 0);
}

test('the last copy of slots whose owner does not answer keeps its data', () => {
  const { decision } = replicate('A primary 0-99 down\nB primary 100-16383\na replica of A', 'a', 'B');
  expect(refusalsOf(decision).map(({ kind }) => kind)).toEqual(['last-copy']);
});

test('a replica that gets nothing is waited for, though it has the right primary', () => {
  const { steps } = replicate('A primary 0-16383\na replica of A link=down', 'a', 'A');
  expect(steps()).toEqual([['A a agree on a']]);
});

test('an older server does not replicate a newer one', () => {
  const { decision } = replicate('A primary 0-16383 version=8.6.3\na replica of A\nB primary', 'a', 'B');
  expect(decision.kind).toBe('plan');
  const older = replicate('A primary 0-16383\nB primary version=8.6.3\na replica of A', 'a', 'B');
  expect(refusalsOf(older.decision).map(({ kind }) => kind)).toEqual(['replica-older']);
});
