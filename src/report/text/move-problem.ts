/** Why a move stopped, in sentences that lack their last full stop. */
import type {
  KeyProblem,
  MigrationCourse,
  MigrationOfOthers,
  MigrationProblem,
  MoveProblem,
  StillRunning,
} from '../../plan/slots/move-problem.ts';
import { formatAddress } from '../../topology/node.ts';
import type { Alarm } from '../../topology/server-changes.ts';
import type { Slot } from '../../topology/slot-set.ts';

const MOST_SLOTS = 8;
const MOST_KEYS = 5;
const UNKNOWN = 'an unknown node';

export function describeMoveProblem(problem: MoveProblem): string {
  switch (problem.kind) {
    case 'node':
      return `${problem.node}: ${problem.message}`;
    case 'file':
      return problem.message;
    case 'silent':
      return `${problem.node} does not answer`;
    case 'no-meeting-place':
      return `nobody knows where the others find ${problem.node}`;
    case 'alarm':
      return `${problem.node} ${alarmWords(problem.alarm)}`;
    case 'another-slotctl':
      return `another slotctl is moving slot${problem.slots.size === 1 ? '' : 's'} ${problem.slots} at ${problem.at.map(formatAddress).join(' or ')}; let it end first (if its machine is gone, the servers notice within minutes, by tcp-keepalive)`;
    case 'slots-open':
      return openSlotsText(problem);
    case 'rights-missing': {
      const all = problem.refusals.map(
        ({ at, messages }) => `${formatAddress(at)} refuses what the move needs: ${messages.join(', ')}`,
      );
      return `${all.join('; ')}. Nothing was begun.`;
    }
    case 'not-owned':
      return `${formatAddress(problem.at)} does not own ${slotList(problem.slots)}`;
    case 'moved-by-others':
      return `somebody else is moving ${slotList(problem.slots)}`;
    case 'marks-changed':
      return `keys have gone to ${formatAddress(problem.to)}, and somebody else has begun to move, or has ended the move of, ${slotList(problem.slots)}`;
    case 'just-taken':
      return `somebody else has just begun to move ${slotList(problem.slots)}`;
    case 'keys-left':
      return `${formatAddress(problem.at)} still holds keys in slot${problem.slots.length === 1 ? '' : 's'} ${problem.slots.slice(0, MOST_SLOTS).join(', ')}`;
    case 'replicas-behind':
      return `${problem.caughtUp} of ${problem.wanted} replicas of ${formatAddress(problem.of)} have what has moved (--wait-replicas)`;
    default:
      return keyText(problem);
  }
}

function openSlotsText(problem: Extract<MoveProblem, { kind: 'slots-open' }>): string {
  const { why, slots, from, to, isReplaced } = problem;
  const which = `slot${slots.size === 1 ? '' : 's'} ${slots} ${slots.size === 1 ? 'stays' : 'stay'} open between ${formatAddress(from)} and ${formatAddress(to)}`;
  if (!why) return which;
  const cure = isReplaced
    ? 'one of them has become a replica; slotctl fix goes on with them, and until then clients may miss keys'
    : 'slotctl apply with the plan goes on with them, or slotctl fix, where a replica has taken over';
  return `${why.kind === 'node' ? 'Node ' : ''}${describeMoveProblem(why)}. ${which}: ${cure}`;
}

function slotList(slots: readonly Slot[]): string {
  const more = slots.length - MOST_SLOTS;
  return `slot${slots.length === 1 ? '' : 's'} ${slots.slice(0, MOST_SLOTS).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

function alarmWords(alarm: Alarm): string {
  switch (alarm.kind) {
    case 'evicted':
      return 'has begun to evict keys, so no more are sent there: give it more memory first (CONFIG SET maxmemory)';
    case 'full': {
      const percent = Math.floor((100 * alarm.usedBytes) / alarm.mostBytes);
      const share = percent < 100 ? `uses ${percent} % of its maxmemory` : 'has reached its maxmemory';
      return `${share}, so no more keys are sent there: give it more memory first (CONFIG SET maxmemory)`;
    }
    case 'restarted':
      return 'was restarted while keys were moving, so no more are moved';
  }
}

function keyText(problem: KeyProblem | MigrationProblem): string {
  switch (problem.kind) {
    case 'keys-clash': {
      const more = problem.keys.length - MOST_KEYS;
      return `${formatAddress(problem.at)} has other values for ${problem.keys.slice(0, MOST_KEYS).join(', ')}${more > 0 ? ` and ${more} more keys` : ''}; both are kept (--cluster-replace keeps the target’s in a file, and goes on)`;
    }
    case 'too-big-to-rescue':
      return `${problem.node} has another value for ${problem.key}, which is too big for ${problem.file}; both are kept`;
    case 'not-rescued':
      return `${problem.message}; nothing was written over`;
    case 'giants': {
      const shown = problem.giants
        .slice(0, MOST_KEYS)
        .map(({ key, bytes }) => `${key} (${megabytes(bytes)})`);
      const more = problem.giants.length - MOST_KEYS;
      return `moving ${shown.join(', ')}${more > 0 ? ` and ${more} more` : ''} would hold up both servers for longer than half the node timeout (${problem.nodeTimeoutMs} ms); --allow-blocking does it anyway`;
    }
    case 'restless-key':
      return `${problem.key} is on ${problem.nodes[0]} and on ${problem.nodes[1]}, and does not hold still`;
    case 'owner-unreachable':
      return `nobody knows where ${formatAddress(problem.holder)} finds the owner`;
    default:
      return migrationText(problem);
  }
}

export function megabytes(amount: number): string {
  return `${Math.round(amount / 1024 / 1024)} MB`;
}

function migrationText(problem: MigrationProblem): string {
  switch (problem.kind) {
    case 'no-atomic-migration':
      return 'these servers know no atomic migration';
    case 'only-by-migrate':
      return `${describeMoveProblem(problem.why)}; --mover migrate may work`;
    case 'migrating-already':
      return `${formatAddress(problem.at)} is moving slots ${problem.slots} already, from ${problem.from || UNKNOWN} to ${problem.to || UNKNOWN} (${problem.name}), and nothing was begun. Try again when that is over.`;
    case 'owner-changed': {
      const now = problem.owner ? `${problem.owner} owns them now` : 'nobody is known to own them';
      return `${formatAddress(problem.at)} no longer owns slots ${problem.slots}: ${now}. They were not moved.`;
    }
    case 'owner-disputed':
      return `${formatAddress(problem.at)} takes ${problem.owner ?? 'nobody'} for the owner of slots ${problem.slots}, and not ${formatAddress(problem.claimedBy)}, which says that it owns them. They were not moved.`;
    case 'not-let-in':
      return `${formatAddress(problem.at)}: ${formatAddress(problem.from)} sends its data there as ${problem.user}: ${problem.message}`;
    case 'slots-open-already':
      return `slot ${problem.slots} is open at ${formatAddress(problem.at)}`;
    case 'garbles-with-threads':
      return `Valkey ${problem.version} with io-threads garbles what is written during a migration`;
    case 'cannot-save':
      return `${formatAddress(problem.at)} could not save its data lately, and servers in that state end themselves at the first key that comes`;
    case 'wants-replicas':
      return `${formatAddress(problem.at)} has min-replicas-to-write set: with too few replicas Redis throws away what a migration brings`;
    case 'same-epoch':
      return 'source and target have the same config epoch';
    case 'not-begun':
      return `${problem.node}: ${problem.message}. Nothing was begun.`;
    case 'unknown-where-begun':
      return `${formatAddress(problem.at)} does not know of the migration that it has begun`;
    case 'begun-perhaps': {
      const because = problem.why ? `${describeMoveProblem(problem.why)}. ` : '';
      return `${because}Whether the migration was begun is not known: \`${problem.tells}\` at ${formatAddress(problem.at)} tells, \`${problem.callsOff}\` calls it off.`;
    }
    case 'of-another-owner':
      return `slots ${problem.slots} belong to ${problem.owner} by now, and not to ${problem.from}; their migration was called off`;
    default:
      return courseText(problem);
  }
}

/** What has become of a migration that was begun. */
function courseText(problem: MigrationCourse): string {
  switch (problem.kind) {
    case 'migration-forgotten':
      return `${formatAddress(problem.at)} no longer knows of the migration; was it restarted?`;
    case 'migration-failed':
      return `the migration failed: ${problem.message}`;
    case 'migration-failed-often':
      return `the migration failed ${problem.times} times: ${problem.message}`;
    case 'migration-cancelled':
      return `the migration was called off by somebody (${problem.message})`;
    case 'migration-too-long':
      return `the migration was not through after ${problem.minutes} minutes (${problem.phase})`;
    case 'done-and-not': {
      const fate = problem.state === 'failed' ? 'has failed' : 'was cancelled';
      const why = problem.message ? ` (${problem.message})` : '';
      return `${formatAddress(problem.done)} says that the migration of slots ${problem.slots} is done, and ${formatAddress(problem.not)} that it ${fate}${why}. Writes of the last moment may be lost; \`slotctl check\` tells who owns the slots.`;
    }
    case 'given-up':
      return `${describeMoveProblem(problem.why)}; ${describeMoveProblem(problem.end)}`;
    case 'called-off':
      return 'it was called off, and the slots are where they were';
    case 'not-called-off':
      return `it could not be called off (${problem.message}). ${howToCallOff(problem)}`;
    case 'goes-on-anyway':
      return `it was cancelled but goes on anyway (${problem.phase})`;
    case 'hands-over':
      return `it is about to hand over, when cancelling it would lose writes, and does not come to its end (${problem.phase})`;
    case 'spared':
      return `it was not called off, since that would call off ${migrationList(problem.others)} too. ${howToCallOff(problem)}`;
  }
}

function howToCallOff({ slots, at, callsOff }: StillRunning): string {
  return `The migration of slots ${slots} may still be running; to call it off, send \`${callsOff}\` to ${formatAddress(at)}.`;
}

export function migrationList(migrations: readonly MigrationOfOthers[]): string {
  return migrations.map(({ slots, target }) => `slots ${slots} to ${target.slice(0, 8)}`).join(' and ');
}
