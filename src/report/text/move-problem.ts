/** Why a move stopped, in sentences that lack their last full stop. */
import type { MigrationOfOthers, MoveProblem, StillRunning } from '../../plan/slots/move-problem.ts';
import { formatAddress } from '../../topology/node.ts';
import type { Alarm } from '../../topology/server-changes.ts';
import type { Slot } from '../../topology/slot-set.ts';
import { sentences } from './sentences.ts';

const MOST_SLOTS = 8;
const MOST_KEYS = 5;
const UNKNOWN = 'an unknown node';

export const describeMoveProblem: (problem: MoveProblem) => string = sentences<MoveProblem>({
  node: ({ node, message }) => `${node}: ${message}`,
  file: ({ message }) => message,
  silent: ({ node }) => `${node} does not answer`,
  'no-meeting-place': ({ node }) => `nobody knows where the others find ${node}`,
  alarm: ({ node, alarm }) => `${node} ${alarmWords(alarm)}`,
  'another-slotctl': ({ slots, at }) =>
    `another slotctl is moving slot${slots.size === 1 ? '' : 's'} ${slots} at ${at.map(formatAddress).join(' or ')}; let it end first (if its machine is gone, the servers notice within minutes, by tcp-keepalive)`,
  'slots-open': openSlotsText,
  'rights-missing': ({ refusals }) => {
    const all = refusals.map(
      ({ at, messages }) => `${formatAddress(at)} refuses what the move needs: ${messages.join(', ')}`,
    );
    return `${all.join('; ')}. Nothing was begun.`;
  },
  'not-owned': ({ at, slots }) => `${formatAddress(at)} does not own ${slotList(slots)}`,
  'moved-by-others': ({ slots }) => `somebody else is moving ${slotList(slots)}`,
  'marks-changed': ({ to, slots }) =>
    `keys have gone to ${formatAddress(to)}, and somebody else has begun to move, or has ended the move of, ${slotList(slots)}`,
  'just-taken': ({ slots }) => `somebody else has just begun to move ${slotList(slots)}`,
  'keys-left': ({ at, slots }) =>
    `${formatAddress(at)} still holds keys in slot${slots.length === 1 ? '' : 's'} ${slots.slice(0, MOST_SLOTS).join(', ')}`,
  'replicas-behind': problem =>
    `${problem.caughtUp} of ${problem.wanted} replicas of ${formatAddress(problem.of)} have what has moved (--wait-replicas)`,

  // Keys
  'keys-clash': ({ keys, at }) => {
    const more = keys.length - MOST_KEYS;
    return `${formatAddress(at)} has other values for ${keys.slice(0, MOST_KEYS).join(', ')}${more > 0 ? ` and ${more} more keys` : ''}; both are kept (--cluster-replace keeps the target’s in a file, and goes on)`;
  },
  'too-big-to-rescue': ({ node, key, file }) =>
    `${node} has another value for ${key}, which is too big for ${file}; both are kept`,
  'not-rescued': ({ message }) => `${message}; nothing was written over`,
  giants: ({ giants, nodeTimeoutMs }) => {
    const shown = giants.slice(0, MOST_KEYS).map(({ key, bytes }) => `${key} (${megabytes(bytes)})`);
    const more = giants.length - MOST_KEYS;
    return `moving ${shown.join(', ')}${more > 0 ? ` and ${more} more` : ''} would hold up both servers for longer than half the node timeout (${nodeTimeoutMs} ms); --allow-blocking does it anyway`;
  },
  'restless-key': ({ key, nodes }) => `${key} is on ${nodes[0]} and on ${nodes[1]}, and does not hold still`,
  'owner-unreachable': ({ holder }) => `nobody knows where ${formatAddress(holder)} finds the owner`,

  // Migrations by the servers that are not begun, or of which that is not known
  'no-atomic-migration': () => 'these servers know no atomic migration',
  'only-by-migrate': ({ why }) => `${describeMoveProblem(why)}; --mover migrate may work`,
  'migrating-already': ({ at, slots, from, to, name }) =>
    `${formatAddress(at)} is moving slots ${slots} already, from ${from || UNKNOWN} to ${to || UNKNOWN} (${name}), and nothing was begun. Try again when that is over.`,
  'owner-changed': ({ owner, at, slots }) => {
    const now = owner ? `${owner} owns them now` : 'nobody is known to own them';
    return `${formatAddress(at)} no longer owns slots ${slots}: ${now}. They were not moved.`;
  },
  'owner-disputed': ({ at, owner, slots, claimedBy }) =>
    `${formatAddress(at)} takes ${owner ?? 'nobody'} for the owner of slots ${slots}, and not ${formatAddress(claimedBy)}, which says that it owns them. They were not moved.`,
  'not-let-in': ({ at, from, user, message }) =>
    `${formatAddress(at)}: ${formatAddress(from)} sends its data there as ${user}: ${message}`,
  'slots-open-already': ({ slots, at }) => `slot ${slots} is open at ${formatAddress(at)}`,
  'garbles-with-threads': ({ version }) =>
    `Valkey ${version} with io-threads garbles what is written during a migration`,
  'cannot-save': ({ at }) =>
    `${formatAddress(at)} could not save its data lately, and servers in that state end themselves at the first key that comes`,
  'wants-replicas': ({ at }) =>
    `${formatAddress(at)} has min-replicas-to-write set: with too few replicas Redis throws away what a migration brings`,
  'same-epoch': () => 'source and target have the same config epoch',
  'not-begun': ({ node, message }) => `${node}: ${message}. Nothing was begun.`,
  'unknown-where-begun': ({ at }) => `${formatAddress(at)} does not know of the migration that it has begun`,
  'begun-perhaps': ({ why, tells, at, callsOff }) => {
    const because = why ? `${describeMoveProblem(why)}. ` : '';
    return `${because}Whether the migration was begun is not known: \`${tells}\` at ${formatAddress(at)} tells, \`${callsOff}\` calls it off.`;
  },
  'of-another-owner': ({ slots, owner, from }) =>
    `slots ${slots} belong to ${owner} by now, and not to ${from}; their migration was called off`,

  // What has become of those that were begun
  'migration-forgotten': ({ at }) =>
    `${formatAddress(at)} no longer knows of the migration; was it restarted?`,
  'migration-failed': ({ message }) => `the migration failed: ${message}`,
  'migration-failed-often': ({ times, message }) => `the migration failed ${times} times: ${message}`,
  'migration-cancelled': ({ message }) => `the migration was called off by somebody (${message})`,
  'migration-too-long': ({ minutes, phase }) =>
    `the migration was not through after ${minutes} minutes (${phase})`,
  'done-and-not': ({ state, message, done, slots, not }) => {
    const fate = state === 'failed' ? 'has failed' : 'was cancelled';
    const why = message ? ` (${message})` : '';
    return `${formatAddress(done)} says that the migration of slots ${slots} is done, and ${formatAddress(not)} that it ${fate}${why}. Writes of the last moment may be lost; \`slotctl check\` tells who owns the slots.`;
  },
  'given-up': ({ why, end }) => `${describeMoveProblem(why)}; ${describeMoveProblem(end)}`,
  'called-off': () => 'it was called off, and the slots are where they were',
  'not-called-off': problem => `it could not be called off (${problem.message}). ${howToCallOff(problem)}`,
  'goes-on-anyway': ({ phase }) => `it was cancelled but goes on anyway (${phase})`,
  'hands-over': ({ phase }) =>
    `it is about to hand over, when cancelling it would lose writes, and does not come to its end (${phase})`,
  spared: problem =>
    `it was not called off, since that would call off ${migrationList(problem.others)} too. ${howToCallOff(problem)}`,
});

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

const alarmWords = sentences<Alarm>({
  evicted: () =>
    'has begun to evict keys, so no more are sent there: give it more memory first (CONFIG SET maxmemory)',
  full: ({ usedBytes, mostBytes }) => {
    const percent = Math.floor((100 * usedBytes) / mostBytes);
    const share = percent < 100 ? `uses ${percent} % of its maxmemory` : 'has reached its maxmemory';
    return `${share}, so no more keys are sent there: give it more memory first (CONFIG SET maxmemory)`;
  },
  restarted: () => 'was restarted while keys were moving, so no more are moved',
});

export function megabytes(amount: number): string {
  return `${Math.round(amount / 1024 / 1024)} MB`;
}

function howToCallOff({ slots, at, callsOff }: StillRunning): string {
  return `The migration of slots ${slots} may still be running; to call it off, send \`${callsOff}\` to ${formatAddress(at)}.`;
}

export function migrationList(migrations: readonly MigrationOfOthers[]): string {
  return migrations.map(({ slots, target }) => `slots ${slots} to ${target.slice(0, 8)}`).join(' and ');
}
