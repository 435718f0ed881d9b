/** Layouts against ways of finding one that need no cleverness: looking at all of them, and the classic one. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Spot } from '../../../src/plan/placement/group-by-zone.ts';
import { layOut } from '../../../src/plan/placement/lay-out.ts';
import { compareScores, type Shard, scoreOf } from '../../../src/plan/placement/score.ts';
import type { NodeId } from '../../../src/topology/node.ts';
import { classicLayOut } from '../../support/classic-placement.ts';
import { anyStanding, compareInOrder, placesOf, unevenness } from '../standing.ts';

/** What a layout is judged by, the most important first. */
function judged(shards: readonly Shard[], spots: readonly Spot[]): number[] {
  const placeOf = placesOf(spots);
  const score = scoreOf(shards, placeOf);
  return [
    score.onPrimaryHost,
    score.inPrimaryZone,
    ...unevenness(shards, placeOf),
    score.besideSiblingOnHost,
    score.besideSiblingInZone,
  ];
}

function least(judgements: Iterable<number[]>): number[] | undefined {
  let best: number[] | undefined;
  for (const judgement of judgements) if (!best || compareInOrder(judgement, best) < 0) best = judgement;
  return best;
}

function* choices(ids: readonly NodeId[], count: number): Generator<NodeId[]> {
  if (count === 0) yield [];
  else {
    for (const [i, id] of ids.entries()) {
      for (const rest of choices(ids.slice(i + 1), count - 1)) yield [id, ...rest];
    }
  }
}

/** Every way to divide the replicas evenly. */
function* assignments(primaries: readonly NodeId[], replicas: readonly NodeId[]): Generator<Shard[]> {
  const [few, most] = [Math.floor, Math.ceil].map(round => round(replicas.length / primaries.length));
  const shards = primaries.map(primary => ({ primary, replicas: [] as NodeId[] }));
  yield* place(0);

  function* place(next: number): Generator<Shard[]> {
    const replica = replicas[next];
    if (replica === undefined) {
      if (shards.every(shard => shard.replicas.length >= (few ?? 0))) yield shards;
      return;
    }
    for (const shard of shards) {
      if (shard.replicas.length >= (most ?? 0)) continue;
      shard.replicas.push(replica);
      yield* place(next + 1);
      shard.replicas.pop();
    }
  }
}

function* judgements(spots: readonly Spot[], chosen: Iterable<NodeId[]>): Generator<number[]> {
  const ids = spots.map(({ id }) => id);
  for (const primaries of chosen) {
    const replicas = ids.filter(id => !primaries.includes(id));
    for (const shards of assignments(primaries, replicas)) yield judged(shards, spots);
  }
}

const withCount = (standing: fc.Arbitrary<Spot[]>) =>
  standing.chain(spots => fc.tuple(fc.constant(spots), fc.integer({ min: 1, max: spots.length })));
const withPrimaries = (standing: fc.Arbitrary<Spot[]>) =>
  standing.chain(spots => {
    const ids = spots.map(({ id }) => id);
    return fc.tuple(fc.constant(spots), fc.subarray(ids, { minLength: 1 }));
  });

describe('no layout is better', () => {
  const few = anyStanding({ nodes: 7, hosts: 4, zones: 3 });

  test('of all there are for a few nodes', () => {
    fc.assert(
      fc.property(withCount(few), ([spots, count]) => {
        const ids = spots.map(({ id }) => id);
        const best = least(judgements(spots, choices(ids, count)));
        expect(judged(layOut(spots, count), spots)).toEqual(best);
      }),
      { numRuns: 300 },
    );
  });

  test('of all there are for the primaries that were chosen', () => {
    fc.assert(
      fc.property(withPrimaries(few), ([spots, primaries]) => {
        const best = least(judgements(spots, [primaries]));
        expect(judged(layOut(spots, primaries), spots)).toEqual(best);
      }),
      { numRuns: 300 },
    );
  });

  test('for whatever other primaries of some more nodes', () => {
    fc.assert(
      fc.property(withCount(anyStanding({ nodes: 11, hosts: 5, zones: 3 })), ([spots, count]) => {
        const ids = spots.map(({ id }) => id);
        const chosen = onePerLook(spots, choices(ids, count));
        const best = least(chosen.map(primaries => judged(layOut(spots, primaries), spots)));
        expect(judged(layOut(spots, count), spots)).toEqual(best);
      }),
      { numRuns: 300 },
    );
  });

  test('of those that redis-cli arrives at', () => {
    const hosts = anyStanding({ nodes: 60, hosts: 9, zones: 0 });
    const cluster = fc.tuple(withCount(hosts), fc.integer());
    fc.assert(
      fc.property(cluster, ([[spots, count], seed]) => {
        const placeOf = placesOf(spots);
        const classic = scoreOf(classicLayOut(spots, count, seed), placeOf);
        expect(compareScores(scoreOf(layOut(spots, count), placeOf), classic)).toBeLessThanOrEqual(0);
      }),
      { numRuns: 25 },
    );
  });
});

/** Nodes on one host are alike. */
function onePerLook(spots: readonly Spot[], chosen: Iterable<NodeId[]>): NodeId[][] {
  const placeOf = placesOf(spots);
  const looks = new Map<string, NodeId[]>();
  for (const primaries of chosen)
    looks.set(
      primaries
        .map(id => placeOf(id).host)
        .sort()
        .join(),
      primaries,
    );
  return [...looks.values()];
}
