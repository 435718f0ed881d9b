/** What of a source goes where in a cluster, and what stands against it. */

import { describe, expect, test } from 'vitest';
import {
  type ImportSource,
  type ImportWays,
  type ImportWishes,
  planImport,
} from '../../../src/plan/transfer/import.ts';
import { type ImportResult, lostAtSource } from '../../../src/plan/transfer/import-events.ts';
import { examine } from '../../../src/topology/diagnose.ts';
import { type Drawing, draw } from '../../support/drawing.ts';
import { planOf, refusalsOf } from '../../support/plan-text.ts';

const HEALTHY = `
  A primary 0-8191
  B primary 8192-16383
  a replica of A
  b replica of B
`;
const WISHES: ImportWishes = {
  copy: false,
  replace: false,
  throughHere: false,
  clash: 'refuse',
  despiteFindings: false,
};

const PLAIN: ImportWays = { hasLogin: false, sourceTls: false, targetTls: false };

function standalone(
  keyspace: Readonly<Record<number, number>>,
  facts: Partial<ImportSource['nodes'][number]['server']> = {},
): ImportSource {
  return {
    nodes: [
      {
        address: { host: 'old', port: 6379 },
        server: {
          product: 'redis',
          version: '7.0.15',
          release: { major: 7, minor: 0 },
          replication: { role: 'primary', offset: 0 },
          databases: [],
          ...facts,
        },
        runId: 'r',
        keyspace: Object.entries(keyspace).map(([database, keys]) => ({ database: Number(database), keys })),
        evicted: 0,
      },
    ],
  };
}

function decide(
  source: ImportSource,
  wishes: Partial<ImportWishes> = {},
  {
    target = draw(HEALTHY),
    targetDatabases = 1,
    ways = PLAIN,
  }: { target?: Drawing; targetDatabases?: number; ways?: ImportWays } = {},
) {
  const situation = { source, target: examine(target.snapshot), targetDatabases, ways };
  return planImport({ ...situation, wishes: { ...WISHES, ...wishes } });
}

describe('databases', () => {
  test('one: as it is', () => {
    expect(planOf(decide(standalone({ 3: 10 })))).toMatchObject({
      databases: [{ database: 3, into: 0, prefix: '', keys: 10 }],
      mayClash: false,
      throughHere: false,
      keys: 10,
    });
  });

  test('several that become one may clash', () => {
    const plan = planOf(decide(standalone({ 0: 1, 3: 10 })));
    expect(plan.mayClash).toBe(true);
    expect(plan.databases.map(({ into }) => into)).toEqual([0, 0]);
  });

  test('told apart by their names, which MIGRATE cannot give', () => {
    const plan = planOf(decide(standalone({ 0: 1, 3: 10 }), { clash: 'prefix' }));
    expect(plan).toMatchObject({ mayClash: false, throughHere: true });
    expect(plan.databases.map(({ prefix }) => prefix)).toEqual(['', 'db3:']);
  });

  test('a cluster that has as many keeps them, whatever is wished for', () => {
    const plan = planOf(decide(standalone({ 0: 1, 3: 10 }), { clash: 'prefix' }, { targetDatabases: 4 }));
    expect(plan).toMatchObject({ mayClash: false, throughHere: false });
    expect(plan.databases.map(({ into, prefix }) => `${into}${prefix}`)).toEqual(['0', '3']);
  });

  test('some of them', () => {
    const plan = planOf(decide(standalone({ 0: 1, 3: 10, 4: 1 }), { databases: [3, 9] }));
    expect(plan.databases.map(({ database }) => database)).toEqual([3]);
    expect(plan.mayClash).toBe(false);
  });
});

describe('refused', () => {
  const kinds = (decision: ReturnType<typeof decide>) => refusalsOf(decision).map(({ kind }) => kind);
  const replica = { replication: { role: 'replica', link: 'up', offset: 0 } } as const;

  test('a source that is part of the cluster', () => {
    const target = draw(HEALTHY);
    const source = { ...standalone({ 0: 1 }), cluster: target.snapshot };
    expect(kinds(decide(source, { despiteFindings: true }, { target }))).toEqual(['same-cluster']);
  });

  test('a cluster that is not healthy, at either end, unless the person insists', () => {
    const damaged = draw('A primary 0-8191\nB primary 8192-16382');
    const cluster = draw('C primary 0-1');
    expect(kinds(decide(standalone({ 0: 1 }), {}, { target: damaged }))).toEqual(['cluster-damaged']);
    const source = { ...standalone({ 0: 1 }), cluster: cluster.snapshot };
    expect(kinds(decide(source))).toEqual(['source-damaged']);
    expect(decide(source, { despiteFindings: true }, { target: damaged }).kind).toBe('plan');
  });

  test('a replica, but for copies that come by way of us', () => {
    const source = standalone({ 0: 1 }, replica);
    expect(kinds(decide(source, { copy: true }))).toEqual(['source-replica']);
    expect(decide(source, { copy: true, throughHere: true }).kind).toBe('plan');
  });

  test('values that are too new: once for each version', () => {
    const source = standalone({ 0: 1 }, { version: '8.6.3', release: { major: 8, minor: 6 } });
    expect(kinds(decide(source))).toEqual(['source-newer']);
    expect(decide(source, { despiteFindings: true }).kind).toBe('plan');
  });

  function smallNode(server: Partial<ImportSource['nodes'][number]['server']>) {
    const target = draw(HEALTHY);
    const views = target.snapshot.views.map(view => ({
      ...view,
      server: { ...view.server, usedMemoryBytes: 10, ...(view.id === target.id('B') && server) },
    }));
    return { target: { ...target, snapshot: { ...target.snapshot, views } } };
  }

  test('nodes that would throw away what comes: the source is to keep it, or somebody insists', () => {
    const small = smallNode({ evictsAboveBytes: 59 });
    const source = standalone({ 0: 1 }, { usedMemoryBytes: 100 });
    const tight = { node: small.target.id('B'), bytes: 60, most: 59, evicts: true };
    expect(refusalsOf(decide(source, {}, small))).toEqual([{ kind: 'target-full', ...tight }]);
    for (const wishes of [{ replace: true }, { throughHere: true }])
      expect(kinds(decide(source, wishes, small))).toEqual(['target-full']);
    for (const wishes of [{ copy: true }, { despiteFindings: true }])
      expect(planOf(decide(source, wishes, small)).tight).toEqual([tight]);
    expect(planOf(decide(standalone({ 0: 1 }, { usedMemoryBytes: 80 }), {}, small)).tight).toEqual([]);
  });

  test('and nodes that would take no more, which throw nothing away', () => {
    const vitals = { runId: 'r', uptimeSeconds: 1, evictedKeys: 0, expiredKeys: 0, isForked: false };
    const small = smallNode({ vitals: { ...vitals, maxMemoryBytes: 59, evictionPolicy: 'noeviction' } });
    expect(refusalsOf(decide(standalone({ 0: 1 }, { usedMemoryBytes: 100 }), {}, small))).toMatchObject([
      { kind: 'target-full', bytes: 60, most: 59, evicts: false },
    ]);
  });

  test('what comes is measured by its share of the keys, and without what no keys take', () => {
    const small = smallNode({ evictsAboveBytes: 59 });
    const vitals = {
      runId: 'r',
      uptimeSeconds: 1,
      evictedKeys: 0,
      expiredKeys: 0,
      evictionPolicy: 'noeviction',
      isForked: false,
    };
    const source = standalone({ 0: 1, 3: 9 }, { usedMemoryBytes: 500 });
    expect(kinds(decide(source, { databases: [3] }, small))).toEqual(['target-full']);
    expect(decide(source, { databases: [0] }, small).kind).toBe('plan');
    const based = standalone({ 0: 1 }, { usedMemoryBytes: 500, vitals: { ...vitals, baseBytes: 450 } });
    expect(decide(based, {}, small).kind).toBe('plan');
  });

  test('a source in plain text that would be told the login of a cluster with TLS', () => {
    const source = standalone({ 0: 1 });
    const ways = { hasLogin: true, sourceTls: false, targetTls: true };
    expect(kinds(decide(source, { despiteFindings: true }, { ways }))).toEqual(['login-in-clear']);
    expect(planOf(decide(source, { throughHere: true }, { ways })).sourceLogsIn).toBe(false);
    expect(planOf(decide(source, {}, { ways: { ...ways, sourceTls: true } })).sourceLogsIn).toBe(true);
    expect(planOf(decide(source, {}, { ways: { ...ways, targetTls: false } })).sourceLogsIn).toBe(true);
    expect(decide(source, {}, { ways: { ...ways, hasLogin: false } }).kind).toBe('plan');
  });

  test('a source that sends in plain text to nodes with TLS', () => {
    const source = standalone({ 0: 1 });
    const ways = { hasLogin: false, sourceTls: false, targetTls: true, sourceSendsTls: false };
    expect(kinds(decide(source, { despiteFindings: true }, { ways }))).toEqual(['source-sends-plain']);
    expect(decide(source, { throughHere: true }, { ways }).kind).toBe('plan');
    expect(decide(source, {}, { ways: { ...ways, targetTls: false } }).kind).toBe('plan');
  });
});

describe('keys that a source had before it was started again', () => {
  const counted: ImportResult = {
    carried: 60,
    alreadyThere: 0,
    overwritten: 0,
    clashing: 0,
    outvoted: 0,
    giants: 0,
    restless: 0,
    isWhole: true,
    source: { before: 100, after: 0 },
    cluster: { before: 7, after: 67 },
    check: { oneOf: 1, missing: 0, expired: 0, deleted: 0, unseen: 0, short: 0 },
    evicted: 0,
    evictedAtSource: 0,
    restarted: [],
    restartedSources: [{ host: 'old', port: 6379 }],
  };
  const moved = { copy: false, expires: 0, expiring: 0 };
  const copied = { ...moved, copy: true };

  test.each<[string, Partial<ImportResult>, Parameters<typeof lostAtSource>[1], number | undefined]>([
    ['never started again', { restartedSources: [] }, moved, 0],
    ['gone with it', {}, moved, 40],
    ['still there', { source: { before: 100, after: 40 } }, moved, 0],
    ['expired, perhaps', {}, { ...moved, expires: 50, expiring: 20 }, 10],
    ['of those that stay none was taken', { source: { before: 100, after: 60 } }, copied, 40],
    ['all were taken', { carried: 97, clashing: 3, source: { before: 100, after: 100 } }, copied, 0],
    ['ended before', { isWhole: false }, copied, undefined],
    [
      'too many to remember',
      { check: { oneOf: 2, missing: 0, expired: 0, deleted: 0, unseen: 0, short: 0 } },
      moved,
      undefined,
    ],
  ])('%s', (_, changes, about, lost) => {
    expect(lostAtSource({ ...counted, ...changes }, about)).toBe(lost);
  });
});
