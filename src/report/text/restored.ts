/** What came of a restore, and whether it is there. */

import type { RestoreDoubts, RestoreProblem, RestoreTally } from '../../plan/transfer/restore.ts';
import type { LackOfRoom } from '../../plan/transfer/restore-room.ts';
import { formatAddress } from '../../topology/node.ts';
import type { Alarm } from '../../topology/server-changes.ts';
import { bytes, count, type NodeNames } from './names.ts';
import { shownKey } from './restore.ts';
import { allOf } from './sentences.ts';

export function restoredText(
  { restored, expired, same, existing, refused }: RestoreTally,
  keys: number,
): string {
  const parts = allOf(
    `${restored} of ${count(keys, 'key')} restored`,
    expired > 0 && `${expired} had expired`,
    same > 0 && `${same} were there already`,
    existing > 0 && `${existing} existed with another value`,
    refused > 0 && `${refused} were not taken`,
  );
  return `${parts.join(', ')}.`;
}

export function lackOfRoomText({ address, usedBytes, comingBytes, mostBytes, policy }: LackOfRoom): string {
  const what = policy === 'noeviction' ? 'it would refuse the last of it' : `it would evict keys (${policy})`;
  return `${formatAddress(address)} has no room: about ${bytes(comingBytes)} of the backup belongs there, it uses ${bytes(usedBytes)}, and its maxmemory is ${bytes(mostBytes)}; ${what}. Give it more memory, or add nodes to the cluster; --despite-findings restores anyway.`;
}

export function describeRestoreProblem(problem: RestoreProblem, names: NodeNames): string {
  switch (problem.kind) {
    case 'untaken': {
      const { keys, waitedMs, trouble } = problem;
      const why = trouble ? ` (${trouble.node}: ${trouble.message})` : '';
      return `for ${waitedMs / 1000} s no node has taken ${keys} of the keys${why}.`;
    }
    case 'alarm':
      return alarmText(problem.alarm, names.of(problem.alarm.node));
    case 'full':
      return `${formatAddress(problem.at)} is full (maxmemory) and refuses keys. Sending has stopped. Give it more memory.`;
  }
}

function alarmText(alarm: Exclude<Alarm, { kind: 'restarted' }>, node: string): string {
  switch (alarm.kind) {
    case 'evicted':
      return `${node} has evicted ${count(alarm.keys, 'key')} since the restore began: sending has stopped, and some of what was sent is lost. Give it more memory (maxmemory).`;
    case 'full':
      return `${node} is full: it uses ${bytes(alarm.usedBytes)} of ${bytes(alarm.mostBytes)} (maxmemory). Sending has stopped. Give it more memory.`;
  }
}

export function evictedText(node: string, keys: number): string {
  return `${node} has evicted ${count(keys, 'key')} since the restore began; some of the backup may be among them.`;
}

export function doubtText(
  { nodes, slots }: RestoreDoubts,
  names: NodeNames,
  outcome: 'sent again' | 'given up',
): string {
  const who = `${names.listed(nodes, 'was', 'were')} restarted, failed over, or cannot be reached`;
  return outcome === 'sent again'
    ? `${who}: what was restored there (${count(slots.size, 'slot')}) is sent again. Keys from before the restore are not in the backup, and may be missing.`
    : `${who} again and again: keys of ${count(slots.size, 'slot')} may be missing.`;
}

/** `refused`: so many of these may be keys that were not taken. */
export function missingKeysText(keys: number, examples: readonly Uint8Array[], refused = 0): string {
  const named =
    examples.length > 0
      ? ` (${examples.map(shownKey).join(', ')}${keys > examples.length ? ', …' : ''})`
      : '';
  return `${count(keys, 'key')} of the backup ${keys === 1 ? 'is' : 'are'} missing${named}: lost, or deleted by clients${refused > 0 ? `, or among the ${refused} that were refused` : ''}. Run the same command again to restore what is missing.`;
}

export function uncountedKeysText(reason = 'it was not counted'): string {
  return `Not everything could be counted at the end: ${reason} (needs +cluster|countkeysinslot +exists).`;
}
