/** What comes to light in the look after all is done. */
import { expect, test } from 'vitest';
import { lateLosses, silentParties } from '../../../src/plan/slots/late-loss.ts';
import type { ClusterSnapshot, Vitals } from '../../../src/topology/snapshot.ts';
import { draw } from '../../support/drawing.ts';

const { snapshot, id } = draw('A primary 0-8191\nB primary 8192-16383\nC primary');
const [A, B, C] = [id('A'), id('B'), id('C')];

function withVitals(changed: Readonly<Record<string, Partial<Vitals>>>): ClusterSnapshot {
  const usual = {
    uptimeSeconds: 9,
    evictedKeys: 0,
    expiredKeys: 0,
    evictionPolicy: 'noeviction',
    isForked: false,
  };
  const views = snapshot.views.map(view => {
    const vitals = { runId: `${view.id}`, ...usual, ...changed[view.id] };
    return { ...view, server: { ...view.server, keys: 7, vitals } };
  });
  return { ...snapshot, views };
}

const before = withVitals({});
const routes = [{ from: A, to: B }];
const nobody = new Set<typeof A>();

test('nothing is lost where nothing has changed', () => {
  expect(lateLosses(before, withVitals({}), routes, nobody)).toEqual([]);
});

test('both ends of a route count, and nobody else', () => {
  const now = withVitals(Object.fromEntries([A, B, C].map(node => [node, { runId: 'f'.repeat(40) }])));
  expect(lateLosses(before, now, routes, nobody)).toEqual([
    { kind: 'restarted', node: A, role: 'source', keysBefore: 7, keysNow: 7 },
    { kind: 'restarted', node: B, role: 'target', keysBefore: 7, keysNow: 7 },
  ]);
});

test('what was told is not told again', () => {
  const now = withVitals({ [B]: { runId: 'f'.repeat(40) } });
  expect(lateLosses(before, now, routes, new Set([B]))).toEqual([]);
});

test('keys that were evicted', () => {
  const now = withVitals({ [B]: { evictedKeys: 3 } });
  expect(lateLosses(before, now, routes, nobody)).toMatchObject([
    { kind: 'evicted', node: B, role: 'target', keys: 3, isUsual: false },
  ]);
});

test('who is silent is told of as a finding', () => {
  const now = { ...before, views: before.views.filter(view => view.id !== B) };
  expect(lateLosses(before, now, routes, nobody)).toEqual([]);
});

test('who is silent, gave or got slots, and owns some may have lost keys, also where nobody answers any more', () => {
  const without = (...gone: readonly (typeof A)[]) => ({
    ...before,
    views: before.views.filter(view => !gone.includes(view.id)),
  });
  expect(silentParties(before, without(B), routes)).toEqual([B]);
  expect(silentParties(before, without(A, B, C), routes)).toEqual([A, B]);
  expect(silentParties(before, without(C), routes)).toEqual([]);
  expect(silentParties(before, without(C), [{ from: C, to: B }]), 'it owns no slots').toEqual([]);
});

test('a source that evicts as it always did has lost nothing by the move', () => {
  const full = { evictedKeys: 5, evictionPolicy: 'allkeys-lru', maxMemoryBytes: 1 };
  const then = withVitals({ [A]: full });
  const now = withVitals({ [A]: { ...full, evictedKeys: 9 } });
  const used = (seen: ClusterSnapshot) => ({
    ...seen,
    views: seen.views.map(view => ({ ...view, server: { ...view.server, usedMemoryBytes: 2 } })),
  });
  expect(lateLosses(used(then), used(now), routes, nobody)).toEqual([]);
});
