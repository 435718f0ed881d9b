/** What an import runs into, and what its counts say in the end. */
import type { ImportEvent, ImportResult } from '../plan/import-events.ts';
import { formatAddress } from '../topology/node.ts';
import { bytes, count, enumerate } from './names.ts';

export function restlessText({ keys }: Extract<ImportEvent, { kind: 'restless' }>): string {
  return `${count(keys, 'key')} changed at the source while ${keys === 1 ? 'it was' : 'they were'} read; trying again, with longer and longer pauses`;
}

export function sentAgainText({ nodes, keys }: Extract<ImportEvent, { kind: 'sent-again' }>): string {
  const reason =
    nodes.length > 0
      ? `${enumerate(nodes.map(formatAddress))} was started again, and came back without`
      : 'a replica took over, and does not have';
  return `${reason} ${count(keys, 'key')} that had arrived; they are sent again`;
}

export function keptText({ nodes }: Extract<ImportEvent, { kind: 'kept' }>): string {
  return `${enumerate(nodes.map(formatAddress))} was started again, and still has all keys that it was given; going on`;
}

export interface ImportVerdict {
  /** Nothing has gone wrong, and nothing is left that was to come. */
  readonly isDone: boolean;
  readonly lines: readonly string[];
  readonly problems: readonly string[];
}

/** What the counts say. */
export function judgeImport(result: ImportResult, copy: boolean): ImportVerdict {
  const { source, cluster, clashing, giants, outvoted, restless } = result;
  const problems: string[] = [...losses(result, copy)];
  if (clashing > 0) problems.push(`${count(clashing, 'key')} had other values in the cluster, and stayed.`);
  if (giants > 0) problems.push(`${count(giants, 'key')} stayed for being too big.`);
  if (restless > 0)
    problems.push(
      `${count(restless, 'key')} stayed because clients of the source change ${restless === 1 ? 'it' : 'them'} all the time: stop these, and run the same command again.`,
    );
  if (result.sourceMoved)
    problems.push(
      'Slots of the source moved meanwhile, and keys may have been missed. The same command again takes them.',
    );
  const late = source.after - clashing - giants - outvoted - restless;
  if (!copy && result.isWhole && late > 0)
    problems.push(
      `${count(late, 'key')} came to the source meanwhile, and ${late === 1 ? 'is' : 'are'} still there. The same command again takes them.`,
    );
  const lines = [
    `The source had ${count(source.before, 'key')} and has ${source.after}; the cluster had ${cluster.before} and has ${cluster.after}.`,
    ...remarks(result, copy),
  ];
  return { isDone: problems.length === 0 && result.isWhole, lines, problems };
}

function remarks(
  { source, alreadyThere, overwritten, outvoted, rescueFile, check }: ImportResult,
  copy: boolean,
): string[] {
  return [
    ...(alreadyThere > 0 ? [`Already there with the same value: ${alreadyThere}.`] : []),
    ...(overwritten > 0
      ? [
          `Values of the cluster that gave way: ${overwritten}${rescueFile ? `, kept in ${rescueFile} (slotctl rescue)` : ''}.`,
        ]
      : []),
    ...(outvoted > 0 ? [`Left at the source because a higher database has the key, too: ${outvoted}.`] : []),
    ...(check.expired > 0 ? [`Expired since they arrived: ${about(check)}${check.expired}.`] : []),
    ...(copy && source.after > source.before
      ? [`Keys that came to the source meanwhile may not have been taken: ${source.after - source.before}.`]
      : []),
  ];
}

function about({ oneOf }: ImportResult['check']): string {
  return oneOf > 1 ? 'about ' : '';
}

/** What is not where it should be, or may not be, and why as far as that is known. */
function losses(result: ImportResult, copy: boolean): string[] {
  const { check, carried, evicted, evictedAtSource, restarted, restartedSources, lostAtSource } = result;
  const said: string[] = [];
  const where = (nodes: ImportResult['restarted']) => enumerate(nodes.map(formatAddress));
  if (check.missing > 0)
    said.push(
      `Of ${count(carried, 'key')} that the cluster was given, ${about(check)}${check.missing} ${check.missing === 1 ? 'is' : 'are'} not there${reasonFor(result)}. ${copy ? 'The source has them if nobody has removed them there: the same command again brings them' : 'The source has them no more'}.`,
    );
  if (evicted > 0)
    said.push(
      `The cluster evicted ${count(evicted, 'key')} meanwhile: it has too little memory (maxmemory).`,
    );
  if (check.unseen > 0)
    said.push(
      `${count(check.unseen, 'key')} could not be looked for afterwards: the nodes did not answer, or +exists is missing. The same command again recognises what is there.`,
    );
  else if (check.oneOf > 1 && check.missing === 0 && restarted.length > 0)
    said.push(
      `${where(restarted)} was started again meanwhile. One in ${check.oneOf} keys was looked for afterwards, and found; of the others nobody knows.`,
    );
  if (check.short > 0)
    said.push(
      `The cluster has ${count(check.short, 'key')} fewer than it should: clients may have deleted them meanwhile, or theirs have expired.`,
    );
  if (evictedAtSource > 0)
    said.push(
      `The source evicted ${count(evictedAtSource, 'key')} meanwhile (maxmemory): they may not have been taken.`,
    );
  if (lostAtSource === undefined || lostAtSource > 0)
    said.push(
      `${where(restartedSources)} was started again meanwhile; ${lostAtSource === undefined ? 'whether all of its keys were there afterwards nobody knows' : `${count(lostAtSource, 'key')} that it had ${lostAtSource === 1 ? 'was' : 'were'} not there afterwards, and ${lostAtSource === 1 ? 'was' : 'were'} not taken`}.`,
    );
  return said;
}

function reasonFor({ restarted, evicted }: ImportResult): string {
  if (restarted.length > 0)
    return `: ${enumerate(restarted.map(formatAddress))} was started again, and came back without what it had`;
  return evicted > 0
    ? ''
    : ': clients may have deleted them, or a replica took over that did not have them yet';
}

export function alarmText({ alarm, node }: Extract<ImportEvent, { kind: 'alarmed' }>): string {
  const at = formatAddress(node);
  const rest = 'No more is sent; what has not been sent is at the source';
  switch (alarm.kind) {
    case 'evicted':
      return `${at} has evicted ${count(alarm.keys, 'key')} since the beginning: it has too little memory (maxmemory). ${rest}.`;
    case 'full':
      return `${at} uses ${bytes(alarm.usedBytes)} of ${bytes(alarm.mostBytes)} (maxmemory): it is about to evict keys, or to take no more. ${rest}.`;
    case 'restarted':
      return `${at} was started again. ${rest}.`;
  }
}
