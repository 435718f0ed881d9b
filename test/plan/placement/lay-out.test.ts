import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { layOut } from '../../../src/plan/placement/lay-out.ts';
import { perfectScore, type Shard, scoreOf } from '../../../src/plan/placement/score.ts';
import { anyStanding, drawn, node, placesOf, standing } from '../standing.ts';

function laidOut(places: string, primaries: number) {
  const spots = standing(places);
  const shards = layOut(spots, primaries);
  return { shards: drawn(shards, spots), score: scoreOf(shards, placesOf(spots)) };
}

const many = (count: number, place: (i: number) => string) =>
  standing(Array.from({ length: count }, (_, i) => place(i)).join(' '));

describe('the layout of a new cluster', () => {
  test('on three hosts with two nodes each loses no shard with a host', () => {
    expect(laidOut('A A B B C C', 3)).toEqual({ shards: ['A: C', 'B: A', 'C: B'], score: perfectScore });
  });

  test('is the same whether nodes are named host by host or in turn', () => {
    expect(laidOut('A B C A B C', 3)).toEqual(laidOut('A A B B C C', 3));
  });

  test('keeps every replica off the host of its primary where two hosts are all there is', () => {
    expect(laidOut('A A A A B B B', 3)).toEqual({
      shards: ['A: B', 'B: A A', 'A: B'],
      score: { ...perfectScore, besideSiblingOnHost: 1 },
    });
  });

  test('on one host is what it must be', () => {
    expect(laidOut('A A A A A A', 3)).toEqual({
      shards: ['A: A', 'A: A', 'A: A'],
      score: { ...perfectScore, onPrimaryHost: 3 },
    });
  });

  test('without replicas has a shard per node, neighbours on different hosts', () => {
    expect(laidOut('A A B B C C', 6).shards).toEqual(['A:', 'B:', 'C:', 'A:', 'B:', 'C:']);
  });

  test('spreads each shard over three zones', () => {
    const { shards, score } = laidOut('A/x B/x C/x D/y E/y F/y G/z H/z I/z', 3);
    expect(score).toEqual(perfectScore);
    expect(shards.map(shard => shard[0])).toEqual(['A', 'D', 'G']);
  });

  test('prefers another host in the zone to the same host, and another zone to both', () => {
    expect(laidOut('A/x A/x B/x B/x', 2).score).toEqual({ ...perfectScore, inPrimaryZone: 2 });
    expect(laidOut('A/x A/x B/x B/x C/y C/y', 3).score).toEqual({ ...perfectScore, inPrimaryZone: 1 });
    expect(laidOut('A/x B/x C/y', 1).shards).toEqual(['C: A B']);
  });

  test('gives up even primaries, if it must, for replicas that survive: the zone with one host takes both', () => {
    const { shards, score } = laidOut('A/x B/x C/y C/y', 2);
    expect(score).toEqual(perfectScore);
    expect(shards).toEqual(['A: C', 'C: B']);
    expect(laidOut('A A B C D', 1).shards).toEqual(['B: A A C D']);
  });

  test('chooses between primaries that are equally even by what is left for the replicas', () => {
    const { shards, score } = laidOut('A/x A/x B/y A/x C/x C/x', 2);
    expect(score).toEqual({
      ...perfectScore,
      inPrimaryZone: 2,
      besideSiblingOnHost: 1,
      besideSiblingInZone: 1,
    });
    expect(shards).toEqual(['C: A A', 'B: A C']);
  });

  test('puts as few replicas as possible beside their primary where one host has most of the nodes', () => {
    expect(laidOut('A A A A A A B C', 4).score).toEqual({ ...perfectScore, onPrimaryHost: 2 });
    // With two replicas each, primaries on A would cost even more.
    const { shards, score } = laidOut('A A A A A A B B B', 3);
    expect(score).toEqual({ ...perfectScore, besideSiblingOnHost: 3 });
    expect(shards).toEqual(['B: A A', 'B: A A', 'B: A A']);
  });

  test('takes the first nodes of a host for primaries, and names replicas in the order given', () => {
    const spots = standing('A A A B B B');
    expect(layOut(spots, 2)).toEqual([
      { primary: node(0), replicas: [node(4), node(5)] },
      { primary: node(3), replicas: [node(1), node(2)] },
    ]);
  });

  test('keeps to the primaries that were chosen, and to their order', () => {
    const shards = layOut(standing('A A B B C C'), [node(5), node(0), node(1)]);
    expect(shards.map(({ primary }) => primary)).toEqual([node(5), node(0), node(1)]);
    expect(scoreOf(shards, placesOf(standing('A A B B C C')))).toEqual(perfectScore);
  });

  test.each([0, 4, -1, 1.5])('cannot have %d primaries of three nodes', count => {
    expect(() => layOut(standing('A B C'), count)).toThrow(RangeError);
  });

  test('refuses primaries that are unknown or named twice', () => {
    expect(() => layOut(standing('A B C'), [node(7)])).toThrow(RangeError);
    expect(() => layOut(standing('A B C'), [node(0), node(0)])).toThrow(RangeError);
  });
});

const anyCluster = anyStanding({ nodes: 60, hosts: 12, zones: 4 }).chain(spots =>
  fc.record({
    spots: fc.constant(spots),
    primaries: fc.oneof(
      fc.integer({ min: 1, max: spots.length }),
      fc.shuffledSubarray(
        spots.map(({ id }) => id),
        { minLength: 1 },
      ),
    ),
  }),
);

describe('any layout', () => {
  test('has every node once, as many primaries as asked for, and replicas divided evenly', () => {
    fc.assert(
      fc.property(anyCluster, ({ spots, primaries }) => {
        const shards = layOut(spots, primaries);
        const count = typeof primaries === 'number' ? primaries : primaries.length;
        expect(shards).toHaveLength(count);
        if (typeof primaries !== 'number') expect(shards.map(s => s.primary)).toEqual(primaries);
        expect(membersOf(shards)).toEqual(spots.map(({ id }) => id).sort());
        const share = (spots.length - count) / count;
        for (const { replicas } of shards) {
          expect([Math.floor(share), Math.ceil(share)]).toContain(replicas.length);
        }
      }),
    );
  });

  test('is the same when made again', () => {
    fc.assert(
      fc.property(anyCluster, ({ spots, primaries }) => {
        expect(layOut(structuredClone(spots), primaries)).toEqual(layOut(spots, primaries));
      }),
    );
  });

  test.each([
    ['60 nodes on hosts of all sizes', many(60, i => `h${Math.floor(Math.sqrt(i * 4))}/z${i % 3}`), 20],
    ['1000 hosts', many(1000, i => `h${i}`), 500],
    ['10 hosts with 100 nodes each', many(1000, i => `h${i % 10}`), 333],
    ['500 hosts in 3 zones', many(1000, i => `h${i % 500}/z${(i % 500) % 3}`), 500],
    ['one host with most of 1000 nodes', many(1000, i => (i < 600 ? 'big' : `h${i}`)), 500],
  ])('of %s comes to an end', (_, spots, primaries) => {
    expect(layOut(spots, primaries)).toHaveLength(primaries);
  });
});

function membersOf(shards: readonly Shard[]): string[] {
  return shards.flatMap(({ primary, replicas }) => [primary, ...replicas]).sort();
}
