/** What an import runs into, and what its counts say in the end. */
import type { ImportEvent, ImportResult } from '../../plan/transfer/import-events.ts';
import { type Address, formatAddress } from '../../topology/node.ts';
import { bytes, count, enumerate } from './names.ts';
import { allOf } from './sentences.ts';

export function restlessText({ keys }: Extract<ImportEvent, { kind: 'restless' }>): string {
  return `${count(keys, 'key')} changed at the source while ${keys === 1 ? 'it was' : 'they were'} read; trying again, with longer pauses each time`;
}

export function sentAgainText({ nodes, keys }: Extract<ImportEvent, { kind: 'sent-again' }>): string {
  const reason =
    nodes.length > 0 ? `${wereRestarted(nodes)} and came back without` : 'a replica took over without';
  return `${reason} ${count(keys, 'key')} that had arrived; they are sent again`;
}

export function keptText({ nodes }: Extract<ImportEvent, { kind: 'kept' }>): string {
  return `${wereRestarted(nodes)} and still ${nodes.length === 1 ? 'has' : 'have'} all the keys sent there; going on`;
}

function wereRestarted(nodes: readonly Address[]): string {
  return `${enumerate(nodes.map(formatAddress))} ${nodes.length === 1 ? 'was' : 'were'} restarted`;
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
  const late = source.after - clashing - giants - outvoted - restless;
  const problems = [
    ...losses(result, copy),
    ...allOf(
      clashing > 0 && `${count(clashing, 'key')} had other values in the cluster and stayed at the source.`,
      giants > 0 && `${count(giants, 'key')} stayed at the source: too big.`,
      restless > 0 &&
        `${count(restless, 'key')} stayed at the source: clients keep changing ${restless === 1 ? 'it' : 'them'}. Stop those clients, and run the same command again.`,
      result.sourceMoved === true &&
        'Slots of the source moved during the import, and keys may have been missed. Run the same command again to take them.',
      !copy &&
        result.isWhole &&
        late > 0 &&
        `${count(late, 'key')} ${late === 1 ? 'was' : 'were'} added at the source during the import and ${late === 1 ? 'is' : 'are'} still there. Run the same command again to take ${late === 1 ? 'it' : 'them'}.`,
    ),
  ];
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
  const kept = rescueFile ? `, kept in ${rescueFile} (slotctl rescue)` : '';
  return allOf(
    alreadyThere > 0 && `Already there with the same value: ${alreadyThere}.`,
    overwritten > 0 && `Values overwritten in the cluster: ${overwritten}${kept}.`,
    outvoted > 0 && `Left at the source because a higher database also has the key: ${outvoted}.`,
    check.expired > 0 && `Expired since they arrived: ${about(check)}${check.expired}.`,
    check.deleted > 0 &&
      `Deleted at the source meanwhile, and not in the cluster either: ${about(check)}${check.deleted}.`,
    copy &&
      source.after > source.before &&
      `Keys added at the source during the import may not have been taken: ${source.after - source.before}.`,
  );
}

function about({ oneOf }: ImportResult['check']): string {
  return oneOf > 1 ? 'about ' : '';
}

/** What is not where it should be, or may not be, and why as far as that is known. */
function losses(result: ImportResult, copy: boolean): string[] {
  const { check, carried, evicted, evictedAtSource, restarted, restartedSources, lostAtSource } = result;
  const lost = lostAtSource ?? 0;
  return allOf(
    check.missing > 0 &&
      `Of ${count(carried, 'key')} that the cluster received, ${about(check)}${check.missing} ${check.missing === 1 ? 'is' : 'are'} missing${reasonFor(result)}. ${copy ? 'The source still has them unless they were removed there: run the same command again to bring them' : 'The source no longer has them'}.`,
    evicted > 0 &&
      `The cluster evicted ${count(evicted, 'key')} during the import: it has too little memory (maxmemory).`,
    check.unseen > 0 &&
      `${count(check.unseen, 'key')} could not be looked for afterwards: the nodes did not answer, or +exists is missing. Run the same command again: it recognises what is there.`,
    check.unseen === 0 &&
      check.oneOf > 1 &&
      check.missing === 0 &&
      restarted.length > 0 &&
      `${wereRestarted(restarted)} during the import. One in ${check.oneOf} keys was looked for afterwards, and found; the others were not checked.`,
    check.short > 0 &&
      `The cluster has ${count(check.short, 'key')} fewer than it should: clients may have deleted them, or keys of their own may have expired.`,
    evictedAtSource > 0 &&
      `The source evicted ${count(evictedAtSource, 'key')} during the import (maxmemory): they may not have been taken.`,
    lostAtSource === undefined &&
      `${wereRestarted(restartedSources)} during the import; it is not known whether all keys were there afterwards.`,
    lost > 0 &&
      `${wereRestarted(restartedSources)} during the import; ${count(lost, 'key')} from before ${lost === 1 ? 'was' : 'were'} gone afterwards, and ${lost === 1 ? 'was' : 'were'} not taken.`,
  );
}

function reasonFor({ restarted, evicted }: ImportResult): string {
  if (restarted.length > 0) return `: ${wereRestarted(restarted)} and came back without data`;
  return evicted > 0 ? '' : ': clients may have deleted them, or a replica took over before it had them';
}

export function alarmText({ alarm, node }: Extract<ImportEvent, { kind: 'alarmed' }>): string {
  const at = formatAddress(node);
  const rest = 'Sending has stopped; what was not sent is still at the source';
  switch (alarm.kind) {
    case 'evicted':
      return `${at} has evicted ${count(alarm.keys, 'key')} since the import began: it has too little memory (maxmemory). ${rest}.`;
    case 'full':
      return `${at} uses ${bytes(alarm.usedBytes)} of ${bytes(alarm.mostBytes)} (maxmemory): it is about to evict or refuse keys. ${rest}.`;
    case 'restarted':
      return `${at} was restarted. ${rest}.`;
  }
}
