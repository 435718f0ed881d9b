/** What a person should know of while work is done, in sentences that lack their last full stop. */
import type { FunctionsNote, MoveNote, Note } from '../../plan/note.ts';
import { formatAddress } from '../../topology/node.ts';
import { describeMoveProblem, megabytes, migrationList } from './move-problem.ts';

const MOST_NODES = 5;

export function describeNote(note: Note): string {
  switch (note.kind) {
    case 'tries-again':
      return `${note.node}: ${note.message}; trying again`;
    case 'node-timeout-assumed':
      return `${formatAddress(note.node)} does not give its cluster-node-timeout (+config|get): ${note.assumedMs} ms is assumed, so in a MIGRATE servers wait for each other for ${note.waitMs} ms at most`;
    case 'unseen-by-others':
      return `${note.node}: ${note.message}; other slotctl runs cannot see this one (+subscribe +pubsub|channels &slotctl:*), so none must move the same slots`;
    case 'learns-when-back':
      return `${note.node} does not answer (${note.message}); it will learn the new owners when it is back`;
    case 'state-unknown': {
      const more = note.nodes.length - MOST_NODES;
      const named = note.nodes.slice(0, MOST_NODES).map(formatAddress).join(', ');
      return `whether ${named}${more > 0 ? ` and ${more} more` : ''} refuse queries is not known: the user lacks the right to CLUSTER INFO (+cluster|info)`;
    }
    case 'awaits-end-of-ban':
      return 'the cluster was asked less than a minute ago to forget this id, and would drop it again; waiting for that to expire. (A node reset with CLUSTER RESET HARD gets a new id and need not wait.)';
    case 'deaf-replica':
      return 'it does not hear its primary on the cluster bus; waiting until it does';
    case 'failover-again':
      return 'the failover has come to nothing, as it does after five seconds; once more';
    case 'value-replaced':
      return `${note.key} had two values: that of ${note.node} was replaced, and is in ${note.keptIn}`;
    default:
      return moveNoteText(note);
  }
}

function moveNoteText(note: MoveNote): string {
  switch (note.kind) {
    case 'goes-by-migrate':
      return `no atomic migration (${describeMoveProblem(note.why)}); going on by MIGRATE`;
    case 'under-way-already':
      return `slots ${note.slots} are being migrated already (${note.name}); waiting for that`;
    case 'small-buffer':
      return `client-output-buffer-limit lets ${atLeastOne(note.limitBytes)} wait for a replica, and the slots hold about ${atLeastOne(note.estimatedBytes)}: with many writes during the migration it may fail`;
    case 'pending-entries':
      return `streams with pending entries are among the keys to move (such as ${note.key}): Valkey's migration drops pending entries whose messages were deleted (XDEL, XTRIM); MIGRATE keeps them (reshard --mover migrate)`;
    case 'goes-on-to-its-end':
      return `the migration goes on to its end: calling it off would call off ${migrationList(note.others)} too`;
    case 'stays':
      return describeMoveProblem(note.what);
    case 'moves-alone':
      return `moving ${note.key} alone: it takes ${megabytes(note.bytes)}`;
    case 'values-rescued':
      return `${note.values} other value${note.values === 1 ? '' : 's'} of ${note.node} kept in ${note.file}, and written over`;
    case 'moved-by-then':
      return `${note.node}: ${note.message}; all slots had moved by then`;
    case 'new-owner-untold':
      return `${note.node} does not know the new owner of the moved slots: ${note.message}`;
    default:
      return functionsText(note);
  }
}

function functionsText(note: FunctionsNote): string {
  const [at, giver] = [formatAddress(note.at), formatAddress(note.giver)];
  switch (note.kind) {
    case 'functions-missing':
      return `${at} lacks functions that ${giver} has: ${note.names.join(', ')}`;
    case 'functions-different':
      return `${at} has other functions than ${giver}: ${note.names.join(', ')}`;
    case 'functions-replaced':
      return `the migration replaces functions at ${at} by those of ${giver}: ${note.names.join(', ')}`;
    case 'functions-copied':
      return `copied the functions of ${giver} to ${at}, which had none`;
    case 'functions-refused':
      return `${at} lacks the functions of ${giver}: ${note.message}`;
  }
}

function atLeastOne(amount: number): string {
  return megabytes(Math.max(1024 * 1024, amount));
}
