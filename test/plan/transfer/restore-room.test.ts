/** Whether nodes have room for a backup, and which of them may have lost what they were sent. */
import { describe, expect, test } from 'vitest';
import { restoreDoubts } from '../../../src/plan/transfer/restore.ts';
import { addMemory } from '../../../src/plan/transfer/restore-room.ts';
import { SlotSet } from '../../../src/topology/slot-set.ts';
import type { NodeView, Vitals } from '../../../src/topology/snapshot.ts';
import { draw } from '../../support/drawing.ts';

describe('what a file takes in memory', () => {
  const sum = (usedMemoryBytes?: number) => {
    const total = new Float64Array(4);
    const file = { bytes: Float64Array.of(1000, 3000, 0, 0), keys: Float64Array.of(0, 0, 0, 0) };
    addMemory(total, { ...file, ...(usedMemoryBytes !== undefined && { usedMemoryBytes }) });
    return [...total];
  };
  test('is what its keys take in it, or their share of what the server used that saved it', () => {
    expect(sum()).toEqual([1000, 3000, 0, 0]);
    expect(sum(4 * 1024 * 1024 + 40_000)).toEqual([10_000, 30_000, 0, 0]);
    expect(sum(1024)).toEqual([1000, 3000, 0, 0]);
  });

  test('has an overhead for each key', () => {
    const total = new Float64Array(1);
    addMemory(total, { bytes: Float64Array.of(20), keys: Float64Array.of(2) });
    expect([...total]).toEqual([180]);
  });
});

describe('in doubt is', () => {
  const vitals = (runId: string): Vitals => ({
    runId,
    uptimeSeconds: 1,
    evictedKeys: 0,
    expiredKeys: 0,
    evictionPolicy: 'noeviction',
    isForked: false,
  });
  const withRun = (view: NodeView, runId: string): NodeView => ({
    ...view,
    server: { ...view.server, vitals: vitals(runId) },
  });
  const doubtful = (after: string, restarted = false) => {
    const { snapshot } = draw('A primary 0-8191\nB primary 8192-16383\na replica of A');
    const now = draw(after).snapshot;
    const first = new Map(snapshot.views.map(view => [view.id, withRun(view, '1')]));
    const views = now.views.map((view, i) => withRun(view, restarted && i === 0 ? '2' : '1'));
    const sent = new Map(
      snapshot.views.flatMap(({ id, self }) => (self.role === 'primary' ? [[id, self.slots]] : [])),
    );
    return `${restoreDoubts(sent, first, { ...now, views }).slots}`;
  };
  const same = 'A primary 0-8191\nB primary 8192-16383\na replica of A';
  test.each([
    ['nothing, where nothing happened', same, false, ''],
    ['what was sent to who was started again', same, true, '0-8191'],
    [
      'what was sent to who is no primary any more',
      'A replica of a\nB primary 8192-16383\na primary 0-8191',
      false,
      '0-8191',
    ],
    ['what was sent to who is gone', 'B primary 8192-16383\na primary 0-8191', false, '0-8191'],
    ['nothing, where slots moved on', 'A primary 0-99\nB primary 100-16383\na replica of A', false, ''],
  ])('%s', (_, after, restarted, slots) => {
    expect(doubtful(after, restarted)).toBe(slots);
  });

  test('nothing that was never sent', () => {
    const { snapshot } = draw(same);
    const sent = new Map(snapshot.views.map(({ id }) => [id, SlotSet.empty]));
    expect(restoreDoubts(sent, new Map(), { ...snapshot, views: [] }).nodes).toEqual([]);
  });
});
