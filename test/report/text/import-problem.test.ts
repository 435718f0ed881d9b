/** The words for each reason that ends an import early, as scripts and people know them. */
import { expect, test } from 'vitest';
import type { ImportProblem } from '../../../src/plan/transfer/import-events.ts';
import { describeImportProblem } from '../../../src/report/text/import-problem.ts';

const at = { host: '10.0.0.1', port: 1 };

const SENTENCES: readonly (readonly [ImportProblem, string])[] = [
  [{ kind: 'node', node: 'n', message: 'it is gone' }, 'n: it is gone'],
  [{ kind: 'entry-node', message: 'n: it is gone' }, 'n: it is gone'],
  [{ kind: 'source', at, message: 'it is gone' }, 'the source 10.0.0.1:1: it is gone'],
  [
    { kind: 'endless-scan', at: 'n', cursor: '17' },
    'the source n does not come to an end of its keys (SCAN, cursor 17)',
  ],
  [
    { kind: 'source-slots-moving', node: 'n' },
    'slots of the source are on the move: n no longer has all of its keys. Let that end, and run the same command again',
  ],
  [{ kind: 'migrate-refused', node: 'n', message: 'ERR no' }, 'MIGRATE was refused by n: ERR no'],
  [{ kind: 'keys-refused', at, message: 'ERR no' }, '10.0.0.1:1 takes no keys: ERR no'],
  [
    { kind: 'keys-refused', at, message: 'ERR Bad data format', hint: 'version' },
    '10.0.0.1:1 takes no keys: ERR Bad data format (its version is older than that of the source, or of another kind)',
  ],
  [
    { kind: 'keys-refused', at, message: 'NOPERM', hint: 'rights' },
    '10.0.0.1:1 takes no keys: NOPERM (+restore +restore-asking +select and the keys)',
  ],
  [
    { kind: 'keys-refused', at, message: 'NOAUTH', hint: 'login' },
    '10.0.0.1:1 takes no keys: NOAUTH (the source logs in there as we do)',
  ],
  [
    { kind: 'keys-not-accepted', why: { kind: 'said', node: 'n', message: 'LOADING' } },
    'keys are not accepted: n: LOADING',
  ],
  [
    { kind: 'keys-not-accepted', why: { kind: 'no-owner' } },
    'keys are not accepted: nobody owns their slots',
  ],
  [
    { kind: 'keys-not-accepted', why: { kind: 'keys-gone' } },
    'keys are not accepted: keys were gone for a moment',
  ],
  [
    { kind: 'keys-not-accepted', why: { kind: 'said', message: 'IOERR' }, outOfReach: at },
    'keys are not accepted: IOERR. The source itself must connect to 10.0.0.1:1; it cannot, or gets no answer, although this machine does. It uses TLS there only with tls-cluster yes. --through-here passes the values through this machine',
  ],
  [
    { kind: 'too-big-to-rescue', node: 'n', key: '"k"', file: 'f.jsonl' },
    'n has another value for "k", which is too big for f.jsonl; both are kept (--no-rescue overwrites it anyway)',
  ],
  [{ kind: 'not-rescued', message: 'the disk is full' }, 'the disk is full; nothing was written over'],
];

test.each(SENTENCES)('$kind', (problem, sentence) => {
  expect(describeImportProblem(problem)).toBe(sentence);
});
