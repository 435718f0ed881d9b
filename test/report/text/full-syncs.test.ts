import { describe, expect, test } from 'vitest';
import { copyingText, copyLines } from '../../../src/report/text/full-syncs.ts';
import { NodeNames } from '../../../src/report/text/names.ts';
import { describeProblem } from '../../../src/report/text/problem.ts';
import type { Copy } from '../../../src/topology/full-sync.ts';
import { draw } from '../../support/drawing.ts';

const { snapshot, id, named } = draw('A primary 0-16383\na replica of A\nb replica of A');
const names = new NodeNames(snapshot);
const copy = (state: Partial<Copy>, replica = 'a'): Copy => ({
  replica: id(replica),
  primary: id('A'),
  stage: 'waiting',
  ...state,
});
const sending = copy({ stage: 'sending', doneBytes: 12 * 1024 * 1024, ofBytes: 300 * 1024 * 1024 }, 'b');

test('what is still copied when all is done, and how to watch it', () => {
  expect(copyLines([copy({ isSaving: true }), sending], 'HOST:1', names).map(named)).toEqual([
    'a is waiting for its primary A to start sending data (the primary is saving).',
    'b is still copying the data from its primary A: 12.0 MB of 300.0 MB.',
    'They cannot take over until then. To follow them: slotctl check HOST:1',
  ]);
});

test('what is waited for, on one line', () => {
  const loading = copy({ stage: 'loading', doneBytes: 1024 });
  expect(named(copyingText([copy({}), copy({ isSaving: true }), sending, loading], names))).toBe(
    'replicas are copying: a not started, a save in progress, b 12.0 MB of 300.0 MB, a loading 1.0 KB',
  );
});

describe('copies that stand still', () => {
  const told = (...copies: Copy[]) => {
    const gaps = copies.map(
      one => ({ kind: 'copying', who: one.replica, about: one.primary, copy: one }) as const,
    );
    return describeProblem({ kind: 'no-agreement', gaps, waitedMs: 60_000 }, names, new Map()).map(named);
  };

  test('are not taken for nodes that disagree, nor for a wrong password', () => {
    expect(told(copy({}), sending)).toEqual([
      'The nodes agree, but no copy has made progress for 60 s (--join-timeout).',
      'a is waiting for its primary A to start sending data. The primary may be waiting for more replicas (repl-diskless-sync-delay), or be unable to save; see its log.',
      'b is still copying the data from its primary A: 12.0 MB of 300.0 MB. The logs of both show why it has stopped.',
    ]);
  });
});
