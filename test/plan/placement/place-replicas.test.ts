import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Spot } from '../../../src/plan/placement/group-by-zone.ts';
import { placeReplicas, type WhichReplicas } from '../../../src/plan/placement/place-replicas.ts';
import { perfectScore, type Shard, scoreOf } from '../../../src/plan/placement/score.ts';
import type { NodePlace } from '../../../src/topology/host-and-zone.ts';
import type { NodeId } from '../../../src/topology/node.ts';
import { anyStanding, compareInOrder, drawn, node, placesOf, standing } from '../standing.ts';

interface Living {
  readonly spots: Spot[];
  readonly shards: Shard[];
  readonly homeless: NodeId[];
}

/** `A: B C` as in standing.ts; nodes are numbered from left to right. */
function living(shards: readonly string[], homeless = ''): Living {
  const texts = [...shards, homeless].map(text => text.split(/:? /).filter(word => word !== ''));
  const spots = standing(texts.flat().join(' '));
  const ids = spots.map(({ id }) => id);
  const groups = texts.map(text => ids.splice(0, text.length));
  return {
    spots,
    shards: groups.slice(0, -1).map(([primary = node(0), ...replicas]) => ({ primary, replicas })),
    homeless: groups.at(-1) ?? [],
  };
}

const settle = ({ spots, shards, homeless }: Living, movable: WhichReplicas['movable']) =>
  drawn(placeReplicas(shards, homeless, placesOf(spots), { movable }), spots);

describe('replicas added to a cluster', () => {
  test('go where they survive what the primary does not', () => {
    expect(settle(living(['A: ', 'B: ', 'C: '], 'A B C'), 'homeless')).toEqual(['A: C', 'B: A', 'C: B']);
  });

  test('go to primaries that have none before they do anything else', () => {
    expect(settle(living(['A: B', 'B: ', 'C: A'], 'B'), 'homeless')).toEqual(['A: B', 'B: B', 'C: A']);
  });

  test('go where fewest are', () => {
    expect(settle(living(['A: B C', 'B: C', 'C: A'], 'D D'), 'homeless')).toEqual([
      'A: B C',
      'B: C D',
      'C: A D',
    ]);
  });

  test('go to another zone, and to a host where no sibling is', () => {
    expect(settle(living(['A/x: ', 'C/y: '], 'B/x D/y'), 'homeless')).toEqual(['A: D', 'C: B']);
    expect(settle(living(['A: C', 'B: D'], 'C D'), 'homeless')).toEqual(['A: C D', 'B: D C']);
  });

  test('move nobody, however badly others are placed', () => {
    expect(settle(living(['A: A A A', 'B: '], 'A'), 'homeless')).toEqual(['A: A A A', 'B: A']);
  });
});

describe('replicas placed anew', () => {
  test('stay where they are when nothing is wrong', () => {
    const cluster = living(['A: B', 'B: C', 'C: A']);
    expect(placeReplicas(cluster.shards, [], placesOf(cluster.spots), { movable: 'all' })).toEqual(
      cluster.shards,
    );
  });

  test('change places when both are beside their primary', () => {
    expect(settle(living(['A: A', 'B: B', 'C: D']), 'all')).toEqual(['A: B', 'B: A', 'C: D']);
  });

  test('leave those alone that need not move', () => {
    const { spots, shards } = living(['A: A C', 'B: C D', 'E: F']);
    const [first, second, third] = placeReplicas(shards, [], placesOf(spots), { movable: 'all' });
    // The share is one or two each, so the one on A goes to E, and nobody else moves.
    expect(first?.replicas).toEqual([node(2)]);
    expect(second).toEqual(shards[1]);
    expect(third?.replicas).toEqual([node(7), node(1)]);
  });

  test('reach every primary, also from one that has them all', () => {
    expect(settle(living(['A: D E F', 'B: ', 'C: ']), 'all')).toEqual(['A: D', 'B: E', 'C: F']);
  });
});

test('nobody can be given a home where there is no primary', () => {
  expect(() => placeReplicas([], [node(0)], () => ({ host: 'A' }), { movable: 'all' })).toThrow(RangeError);
  expect(placeReplicas([], [], () => ({ host: 'A' }), { movable: 'all' })).toEqual([]);
});

const homes = (spots: Spot[], primaries: number) =>
  fc.array(fc.integer({ min: -1, max: primaries - 1 }), {
    minLength: spots.length - primaries,
    maxLength: spots.length - primaries,
  });
/** The first nodes are primaries, and each of the others has one of them or none (-1). */
const anyLiving = (limits: { nodes: number; hosts: number; zones: number; primaries: number }) =>
  anyStanding(limits)
    .chain(spots => {
      const primaries = fc.integer({ min: 1, max: Math.min(limits.primaries, spots.length) });
      return primaries.chain(count => fc.tuple(fc.constant(spots), fc.constant(count), homes(spots, count)));
    })
    .map(([spots, count, home]): Living => {
      const others = spots.slice(count).map(({ id }) => id);
      const of = (shard: number) => others.filter((_, i) => home[i] === shard);
      const shards = spots.slice(0, count).map(({ id }, i) => ({ primary: id, replicas: of(i) }));
      return { spots, shards, homeless: of(-1) };
    });

/** What is judged, the most important first. */
function judged(
  after: readonly Shard[],
  before: readonly Shard[],
  placeOf: (id: NodeId) => NodePlace,
): number[] {
  const { onPrimaryHost, inPrimaryZone, besideSiblingOnHost, besideSiblingInZone } = scoreOf(after, placeOf);
  const counts = after.map(({ replicas }) => replicas.length);
  const share = counts.reduce((sum, count) => sum + count, 0) / counts.length;
  const missing = counts.map(count => Math.max(0, Math.floor(share) - count, count - Math.ceil(share)));
  const uneven = missing.reduce((sum, count) => sum + count, 0);
  const bare = counts.filter(count => count === 0).length;
  const moves = before.flatMap(({ replicas }, i) => replicas.filter(id => !after[i]?.replicas.includes(id)));
  return [bare, onPrimaryHost, inPrimaryZone, uneven, besideSiblingOnHost, besideSiblingInZone, moves.length];
}

/** Tries every primary for everyone who may move. */
function best({ spots, shards, homeless }: Living, movable: WhichReplicas['movable']): number[] {
  const fixed = movable === 'homeless';
  const trial = shards.map(({ primary, replicas }) => ({ primary, replicas: fixed ? [...replicas] : [] }));
  const movers = fixed ? homeless : [...shards.flatMap(({ replicas }) => replicas), ...homeless];
  const placeOf = placesOf(spots);
  let found: number[] | undefined;
  place(0);
  return found ?? [];

  function place(next: number): void {
    const mover = movers[next];
    if (mover === undefined) {
      const judgement = judged(trial, shards, placeOf);
      if (!found || compareInOrder(judgement, found) < 0) found = judgement;
      return;
    }
    for (const { replicas } of trial) {
      replicas.push(mover);
      place(next + 1);
      replicas.pop();
    }
  }
}

describe.each(['homeless', 'all'] as const)('when %s may move', movable => {
  test('no other way is better', () => {
    fc.assert(
      fc.property(anyLiving({ nodes: 8, hosts: 4, zones: 3, primaries: 3 }), cluster => {
        const { spots, shards, homeless } = cluster;
        const placeOf = placesOf(spots);
        const after = placeReplicas(shards, homeless, placeOf, { movable });
        expect(judged(after, shards, placeOf)).toEqual(best(cluster, movable));
      }),
      { numRuns: 200 },
    );
  });

  test('everybody has one primary afterwards, and a second time nobody moves', () => {
    fc.assert(
      fc.property(anyLiving({ nodes: 40, hosts: 9, zones: 4, primaries: 12 }), cluster => {
        const { spots, shards, homeless } = cluster;
        const after = placeReplicas(shards, homeless, placesOf(spots), { movable });
        expect(after.map(({ primary }) => primary)).toEqual(shards.map(({ primary }) => primary));
        const placed = after.flatMap(({ primary, replicas }) => [primary, ...replicas]);
        expect(placed.sort()).toEqual(spots.map(({ id }) => id).sort());
        if (movable === 'homeless') {
          for (const [i, { replicas }] of shards.entries()) {
            expect(after[i]?.replicas.slice(0, replicas.length)).toEqual(replicas);
          }
        }
        expect(placeReplicas(after, [], placesOf(spots), { movable })).toEqual(after);
      }),
      { numRuns: 200 },
    );
  });
});

test('a thousand nodes are placed anew, as well as can be', () => {
  const spots = standing(Array.from({ length: 1000 }, (_, i) => `h${i % 500}/z${(i % 500) % 3}`).join(' '));
  const ids = spots.map(({ id }) => id);
  const shards = ids.slice(0, 500).map((primary, i) => ({ primary, replicas: ids.slice(500 + i, 501 + i) }));
  const after = placeReplicas(shards, [], placesOf(spots), { movable: 'all' });
  expect(scoreOf(after, placesOf(spots))).toEqual(perfectScore);
});
