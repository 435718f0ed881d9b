/** The words for each reason that stops a move, as scripts and people know them. */
import { describe, expect, test } from 'vitest';
import type { MoveProblem } from '../../../src/plan/slots/move-problem.ts';
import { describeMoveProblem } from '../../../src/report/text/move-problem.ts';
import { NodeNames } from '../../../src/report/text/names.ts';
import { describeProblem } from '../../../src/report/text/problem.ts';
import { nodeId } from '../../../src/topology/node.ts';
import { SlotSet, slot } from '../../../src/topology/slot-set.ts';

const [a, b] = [nodeId('a'.repeat(40)), nodeId('b'.repeat(40))];
const [from, to] = [
  { host: '10.0.0.1', port: 1 },
  { host: '10.0.0.2', port: 2 },
];
const slots = SlotSet.parse('0-9');
const one = SlotSet.parse('7');
const many = [...slots];
const still = { slots, at: from, callsOff: 'CLUSTER CANCELSLOTMIGRATIONS' };
const failed: MoveProblem = { kind: 'migration-failed-often', times: 6, message: 'no fork' };
const lost: MoveProblem = { kind: 'node', node: '10.0.0.1:1', message: 'it is gone' };

const SENTENCES: readonly (readonly [MoveProblem, string])[] = [
  [lost, '10.0.0.1:1: it is gone'],
  [{ kind: 'file', message: 'x cannot be written: EACCES' }, 'x cannot be written: EACCES'],
  [{ kind: 'silent', node: a }, `${a} does not answer`],
  [{ kind: 'no-meeting-place', node: b }, `nobody knows where the others find ${b}`],
  [
    { kind: 'alarm', node: 'n', alarm: { kind: 'evicted', node: a, keys: 3 } },
    'n has begun to evict keys, so no more are sent there: give it more memory first (CONFIG SET maxmemory)',
  ],
  [
    { kind: 'alarm', node: 'n', alarm: { kind: 'full', node: a, usedBytes: 99, mostBytes: 100 } },
    'n uses 99 % of its maxmemory, so no more keys are sent there: give it more memory first (CONFIG SET maxmemory)',
  ],
  [
    { kind: 'alarm', node: 'n', alarm: { kind: 'full', node: a, usedBytes: 101, mostBytes: 100 } },
    'n has reached its maxmemory, so no more keys are sent there: give it more memory first (CONFIG SET maxmemory)',
  ],
  [
    { kind: 'alarm', node: 'n', alarm: { kind: 'restarted', node: a, keysBefore: 3, keysNow: 0 } },
    'n was restarted while keys were moving, so no more are moved',
  ],
  [
    { kind: 'another-slotctl', slots, at: [from, to] },
    'another slotctl is moving slots 0-9 at 10.0.0.1:1 or 10.0.0.2:2; let it end first (if its machine is gone, the servers notice within minutes, by tcp-keepalive)',
  ],
  [
    { kind: 'slots-open', slots: one, from, to, isReplaced: true },
    'slot 7 stays open between 10.0.0.1:1 and 10.0.0.2:2',
  ],
  [
    { kind: 'slots-open', why: lost, slots, from, to, isReplaced: false },
    'Node 10.0.0.1:1: it is gone. slots 0-9 stay open between 10.0.0.1:1 and 10.0.0.2:2: slotctl apply with the plan goes on with them, or slotctl fix, where a replica has taken over',
  ],
  [
    {
      kind: 'slots-open',
      why: { kind: 'moved-by-others', slots: [slot(7)] },
      slots,
      from,
      to,
      isReplaced: true,
    },
    'somebody else is moving slot 7. slots 0-9 stay open between 10.0.0.1:1 and 10.0.0.2:2: one of them has become a replica; slotctl fix goes on with them, and until then clients may miss keys',
  ],
  [
    {
      kind: 'rights-missing',
      refusals: [
        { at: from, messages: ['no SELECT', 'no SETSLOT'] },
        { at: to, messages: ['no RESTORE'] },
      ],
    },
    '10.0.0.1:1 refuses what the move needs: no SELECT, no SETSLOT; 10.0.0.2:2 refuses what the move needs: no RESTORE. Nothing was begun.',
  ],
  [
    { kind: 'not-owned', at: from, slots: many },
    '10.0.0.1:1 does not own slots 0, 1, 2, 3, 4, 5, 6, 7 and 2 more',
  ],
  [
    { kind: 'marks-changed', to, slots: [slot(7)] },
    'keys have gone to 10.0.0.2:2, and somebody else has begun to move, or has ended the move of, slot 7',
  ],
  [{ kind: 'just-taken', slots: [slot(7)] }, 'somebody else has just begun to move slot 7'],
  [
    { kind: 'keys-left', at: from, slots: many },
    '10.0.0.1:1 still holds keys in slots 0, 1, 2, 3, 4, 5, 6, 7',
  ],
  [
    { kind: 'replicas-behind', of: to, caughtUp: 1, wanted: 2 },
    '1 of 2 replicas of 10.0.0.2:2 have what has moved (--wait-replicas)',
  ],
  [
    { kind: 'keys-clash', at: to, keys: ['"a"', '"b"', '"c"', '"d"', '"e"', '"f"', '"g"'] },
    '10.0.0.2:2 has other values for "a", "b", "c", "d", "e" and 2 more keys; both are kept (--cluster-replace keeps the target’s in a file, and goes on)',
  ],
  [
    { kind: 'too-big-to-rescue', node: 'n', key: '"k"', file: 'f.jsonl' },
    'n has another value for "k", which is too big for f.jsonl; both are kept',
  ],
  [{ kind: 'not-rescued', message: 'the disk is full' }, 'the disk is full; nothing was written over'],
  [
    { kind: 'giants', giants: [{ key: '"k"', bytes: 700 * 1024 * 1024 }], nodeTimeoutMs: 15_000 },
    'moving "k" (700 MB) would hold up both servers for longer than half the node timeout (15000 ms); --allow-blocking does it anyway',
  ],
  [{ kind: 'restless-key', key: '"k"', nodes: ['m', 'n'] }, '"k" is on m and on n, and does not hold still'],
  [{ kind: 'owner-unreachable', holder: from }, 'nobody knows where 10.0.0.1:1 finds the owner'],
  [{ kind: 'no-atomic-migration' }, 'these servers know no atomic migration'],
  [
    { kind: 'only-by-migrate', why: { kind: 'slots-open-already', at: to, slots: one } },
    'slot 7 is open at 10.0.0.2:2; --mover migrate may work',
  ],
  [
    { kind: 'migrating-already', at: from, slots, from: 'm', to: '', name: 'job' },
    '10.0.0.1:1 is moving slots 0-9 already, from m to an unknown node (job), and nothing was begun. Try again when that is over.',
  ],
  [
    { kind: 'owner-changed', at: from, slots, owner: 'n' },
    '10.0.0.1:1 no longer owns slots 0-9: n owns them now. They were not moved.',
  ],
  [
    { kind: 'owner-changed', at: from, slots },
    '10.0.0.1:1 no longer owns slots 0-9: nobody is known to own them. They were not moved.',
  ],
  [
    { kind: 'owner-disputed', at: to, slots, owner: 'n', claimedBy: from },
    '10.0.0.2:2 takes n for the owner of slots 0-9, and not 10.0.0.1:1, which says that it owns them. They were not moved.',
  ],
  [
    { kind: 'owner-disputed', at: to, slots, claimedBy: from },
    '10.0.0.2:2 takes nobody for the owner of slots 0-9, and not 10.0.0.1:1, which says that it owns them. They were not moved.',
  ],
  [
    { kind: 'not-let-in', at: to, from, user: 'u', message: 'no SYNCSLOTS' },
    '10.0.0.2:2: 10.0.0.1:1 sends its data there as u: no SYNCSLOTS',
  ],
  [
    { kind: 'garbles-with-threads', version: '9.1.1' },
    'Valkey 9.1.1 with io-threads garbles what is written during a migration',
  ],
  [
    { kind: 'cannot-save', at: to },
    '10.0.0.2:2 could not save its data lately, and servers in that state end themselves at the first key that comes',
  ],
  [
    { kind: 'wants-replicas', at: to },
    '10.0.0.2:2 has min-replicas-to-write set: with too few replicas Redis throws away what a migration brings',
  ],
  [{ kind: 'same-epoch' }, 'source and target have the same config epoch'],
  [{ kind: 'not-begun', node: 'n', message: 'already' }, 'n: already. Nothing was begun.'],
  [{ kind: 'unknown-where-begun', at: from }, '10.0.0.1:1 does not know of the migration that it has begun'],
  [
    { kind: 'begun-perhaps', why: lost, at: to, tells: 'LIST', callsOff: 'CANCEL TASK' },
    '10.0.0.1:1: it is gone. Whether the migration was begun is not known: `LIST` at 10.0.0.2:2 tells, `CANCEL TASK` calls it off.',
  ],
  [
    { kind: 'begun-perhaps', at: to, tells: 'LIST', callsOff: 'CANCEL TASK' },
    'Whether the migration was begun is not known: `LIST` at 10.0.0.2:2 tells, `CANCEL TASK` calls it off.',
  ],
  [
    { kind: 'of-another-owner', slots, owner: b, from: a },
    `slots 0-9 belong to ${b} by now, and not to ${a}; their migration was called off`,
  ],
  [
    { kind: 'migration-forgotten', at: from },
    '10.0.0.1:1 no longer knows of the migration; was it restarted?',
  ],
  [{ kind: 'migration-failed', message: 'no fork' }, 'the migration failed: no fork'],
  [
    { kind: 'migration-cancelled', message: 'cancelled' },
    'the migration was called off by somebody (cancelled)',
  ],
  [
    { kind: 'migration-too-long', minutes: 60, phase: 'snapshotting' },
    'the migration was not through after 60 minutes (snapshotting)',
  ],
  [
    { kind: 'done-and-not', done: to, not: from, slots, state: 'failed', message: 'timeout' },
    '10.0.0.2:2 says that the migration of slots 0-9 is done, and 10.0.0.1:1 that it has failed (timeout). Writes of the last moment may be lost; `slotctl check` tells who owns the slots.',
  ],
  [
    { kind: 'done-and-not', done: to, not: from, slots, state: 'cancelled', message: '' },
    '10.0.0.2:2 says that the migration of slots 0-9 is done, and 10.0.0.1:1 that it was cancelled. Writes of the last moment may be lost; `slotctl check` tells who owns the slots.',
  ],
  [
    { kind: 'given-up', why: failed, end: { kind: 'called-off' } },
    'the migration failed 6 times: no fork; it was called off, and the slots are where they were',
  ],
  [
    { kind: 'given-up', why: lost, end: { kind: 'not-called-off', message: 'no reply', ...still } },
    '10.0.0.1:1: it is gone; it could not be called off (no reply). The migration of slots 0-9 may still be running; to call it off, send `CLUSTER CANCELSLOTMIGRATIONS` to 10.0.0.1:1.',
  ],
  [{ kind: 'goes-on-anyway', phase: 'streaming' }, 'it was cancelled but goes on anyway (streaming)'],
  [
    { kind: 'hands-over', phase: 'granted' },
    'it is about to hand over, when cancelling it would lose writes, and does not come to its end (granted)',
  ],
  [
    {
      kind: 'spared',
      others: [
        { slots: one, target: a },
        { slots, target: b },
      ],
      ...still,
    },
    'it was not called off, since that would call off slots 7 to aaaaaaaa and slots 0-9 to bbbbbbbb too. The migration of slots 0-9 may still be running; to call it off, send `CLUSTER CANCELSLOTMIGRATIONS` to 10.0.0.1:1.',
  ],
];

describe('why a move stops', () => {
  test.each(SENTENCES)('$kind', (problem, sentence) => {
    expect(describeMoveProblem(problem)).toBe(sentence);
  });
});

test('as the reason of a step, it ends with one full stop', () => {
  const why = (problem: MoveProblem) =>
    describeProblem({ kind: 'move', why: problem }, new NodeNames(), new Map());
  expect(why({ kind: 'same-epoch' })).toEqual(['source and target have the same config epoch.']);
  expect(why({ kind: 'not-begun', node: 'n', message: 'already' })).toEqual([
    'n: already. Nothing was begun.',
  ]);
});
