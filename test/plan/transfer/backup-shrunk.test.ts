/** Shards that have lost most of their keys since the first look, or since the last backup. */
import { describe, expect, test } from 'vitest';
import type { ExpectedDump, SavedDump } from '../../../src/plan/files/backup-manifest.ts';
import { hasShrunk, shrunkSinceBackup } from '../../../src/plan/transfer/backup-shrunk.ts';
import { SlotSet } from '../../../src/topology/slot-set.ts';

test.each([
  [0, 0, false],
  [1, 0, true],
  [99, 1, false],
  [100, 50, false],
  [100, 49, true],
  [50, 100, false],
])('from %i keys to %i', (were, are, shrunk) => {
  expect(hasShrunk(were, are)).toBe(shrunk);
});

describe('since the backup in the folder', () => {
  const id = 'a'.repeat(40);
  const saved = (slots: string, keys?: number): SavedDump => ({
    file: `redis-node-h-1-${id}.rdb`,
    node: id,
    address: `h:${slots}`,
    role: 'primary',
    primary: id,
    slots: SlotSet.parse(slots),
    product: 'redis',
    serverVersion: '7.0.0',
    rdbVersion: 10,
    bytes: 1,
    sha256: '0'.repeat(64),
    replicationId: id,
    offset: 0,
    ...(keys !== undefined && { keys: { '0': keys } }),
  });
  const earlier = (slots: string, keys?: number): ExpectedDump => ({
    file: 'f',
    slots: SlotSet.parse(slots),
    ...(keys !== undefined && { keys }),
  });
  const since = (before: readonly ExpectedDump[], now: readonly SavedDump[]) =>
    shrunkSinceBackup(before, now).map(({ address = 'all', were, are }) => `${address} ${were} ${are}`);

  test.each([
    ['nothing is gone', [earlier('0-9', 500)], [saved('0-9', 500)], []],
    [
      'one shard of two',
      [earlier('0-9', 500), earlier('10-19', 9000)],
      [saved('0-9', 0), saved('10-19', 9000)],
      ['h:0-9 500 0'],
    ],
    [
      'most of all, in another shape',
      [earlier('0-9', 500)],
      [saved('0-4', 100), saved('5-9', 100)],
      ['all 500 200'],
    ],
    ['another shape and all there', [earlier('0-9', 500)], [saved('0-4', 0), saved('5-9', 500)], []],
    ['of what cannot be counted nothing is said', [earlier('0-9', 500)], [saved('0-9')], []],
    [
      'nodes without slots are no shards',
      [earlier('', 500), earlier('0-9', 9000)],
      [saved('', 0), saved('0-9', 9000)],
      [],
    ],
  ] as const)('%s', (_, before, now, shrunk) => {
    expect(since(before, now)).toEqual(shrunk);
  });
});
