/** What people and programs are told of an import. */
import { describe, expect, test } from 'vitest';
import type { ImportEvent, ImportResult } from '../../../src/plan/transfer/import-events.ts';
import { importEventLine } from '../../../src/report/json/import-events.ts';
import { plain } from '../../../src/report/paint.ts';
import { importEventText, importingLine } from '../../../src/report/text/import.ts';
import { judgeImport } from '../../../src/report/text/import-verdict.ts';

const node = { host: 'a', port: 7000 };
const RESULT: ImportResult = {
  carried: 100,
  alreadyThere: 0,
  overwritten: 0,
  clashing: 0,
  outvoted: 0,
  giants: 0,
  restless: 0,
  isWhole: true,
  source: { before: 100, after: 0 },
  cluster: { before: 0, after: 100 },
  check: { oneOf: 1, missing: 0, expired: 0, deleted: 0, unseen: 0, short: 0 },
  evicted: 0,
  evictedAtSource: 0,
  restarted: [],
  restartedSources: [],
  lostAtSource: 0,
};

describe('the lines that scripts know', () => {
  const text = (event: ImportEvent) => importEventText(event, plain);

  test('how many keys of which database', () => {
    const database = { database: 3, into: 0, prefix: '', keys: 5 };
    expect(text({ kind: 'database-began', database })).toBe('*** Importing 5 keys from DB 3\n');
  });

  test('each key, where that is wanted; what is no plain name is quoted', () => {
    const names = ['"user:1"', '"with blanks"', '"\\u0000"'];
    expect(text({ kind: 'carried', keys: 3, to: node, names })).toBe(
      'Migrating user:1 to a:7000: OK\nMigrating "with blanks" to a:7000: OK\nMigrating "\\u0000" to a:7000: OK\n',
    );
    expect(text({ kind: 'carried', keys: 3, to: node })).toBe('');
  });
});

test.each([
  [0, 100, 0, 'Imported 0 of 100 keys (0 keys/s)'],
  [50, 100, 1000, 'Imported 50 of 100 keys (50 keys/s, 1 s left)'],
  [10, 10_000, 1000, 'Imported 10 of 10000 keys (10 keys/s, 16 min 39 s left)'],
  [1, 1, 1000, 'Imported 1 of 1 key (1 keys/s)'],
])('progress: %i of %i after %i ms', (keys, of, ms, line) => {
  expect(importingLine({ keys, of, ms })).toBe(line);
});

describe('what came of it', () => {
  const problemsOf = (changes: Partial<ImportResult>, copy = false) =>
    judgeImport({ ...RESULT, ...changes }, copy).problems.join(' ');

  test('all is well', () => {
    expect(judgeImport(RESULT, false)).toEqual({
      isDone: true,
      lines: ['The source had 100 keys and has 0; the cluster had 0 and has 100.'],
      problems: [],
    });
  });

  test.each<[string, Partial<ImportResult>, RegExp]>([
    [
      'other values',
      { clashing: 2, source: { before: 100, after: 2 } },
      /^2 keys had other values in the cluster and stayed at the source\.$/,
    ],
    ['too big', { giants: 1, source: { before: 100, after: 1 } }, /^1 key stayed at the source: too big\.$/],
    [
      'came late',
      { source: { before: 100, after: 1 } },
      /^1 key was added at the source during the import and is still there\. Run .* to take it\.$/,
    ],
    [
      'missing',
      { check: { ...RESULT.check, missing: 10 } },
      /^Of 100 keys that the cluster received, 10 are missing: clients may have deleted them, or a replica .* The source no longer has them\.$/,
    ],
    [
      'lost by a node',
      { check: { ...RESULT.check, missing: 1 }, restarted: [node] },
      /^Of 100 keys that the cluster received, 1 is missing: a:7000 was restarted and came back without data/,
    ],
    [
      'too many to look for all',
      { check: { ...RESULT.check, missing: 20, oneOf: 4 } },
      /received, about 20 are missing/,
    ],
    [
      'fewer than should be',
      { check: { ...RESULT.check, oneOf: 4, short: 10 } },
      /^The cluster has 10 keys fewer than it should/,
    ],
    [
      'nobody knows',
      { check: { ...RESULT.check, oneOf: 4 }, restarted: [node] },
      /^a:7000 was restarted during the import\. One in 4 keys was looked for/,
    ],
    ['not seen', { check: { ...RESULT.check, unseen: 3 } }, /^3 keys could not be looked for afterwards/],
    ['evicted', { evicted: 10 }, /^The cluster evicted 10 keys during the import/],
    ['evicted at the source', { evictedAtSource: 1 }, /^The source evicted 1 key during the import/],
    [
      'gone from the source',
      { restartedSources: [node], lostAtSource: 2 },
      /^a:7000 was restarted during the import; 2 keys from before were gone afterwards, and were not taken\.$/,
    ],
    [
      'restless',
      { restless: 1, source: { before: 100, after: 1 } },
      /^1 key stayed at the source: clients keep changing it\./,
    ],
    ['slots of the source', { sourceMoved: true }, /^Slots of the source moved during the import/],
  ])('a problem: %s', (_, changes, sentence) => {
    expect(problemsOf(changes)).toMatch(sentence);
  });

  test('no problem: what had its time', () => {
    const expired = { ...RESULT, check: { ...RESULT.check, expired: 5 }, restarted: [node] };
    expect(judgeImport(expired, false)).toMatchObject({ isDone: true, problems: [] });
    expect(judgeImport(expired, false).lines.at(-1)).toBe('Expired since they arrived: 5.');
  });

  test('what was not gone through to its end is not done, and what is left did not come late', () => {
    const cut = { ...RESULT, isWhole: false, source: { before: 100, after: 60 } };
    expect(judgeImport(cut, false)).toMatchObject({ isDone: false, problems: [] });
  });

  test('no problem: keys that stay because that was asked for', () => {
    expect(problemsOf({ outvoted: 3, source: { before: 100, after: 3 } })).toBe('');
    expect(problemsOf({ source: { before: 100, after: 105 } }, true)).toBe('');
  });
});

test('events are one object in a line each', () => {
  const events: ImportEvent[] = [
    { kind: 'carried', keys: 2, to: node },
    { kind: 'clash', key: '"k"', database: 0, node },
    { kind: 'counted', result: RESULT },
  ];
  expect(events.map(importEventLine).map(line => JSON.parse(line))).toEqual([
    { version: 1, event: 'imported', keys: 2, to: 'a:7000' },
    { version: 1, event: 'clash', key: '"k"', database: 0, node: 'a:7000' },
    { version: 1, event: 'result', ...RESULT },
  ]);
});
