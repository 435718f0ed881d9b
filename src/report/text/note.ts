/** What a person should know of while work is done, in sentences that lack their last full stop. */
import type { Note } from '../../plan/note.ts';
import { formatAddress } from '../../topology/node.ts';
import { describeMoveProblem, megabytes, migrationList } from './move-problem.ts';
import { type Sentences, sentences } from './sentences.ts';

const MOST_NODES = 5;

export const NOTES: Sentences<Note> = {
  'tries-again': ({ node, message }) => `${node}: ${message}; trying again`,
  'node-timeout-assumed': ({ node, assumedMs, waitMs }) =>
    `${formatAddress(node)} does not give its cluster-node-timeout (+config|get): ${assumedMs} ms is assumed, so in a MIGRATE servers wait for each other for ${waitMs} ms at most`,
  'unseen-by-others': ({ node, message }) =>
    `${node}: ${message}; other slotctl runs cannot see this one (+subscribe +pubsub|channels &slotctl:*), so none must move the same slots`,
  'learns-when-back': ({ node, message }) =>
    `${node} does not answer (${message}); it will learn the new owners when it is back`,
  'state-unknown': ({ nodes }) => {
    const more = nodes.length - MOST_NODES;
    const named = nodes.slice(0, MOST_NODES).map(formatAddress).join(', ');
    return `whether ${named}${more > 0 ? ` and ${more} more` : ''} refuse queries is not known: the user lacks the right to CLUSTER INFO (+cluster|info)`;
  },
  'awaits-end-of-ban': () =>
    'the cluster was asked less than a minute ago to forget this id, and would drop it again; waiting for that to expire. (A node reset with CLUSTER RESET HARD gets a new id and need not wait.)',
  'deaf-replica': () => 'it does not hear its primary on the cluster bus; waiting until it does',
  'failover-again': () => 'the failover has come to nothing, as it does after five seconds; once more',
  'value-replaced': ({ key, node, keptIn }) =>
    `${key} had two values: that of ${node} was replaced, and is in ${keptIn}`,

  // Of moves
  'goes-by-migrate': ({ why }) => `no atomic migration (${describeMoveProblem(why)}); going on by MIGRATE`,
  'under-way-already': ({ slots, name }) =>
    `slots ${slots} are being migrated already (${name}); waiting for that`,
  'small-buffer': ({ limitBytes, estimatedBytes }) =>
    `client-output-buffer-limit lets ${atLeastOne(limitBytes)} wait for a replica, and the slots hold about ${atLeastOne(estimatedBytes)}: with many writes during the migration it may fail`,
  'pending-entries': ({ key }) =>
    `streams with pending entries are among the keys to move (such as ${key}): Valkey's migration drops pending entries whose messages were deleted (XDEL, XTRIM); MIGRATE keeps them (reshard --mover migrate)`,
  'goes-on-to-its-end': ({ others }) =>
    `the migration goes on to its end: calling it off would call off ${migrationList(others)} too`,
  stays: ({ what }) => describeMoveProblem(what),
  'moves-alone': note => `moving ${note.key} alone: it takes ${megabytes(note.bytes)}`,
  'values-rescued': ({ values, node, file }) =>
    `${values} other value${values === 1 ? '' : 's'} of ${node} kept in ${file}, and written over`,
  'moved-by-then': ({ node, message }) => `${node}: ${message}; all slots had moved by then`,
  'new-owner-untold': ({ node, message }) =>
    `${node} does not know the new owner of the moved slots: ${message}`,

  // Of functions
  'functions-missing': ({ at, giver, names }) =>
    `${formatAddress(at)} lacks functions that ${formatAddress(giver)} has: ${names.join(', ')}`,
  'functions-different': ({ at, giver, names }) =>
    `${formatAddress(at)} has other functions than ${formatAddress(giver)}: ${names.join(', ')}`,
  'functions-replaced': ({ at, giver, names }) =>
    `the migration replaces functions at ${formatAddress(at)} by those of ${formatAddress(giver)}: ${names.join(', ')}`,
  'functions-copied': ({ at, giver }) =>
    `copied the functions of ${formatAddress(giver)} to ${formatAddress(at)}, which had none`,
  'functions-refused': ({ at, giver, message }) =>
    `${formatAddress(at)} lacks the functions of ${formatAddress(giver)}: ${message}`,
};

export const describeNote = sentences<Note>(NOTES);

function atLeastOne(amount: number): string {
  return megabytes(Math.max(1024 * 1024, amount));
}
