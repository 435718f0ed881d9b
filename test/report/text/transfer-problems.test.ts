/** The words for what keeps data from being saved or restored, and settings from being set, as scripts and people know them. */
import { expect, test } from 'vitest';
import type { TimeoutProblem } from '../../../src/plan/timeout-at.ts';
import type { BackupProblem } from '../../../src/plan/transfer/backup.ts';
import type { DumpDamage, RestoreProblem } from '../../../src/plan/transfer/restore.ts';
import { describeBackupProblem } from '../../../src/report/text/backup.ts';
import { NodeNames } from '../../../src/report/text/names.ts';
import { describePutBackFailure } from '../../../src/report/text/rescue.ts';
import { damageText } from '../../../src/report/text/restore.ts';
import { describeRestoreProblem } from '../../../src/report/text/restored.ts';
import { describeTimeoutProblem } from '../../../src/report/text/set-timeout.ts';
import { nodeId } from '../../../src/topology/node.ts';

test.each<readonly [BackupProblem, string]>([
  [{ kind: 'message', message: 'no reply' }, 'no reply'],
  [
    { kind: 'lags', waitedMs: 60_000, bytes: 12 },
    'after 60 s it still lacks 12 bytes of what its primary had written at the first look',
  ],
  [
    { kind: 'saved-earlier', offset: 3, leastOffset: 4 },
    'what it sends was saved before the first look (offset 3 of 4)',
  ],
  [
    { kind: 'too-much', folder: 'f', mostBytes: 9, isAllowed: true },
    'f cannot be filled further: the data of all nodes together is more than 9 bytes, the most that --max-size allows',
  ],
  [
    { kind: 'too-much', folder: 'f', mostBytes: 9, isAllowed: false },
    'f cannot be filled further: the data of all nodes together is more than 9 bytes, all the room that there was when it began',
  ],
  [
    { kind: 'no-whole-dump', message: 'it is cut short' },
    'what it sent is no whole RDB file: it is cut short',
  ],
])('data that are not saved: $kind', (problem, sentence) => {
  expect(describeBackupProblem(problem)).toBe(sentence);
});

test.each<readonly [DumpDamage, string]>([
  [{ kind: 'format', message: 'it is cut short' }, 'it is cut short'],
  [{ kind: 'unreadable', message: 'type 99' }, 'this version of slotctl cannot read it: type 99'],
  [{ kind: 'size', bytes: 3, saved: 4 }, 'it has 3 bytes, and 4 were saved'],
  [{ kind: 'keys', keys: 3, saved: 4 }, 'it has 3 keys, and 4 were saved'],
  [{ kind: 'sha256' }, 'it is not the file that was saved: its sha256 is another one'],
])('a file that is not restored: $kind', (damage, sentence) => {
  expect(damageText('a.rdb', damage)).toBe(`a.rdb: ${sentence}`);
});

const node = nodeId('a'.repeat(40));

test.each<readonly [RestoreProblem, string]>([
  [{ kind: 'untaken', keys: 3, waitedMs: 30_000 }, 'for 30 s no node has taken 3 of the keys.'],
  [
    {
      kind: 'untaken',
      keys: 3,
      waitedMs: 30_000,
      trouble: { node: '127.0.0.1:7000', message: 'TRYAGAIN later' },
    },
    'for 30 s no node has taken 3 of the keys (127.0.0.1:7000: TRYAGAIN later).',
  ],
  [
    { kind: 'alarm', alarm: { kind: 'evicted', node, keys: 2 } },
    'aaaaaaaa... has evicted 2 keys since the restore began: sending has stopped, and some of what was sent is lost. Give it more memory (maxmemory).',
  ],
  [
    { kind: 'full', at: { host: '127.0.0.1', port: 7000 } },
    '127.0.0.1:7000 is full (maxmemory) and refuses keys. Sending has stopped. Give it more memory.',
  ],
])('a restore that stops: $kind', (problem, sentence) => {
  expect(describeRestoreProblem(problem, new NodeNames())).toBe(sentence);
});

test('values that cannot be put back', () => {
  expect(describePutBackFailure({ kind: 'no-owner', slot: 7 })).toBe('nobody owns slot 7');
  expect(describePutBackFailure({ kind: 'node', node: 'n', message: 'OOM' })).toBe('n: OOM');
});

test.each<readonly [TimeoutProblem, string]>([
  [{ kind: 'node', message: 'no reply' }, 'no reply'],
  [{ kind: 'no-address' }, 'its address is unknown'],
  [{ kind: 'other-value', setMs: 500, nowMs: 600 }, 'it was set to 500 ms, but now says 600'],
  [{ kind: 'other-value', setMs: 500 }, 'it was set to 500 ms, but now says nothing'],
  [{ kind: 'not-saved', message: 'no file' }, 'in force, but lost at its next restart: no file'],
])('a node timeout that is not set: $kind', (problem, sentence) => {
  expect(describeTimeoutProblem(problem)).toBe(sentence);
});
