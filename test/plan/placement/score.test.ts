import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compareScores, perfectScore, scoreOf } from '../../../src/plan/placement/score.ts';
import { anyStanding, node, placesOf, standing } from '../standing.ts';

/** One shard: the first place is that of the primary. */
function scoreOfShard(places: string) {
  const spots = standing(places);
  const [primary = node(0), ...replicas] = spots.map(({ id }) => id);
  return scoreOf([{ primary, replicas }], placesOf(spots));
}

describe('the anti-affinity score', () => {
  test.each([
    ['A B C', {}],
    ['A', {}],
    ['A A', { onPrimaryHost: 1 }],
    ['A A A', { onPrimaryHost: 2, besideSiblingOnHost: 1 }],
    ['A B B B', { besideSiblingOnHost: 2 }],
    ['A B B C C', { besideSiblingOnHost: 2 }],
    ['A/x B/y C/z', {}],
    ['A/x B/x', { inPrimaryZone: 1 }],
    ['A/x A/x', { onPrimaryHost: 1 }],
    ['A/x B/y C/y', { besideSiblingInZone: 1 }],
    ['A/x B/y B/y', { besideSiblingOnHost: 1 }],
    ['A/x B/y B/y C/y', { besideSiblingOnHost: 1, besideSiblingInZone: 1 }],
    ['A/x B/x C/x', { inPrimaryZone: 2, besideSiblingInZone: 1 }],
    ['A B/x C', {}],
  ])('of a shard on %s', (places, conflicts) => {
    expect(scoreOfShard(places)).toEqual({ ...perfectScore, ...conflicts });
  });

  test('adds up over shards', () => {
    const spots = standing('A A B B');
    const shards = [
      { primary: node(0), replicas: [node(1)] },
      { primary: node(2), replicas: [node(3)] },
    ];
    expect(scoreOf(shards, placesOf(spots))).toEqual({ ...perfectScore, onPrimaryHost: 2 });
  });

  test('says nothing of zones where there are none', () => {
    fc.assert(
      fc.property(anyStanding({ nodes: 12, hosts: 4, zones: 0 }), spots => {
        const [primary = node(0), ...replicas] = spots.map(({ id }) => id);
        const score = scoreOf([{ primary, replicas }], placesOf(spots));
        expect(score).toMatchObject({ inPrimaryZone: 0, besideSiblingInZone: 0 });
      }),
    );
  });

  test('holds one replica that dies with its primary for worse than many that die together', () => {
    const together = { ...perfectScore, besideSiblingOnHost: 100, besideSiblingInZone: 100 };
    expect(compareScores(together, { ...perfectScore, inPrimaryZone: 1 })).toBeLessThan(0);
    expect(
      compareScores({ ...together, inPrimaryZone: 100 }, { ...perfectScore, onPrimaryHost: 1 }),
    ).toBeLessThan(0);
    expect(compareScores(together, together)).toBe(0);
  });
});
