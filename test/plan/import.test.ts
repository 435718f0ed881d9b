/** What of a source goes where in a cluster, and what stands against it. */
import { describe, expect, test } from 'vitest';
import {
  type ImportResult,
  type ImportSource,
  type ImportWishes,
  missingKeys,
  planImport,
} from '../../src/plan/import.ts';
import { type Drawing, draw } from '../support/drawing.ts';
import { planOf, refusalsOf } from '../support/plan-text.ts';

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
        expired: 0,
        evicted: 0,
      },
    ],
  };
}

function decide(
  source: ImportSource,
  wishes: Partial<ImportWishes> = {},
  { target = draw(HEALTHY), targetDatabases = 1 }: { target?: Drawing; targetDatabases?: number } = {},
) {
  return planImport({ source, target: target.snapshot, targetDatabases, wishes: { ...WISHES, ...wishes } });
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

  test('nodes that would throw away what comes, unless the source keeps it', () => {
    const target = draw(HEALTHY);
    const views = target.snapshot.views.map(view => ({
      ...view,
      server: {
        ...view.server,
        usedMemoryBytes: 10,
        ...(view.id === target.id('B') && { evictsAboveBytes: 59 }),
      },
    }));
    const small = { target: { ...target, snapshot: { ...target.snapshot, views } } };
    const source = standalone({ 0: 1 }, { usedMemoryBytes: 100 });
    expect(refusalsOf(decide(source, {}, small))).toEqual([
      { kind: 'target-evicts', node: target.id('B'), bytes: 60, most: 59 },
    ]);
    for (const wishes of [{ copy: true }, { despiteFindings: true }])
      expect(decide(source, wishes, small).kind).toBe('plan');
    expect(decide(standalone({ 0: 1 }, { usedMemoryBytes: 98 }), {}, small).kind).toBe('plan');
  });
});

describe('keys that are missing afterwards', () => {
  const counted: ImportResult = {
    carried: 100,
    alreadyThere: 0,
    overwritten: 0,
    clashing: 0,
    outvoted: 0,
    giants: 0,
    source: { before: 100, after: 0 },
    cluster: { before: 7, after: 107 },
    expired: 0,
    evicted: 0,
  };

  test.each<[string, Partial<ImportResult>, unexplained: number, evicted: number]>([
    ['none', {}, 0, 0],
    ['none, and others have come', { cluster: { before: 7, after: 200 } }, 0, 0],
    ['some', { cluster: { before: 7, after: 100 } }, 7, 0],
    ['expired', { cluster: { before: 7, after: 100 }, expired: 7 }, 0, 0],
    ['evicted', { cluster: { before: 7, after: 100 }, evicted: 9 }, 0, 7],
    ['perhaps there before', { cluster: { before: 7, after: 7 }, isBlind: true }, 0, 0],
    ['were there before', { cluster: { before: 7, after: 100 }, alreadyThere: 4, overwritten: 3 }, 0, 0],
  ])('%s', (_, changes, unexplained, evicted) => {
    expect(missingKeys({ ...counted, ...changes })).toEqual({ unexplained, evicted });
  });
});
