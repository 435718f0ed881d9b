import { describe, expect, test } from 'vitest';
import { nodeId } from '../../src/topology/node.ts';
import { alarmOf, type Doubt, doubtsBetween, isEvicting } from '../../src/topology/server-changes.ts';
import { SlotSet } from '../../src/topology/slot-set.ts';
import type { ClusterSnapshot, NodeView, ServerFacts, Vitals } from '../../src/topology/snapshot.ts';

const A = nodeId('a'.repeat(40));
const healthy: Vitals = {
  runId: '1'.repeat(40),
  uptimeSeconds: 60,
  evictedKeys: 3,
  expiredKeys: 0,
  evictionPolicy: 'allkeys-lru',
  isForked: false,
};

function seen(keys: number, vitals?: Vitals, role: 'primary' | 'replica' = 'primary'): ClusterSnapshot {
  const facts = { id: A, flags: [], health: 'ok', configEpoch: 1, linked: true } as const;
  const view: NodeView = {
    id: A,
    address: { host: '127.0.0.1', port: 7000 },
    self: role === 'primary' ? { ...facts, role, slots: SlotSet.all } : { ...facts, role },
    nodes: [],
    open: { migrating: new Map(), importing: new Map() },
    server: {
      product: 'redis',
      version: '7.0.15',
      release: { major: 7, minor: 0 },
      replication: { role: 'primary', offset: 1 },
      databases: [0],
      keys,
      ...(vitals && { vitals }),
    },
  };
  return { entry: A, views: [view], unreachable: [] };
}

describe('between two looks at a node', () => {
  test.each<[string, ClusterSnapshot, Doubt[]]>([
    ['the same process with other keys is not doubted', seen(12, healthy), []],
    [
      'keys that it evicted are counted from the first look on',
      seen(10, { ...healthy, evictedKeys: 8 }),
      [{ kind: 'evicted', node: A, keys: 5 }],
    ],
    [
      'another process may have come back with less, also where it has evicted nothing',
      seen(4, { ...healthy, runId: '2'.repeat(40), evictedKeys: 0 }),
      [{ kind: 'restarted', node: A, keysBefore: 10, keysNow: 4 }],
    ],
    ['a node that keeps its vital signs to itself is not doubted', seen(10), []],
    [
      'one that does not answer any more is',
      { entry: A, views: [], unreachable: [] },
      [{ kind: 'silent', node: A }],
    ],
  ])('%s', (_, now, doubts) => {
    expect(doubtsBetween(seen(10, healthy), now)).toEqual(doubts);
  });

  test('replicas are looked at only where they are named', () => {
    const now = seen(0, { ...healthy, runId: '2'.repeat(40) }, 'replica');
    expect(doubtsBetween(seen(10, healthy, 'replica'), now)).toEqual([]);
    expect(doubtsBetween(seen(10, healthy, 'replica'), now, new Set([A]))).toHaveLength(1);
  });
});

describe('a reason to send no more keys', () => {
  const server = (used: number, vitals: Partial<Vitals> = {}): ServerFacts => {
    const [view] = seen(10, { ...healthy, maxMemoryBytes: 1000, ...vitals }).views;
    if (!view) throw new Error('there is one');
    return { ...view.server, usedMemoryBytes: used };
  };
  const [before] = seen(10, healthy).views;

  test.each<[string, ServerFacts, boolean, string | undefined]>([
    ['none', server(900), true, undefined],
    ['it has evicted', server(900, { evictedKeys: 4 }), true, 'evicted'],
    ['which is no matter where keys leave', server(990, { evictedKeys: 4 }), false, undefined],
    ['it is full', server(981), true, 'full'],
    ['what is not counted does not fill it', server(981, { unlimitedBytes: 100 }), true, undefined],
    ['it was started again', server(900, { runId: '2'.repeat(40) }), true, 'restarted'],
    ['which matters everywhere', server(900, { runId: '2'.repeat(40) }), false, 'restarted'],
  ])('%s', (_, now, getsKeys, kind) => {
    expect(before && alarmOf(before, now, { getsKeys })?.kind).toBe(kind);
  });

  test.each<[string, ServerFacts, boolean]>([
    ['at its limit, and it has', server(960), true],
    ['it did once, and has room again', server(900), false],
    ['it never did', server(960, { evictedKeys: 0 }), false],
    ['it turns writes away', server(960, { evictionPolicy: 'noeviction' }), false],
  ])('evicts now: %s', (_, now, evicts) => {
    expect(isEvicting(now)).toBe(evicts);
  });
});
