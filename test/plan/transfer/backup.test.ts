/** Who gives the data for a backup, and what a backup says of itself. */

import { describe, expect, test } from 'vitest';
import {
  manifestDocument,
  readManifest,
  readNodesJson,
  type SavedDump,
} from '../../../src/plan/files/backup-manifest.ts';
import { backupSources } from '../../../src/plan/transfer/backup.ts';
import { slotsMovedMeanwhile } from '../../../src/plan/transfer/backup-meanwhile.ts';
import { InputError } from '../../../src/topology/input-error.ts';
import { SlotSet } from '../../../src/topology/slot-set.ts';
import { draw } from '../../support/drawing.ts';

const THREE = 'A primary 0-5460\nB primary 5461-10922\nC primary 10923-16383\n';

describe('the data are given', () => {
  const named = (drawing: string, fromReplicas: boolean) => {
    const drawn = draw(drawing);
    const { sources, missing } = backupSources(drawn.snapshot, fromReplicas);
    return {
      sources: sources.map(({ id, primary }) => drawn.named(id === primary ? id : `${id} for ${primary}`)),
      missing: missing.map(({ primary, slots }) => drawn.named(`${primary} ${slots}`)),
    };
  };

  test('by every primary', () => {
    expect(named(`${THREE}a replica of A`, false)).toEqual({ sources: ['A', 'B', 'C'], missing: [] });
  });

  test('or by a replica of each, where there is one', () => {
    expect(named(`${THREE}a replica of A\nb replica of B`, true)).toEqual({
      sources: ['a for A', 'b for B'],
      missing: ['C 10923-16383'],
    });
  });

  test('by nobody, where an owner does not answer', () => {
    const drawing = 'A primary 0-5460\nB primary 5461-10922\nC primary 10923-16383 down';
    expect(named(drawing, false)).toEqual({ sources: ['A', 'B'], missing: ['C 10923-16383'] });
  });
});

test('slots that move meanwhile are noticed, and a failover is none', () => {
  const { snapshot: before } = draw(`${THREE}c replica of C`);
  const moved = draw('A primary 1-5460\nB primary 0,5461-10922\nC primary 10923-16383');
  const failedOver = draw('A primary 0-5460\nB primary 5461-10922\nc primary 10923-16383');
  expect(slotsMovedMeanwhile(before, before).size).toBe(0);
  expect(slotsMovedMeanwhile(before, failedOver.snapshot).size).toBe(0);
  expect(slotsMovedMeanwhile(before, moved.snapshot).has(0)).toBe(true);
});

describe('a manifest', () => {
  const id = 'c'.repeat(40);
  const dump: SavedDump = {
    file: `redis-node-10.0.0.1-7000-${id}.rdb`,
    node: id,
    address: '10.0.0.1:7000',
    role: 'primary',
    primary: id,
    slots: SlotSet.parse('0-99,4000'),
    product: 'redis',
    serverVersion: '7.0.15',
    rdbVersion: 10,
    bytes: 1234,
    sha256: 'd'.repeat(64),
    replicationId: 'e'.repeat(40),
    offset: 5,
    keys: { 0: 3, 1: 4 },
    functionLibraries: 0,
  };
  const time = '2026-01-02T03:04:05.678Z';
  const text = manifestDocument([dump], time);

  test('is read as far as a restore goes by it', () => {
    const { file, bytes, sha256, slots } = dump;
    expect(readManifest(text)).toEqual({ time, dumps: [{ file, bytes, sha256, slots, keys: 7 }] });
  });

  test.each([
    [text.slice(0, 50), 'not JSON'],
    [text.replace('"version": 1', '"version": 2'), 'of a kind'],
    [text.replace('slotctl-backup', 'slotctl-plan'), 'of a kind'],
    [text.replace(dump.file, '../../etc/passwd'), 'file cannot be'],
    [text.replace(dump.file, `redis-node-../x-7000-${id}.rdb`), 'file cannot be'],
    [text.replace('1234', '-1'), 'bytes cannot be'],
    [text.replace('0-99,4000', 'of all'), 'slots cannot be'],
    [text.replace('"0": 3', '"0": "three"'), 'keys cannot be'],
    ['null', 'manifest.json cannot be'],
  ])('that says something else is refused: %#', (document, complaint) => {
    expect(() => readManifest(document)).toThrow(complaint);
    expect(() => readManifest(document)).toThrow(InputError);
  });

  test('is missing where another tool has made the backup; then nodes.json names the primaries', () => {
    const nodes = JSON.stringify([
      { name: id, replicate: null },
      { name: 'f'.repeat(40), replicate: id },
    ]);
    expect(readNodesJson(nodes, ['nodes.json', dump.file])).toEqual({ dumps: [{ file: dump.file }] });
    expect(() => readNodesJson(nodes, ['nodes.json'])).toThrow(`no file with the data of ${id}`);
    expect(() => readNodesJson('[{"name": "../x", "replicate": null}]', [])).toThrow(InputError);
  });
});
