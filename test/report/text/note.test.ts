/** The words for what is told while work is done, as scripts and people know them. */
import { expect, test } from 'vitest';
import type { ImportNote } from '../../../src/plan/transfer/import-events.ts';
import { describeImportNote } from '../../../src/report/text/import-problem.ts';
import { nodeId } from '../../../src/topology/node.ts';
import { SlotSet } from '../../../src/topology/slot-set.ts';

const MEGABYTE = 1024 * 1024;
const at = { host: '10.0.0.1', port: 1 };
const giver = { host: '10.0.0.2', port: 2 };
const slots = SlotSet.parse('0-9');
const failure = { node: 'n', message: 'LOADING' };

const SENTENCES: readonly (readonly [ImportNote, string])[] = [
  [{ kind: 'tries-again', ...failure }, 'n: LOADING; trying again'],
  [
    { kind: 'node-timeout-assumed', node: at, assumedMs: 2000, waitMs: 1000 },
    '10.0.0.1:1 does not give its cluster-node-timeout (+config|get): 2000 ms is assumed, so in a MIGRATE servers wait for each other for 1000 ms at most',
  ],
  [
    { kind: 'unseen-by-others', ...failure },
    'n: LOADING; other slotctl runs cannot see this one (+subscribe +pubsub|channels &slotctl:*), so none must move the same slots',
  ],
  [
    { kind: 'learns-when-back', ...failure },
    'n does not answer (LOADING); it will learn the new owners when it is back',
  ],
  [
    { kind: 'state-unknown', nodes: [at, at, at, at, giver, giver] },
    'whether 10.0.0.1:1, 10.0.0.1:1, 10.0.0.1:1, 10.0.0.1:1, 10.0.0.2:2 and 1 more refuse queries is not known: the user lacks the right to CLUSTER INFO (+cluster|info)',
  ],
  [
    { kind: 'awaits-end-of-ban' },
    'the cluster was asked less than a minute ago to forget this id, and would drop it again; waiting for that to expire. (A node reset with CLUSTER RESET HARD gets a new id and need not wait.)',
  ],
  [{ kind: 'deaf-replica' }, 'it does not hear its primary on the cluster bus; waiting until it does'],
  [{ kind: 'failover-again' }, 'the failover has come to nothing, as it does after five seconds; once more'],
  [
    { kind: 'value-replaced', key: '"k"', node: 'n', keptIn: 'f.jsonl' },
    '"k" had two values: that of n was replaced, and is in f.jsonl',
  ],
  [
    { kind: 'goes-by-migrate', why: { kind: 'same-epoch' } },
    'no atomic migration (source and target have the same config epoch); going on by MIGRATE',
  ],
  [
    { kind: 'under-way-already', slots, name: 'job' },
    'slots 0-9 are being migrated already (job); waiting for that',
  ],
  [
    { kind: 'small-buffer', limitBytes: 1000, estimatedBytes: 7 * MEGABYTE },
    'client-output-buffer-limit lets 1 MB wait for a replica, and the slots hold about 7 MB: with many writes during the migration it may fail',
  ],
  [
    { kind: 'pending-entries', key: '"k"' },
    'streams with pending entries are among the keys to move (such as "k"): Valkey\'s migration drops pending entries whose messages were deleted (XDEL, XTRIM); MIGRATE keeps them (reshard --mover migrate)',
  ],
  [
    { kind: 'goes-on-to-its-end', others: [{ slots, target: nodeId('a'.repeat(40)) }] },
    'the migration goes on to its end: calling it off would call off slots 0-9 to aaaaaaaa too',
  ],
  [
    { kind: 'stays', what: { kind: 'slots-open', slots, from: giver, to: at, isReplaced: false } },
    'slots 0-9 stay open between 10.0.0.2:2 and 10.0.0.1:1',
  ],
  [{ kind: 'moves-alone', key: '"k"', bytes: 3 * MEGABYTE }, 'moving "k" alone: it takes 3 MB'],
  [
    { kind: 'values-rescued', values: 1, node: 'n', file: 'f.jsonl' },
    '1 other value of n kept in f.jsonl, and written over',
  ],
  [
    { kind: 'values-rescued', values: 2, node: 'n', file: 'f.jsonl' },
    '2 other values of n kept in f.jsonl, and written over',
  ],
  [{ kind: 'moved-by-then', ...failure }, 'n: LOADING; all slots had moved by then'],
  [{ kind: 'new-owner-untold', ...failure }, 'n does not know the new owner of the moved slots: LOADING'],
  [
    { kind: 'functions-missing', at, giver, names: ['f', 'g'] },
    '10.0.0.1:1 lacks functions that 10.0.0.2:2 has: f, g',
  ],
  [
    { kind: 'functions-different', at, giver, names: ['f'] },
    '10.0.0.1:1 has other functions than 10.0.0.2:2: f',
  ],
  [
    { kind: 'functions-replaced', at, giver, names: ['f'] },
    'the migration replaces functions at 10.0.0.1:1 by those of 10.0.0.2:2: f',
  ],
  [
    { kind: 'functions-copied', at, giver },
    'copied the functions of 10.0.0.2:2 to 10.0.0.1:1, which had none',
  ],
  [
    { kind: 'functions-refused', at, giver, message: 'NOPERM' },
    '10.0.0.1:1 lacks the functions of 10.0.0.2:2: NOPERM',
  ],
  [{ kind: 'goes-on-there', ...failure }, 'n: LOADING; going on there'],
  [{ kind: 'source-restarted' }, 'the source was restarted; its keys are read again from the beginning'],
  [{ kind: 'imports-alone', key: '"k"', bytes: 3 * MEGABYTE }, 'importing "k" alone: it takes 3 MB'],
  [
    { kind: 'stays-at-source', key: '"k"', bytes: 3 * MEGABYTE, nodeTimeoutMs: 500 },
    '"k" (3 MB) stays at the source: it would block both servers for longer than half the node timeout (500 ms); --allow-blocking moves it anyway',
  ],
];

test.each(SENTENCES)('$kind', (note, sentence) => {
  expect(describeImportNote(note)).toBe(sentence);
});
