/** Whether what would come to a node fits within its limit. */
import { describe, expect, test } from 'vitest';
import { movesIntoLimits, withoutRoom } from '../../../src/plan/slots/room.ts';
import { SlotSet, slot } from '../../../src/topology/slot-set.ts';
import type { ServerFacts, Vitals } from '../../../src/topology/snapshot.ts';
import { draw } from '../../support/drawing.ts';

const MB = 1024 * 1024;
const drawn = draw('A primary 0-9999\nB primary 10000-16383');
const [A, B] = [drawn.id('A'), drawn.id('B')];
const BASE = 2 * MB;

interface Memory {
  readonly used: number;
  readonly keys?: number;
  readonly most?: number;
  readonly policy?: string;
  readonly unlimited?: number;
  readonly databases?: readonly number[];
}

function facts(server: ServerFacts, { used, keys, most, policy, unlimited, databases }: Memory): ServerFacts {
  const vitals: Vitals = {
    runId: '1'.repeat(40),
    uptimeSeconds: 1,
    evictedKeys: 0,
    expiredKeys: 0,
    ...(most !== undefined && { maxMemoryBytes: most }),
    evictionPolicy: policy ?? 'allkeys-lru',
    isForked: false,
    baseBytes: BASE,
    ...(unlimited !== undefined && { unlimitedBytes: unlimited }),
  };
  return {
    ...server,
    usedMemoryBytes: used,
    ...(keys !== undefined && { keys }),
    ...(databases && { databases }),
    vitals,
  };
}

/** From A to B: slots 0 to 99, with a thousand keys in slot 0, where they were counted. */
function refusals(source: Memory, target: Memory, { counted = true, moving = 1000 } = {}) {
  const views = drawn.snapshot.views.map(view => ({
    ...view,
    server: facts(view.server, view.id === A ? source : target),
  }));
  const moves = [{ from: A, to: B, slots: SlotSet.range(0, 99) }];
  const keys = new Map(counted ? [[A, new Map([[slot(0), moving]])]] : []);
  return withoutRoom({ ...drawn.snapshot, views }, moves, keys);
}

/** A kilobyte each, of which a tenth would move. */
const SOURCE: Memory = { used: BASE + 10_000 * 1024, keys: 10_000 };

test('a full target may be given slots without keys', () => {
  expect(refusals(SOURCE, { used: 9.9 * MB, most: 10 * MB }, { moving: 0 })).toEqual([]);
});

describe('what comes takes the average of its source for each key, and a margin', () => {
  test.each<[string, Memory, Memory, number]>([
    ['no limit, nothing to judge', SOURCE, { used: 100 * MB }, 0],
    ['room enough', SOURCE, { used: BASE, most: 10 * MB }, 0],
    ['an allkeys policy is no refusal while there is room', SOURCE, { used: 8 * MB, most: 20 * MB }, 0],
    ['too little', SOURCE, { used: 9.5 * MB, most: 10 * MB }, 1],
    ['too little for the margin', SOURCE, { used: 8.7 * MB, most: 10 * MB }, 1],
    ['also where writes are refused', SOURCE, { used: 9.5 * MB, most: 10 * MB, policy: 'noeviction' }, 1],
    [
      'what waits for replicas is not counted',
      SOURCE,
      { used: 9.5 * MB, most: 10 * MB, unlimited: 5 * MB },
      0,
    ],
    [
      'a nearly empty source tells nothing of its keys',
      { used: BASE + 1000, keys: 1000 },
      { used: 5 * MB, most: 6 * MB },
      0,
    ],
    ['but a full target is full', { used: BASE + 1000, keys: 1000 }, { used: 9.9 * MB, most: 10 * MB }, 1],
    ['few keys and large', { used: BASE + 1000 * MB, keys: 1000 }, { used: BASE, most: 900 * MB }, 1],
  ])('%s', (_, source, target, count) => {
    expect(refusals(source, target)).toHaveLength(count);
  });

  test('the numbers', () => {
    expect(refusals(SOURCE, { used: 9 * MB, most: 10 * MB })).toEqual([
      {
        kind: 'no-room',
        node: B,
        policy: 'allkeys-lru',
        usedBytes: 9 * MB,
        comingBytes: 1000 * 1024,
        neededBytes: Math.ceil(9 * MB + 1000 * 1024 * 1.1 + 10 * MB * 0.03),
        mostBytes: 10 * MB,
      },
    ]);
  });
});

describe('where keys were not counted, slots share the data of their owner', () => {
  test.each<[string, Memory, { counted?: boolean }, number]>([
    ['a hundredth comes', SOURCE, { counted: false }, Math.ceil((10_000 * 1024) / 100)],
    ['counts are of database 0', { ...SOURCE, databases: [0, 3] }, {}, Math.ceil((10_000 * 1024) / 100)],
  ])('%s', (_, source, how, bytes) => {
    const [refusal] = refusals(source, { used: 10 * MB, most: 10 * MB }, how);
    expect(refusal?.comingBytes).toBe(bytes);
  });
});

test('what leaves a target by the same plan makes no room', () => {
  const views = drawn.snapshot.views.map(view => ({
    ...view,
    server: facts(view.server, { ...SOURCE, most: BASE + 10_100 * 1024 }),
  }));
  const moves = [
    { from: A, to: B, slots: SlotSet.range(0, 999) },
    { from: B, to: A, slots: SlotSet.range(10_000, 16_000) },
  ];
  const refused = withoutRoom({ ...drawn.snapshot, views }, moves, new Map());
  expect(refused.map(({ node }) => node)).toEqual([B, A]);
});

test('only moves to nodes with a limit need a count', () => {
  const views = drawn.snapshot.views.map(view => ({
    ...view,
    server: facts(view.server, { ...SOURCE, ...(view.id === B && { most: MB }) }),
  }));
  const moves = [
    { from: A, to: B, slots: SlotSet.range(0, 9) },
    { from: B, to: A, slots: SlotSet.range(10_000, 10_009) },
  ];
  expect(movesIntoLimits({ ...drawn.snapshot, views }, moves)).toEqual([moves[0]]);
});
