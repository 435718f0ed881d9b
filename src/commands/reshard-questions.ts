/**
 * The asking for a reshard, apart from who asks: what is open, what the question is, and what an answer means. It is
 * redis-cli's order, and its words.
 */

import type { Refusal, ReshardDetail } from '../plan/refusal.ts';
import { damageIn, findPrimary, movableSlots } from '../plan/slots/move-plan.ts';
import { NodeNames } from '../report/text/names.ts';
import { describeRefusal } from '../report/text/refusal.ts';
import type { Examined } from '../topology/diagnose.ts';
import type { NodeId } from '../topology/node.ts';
import { SLOT_COUNT, SlotSet } from '../topology/slot-set.ts';
import type { ClusterSnapshot } from '../topology/snapshot.ts';

/** What was said so far, in the words of the person. */
export interface Said {
  readonly count?: number;
  readonly to?: string;
  readonly from?: readonly string[] | 'all';
}

/** The same of nodes that are known. */
export interface Inquiry extends Said {
  readonly to?: NodeId;
  readonly from?: readonly NodeId[] | 'all';
  /** Named one by one, until `all` or `done`. */
  readonly sources: readonly NodeId[];
}

export interface Refused {
  readonly kind: 'refused';
  readonly refusals: readonly Refusal[];
}

/** What an answer comes to. */
export type Heard =
  | { readonly kind: 'understood'; readonly inquiry: Inquiry }
  | { readonly kind: 'wrong'; readonly text: string }
  | Refused;

export const HOW_MANY = `How many slots do you want to move (from 1 to ${SLOT_COUNT})?`;

const TARGET_IS_NO_SOURCE = '*** It is not possible to use the target node as source node.';

export function isComplete(said: Said): said is Required<Said> {
  return openDetails(said).length === 0;
}

/** In the order in which they are asked for. */
export function openDetails(said: Said): ReshardDetail[] {
  return (['count', 'to', 'from'] as const).filter(detail => said[detail] === undefined);
}

export function refused(...refusals: Refusal[]): Refused {
  return { kind: 'refused', refusals };
}

/** Nobody is asked about a cluster of which no slot may be moved, nor after a word that names no primary. */
export function beginInquiry(
  { count, to: target, from: owners }: Said,
  seen: Examined,
  despiteFindings: boolean,
): Inquiry | Refused {
  const { snapshot } = seen;
  const refusals = damageIn(seen, { despiteFindings });
  const find = (word: string) => findPrimary(snapshot, word, refusals);
  const to = target === undefined ? undefined : find(target);
  const from = owners === undefined || owners === 'all' ? owners : owners.flatMap(word => find(word) ?? []);
  if (to && isSource(to, from)) refusals.push({ kind: 'source-is-target', node: to });
  if (refusals.length > 0) return refused(...refusals);
  const primaries = primariesIn(snapshot);
  const nobodyToReceive = target === undefined && primaries.every(id => isSource(id, from));
  if (primaries.length < 2 || nobodyToReceive) return refused({ kind: 'no-other-primary' });
  return { ...(count && { count }), ...(to && { to }), ...(from && { from }), sources: [] };
}

export function isSource(id: NodeId, from: Inquiry['from']): boolean {
  return from !== undefined && from !== 'all' && from.includes(id);
}

/** Those that answer, in the order of the map. */
export function primariesIn(snapshot: ClusterSnapshot): NodeId[] {
  return [...movableSlots(snapshot, SlotSet.empty).keys()];
}

export function questionFor(inquiry: Inquiry): string {
  const [detail] = openDetails(inquiry);
  if (detail === 'count') return `${HOW_MANY} `;
  return detail === 'to' ? 'What is the receiving node ID? ' : `Source node #${inquiry.sources.length + 1}: `;
}

/** The answer to the question that the inquiry has come to. */
export function hear(inquiry: Inquiry, answer: string, snapshot: ClusterSnapshot): Heard {
  switch (openDetails(inquiry)[0]) {
    case 'count':
      return hearNumber(inquiry, answer);
    case 'to':
      return hearTarget(inquiry, answer, snapshot);
    default:
      return hearSource(inquiry, answer, snapshot);
  }
}

function hearNumber(inquiry: Inquiry, answer: string): Heard {
  const count = /^\+?\d{1,5}$/.test(answer) ? Number(answer) : 0;
  if (count < 1 || count > SLOT_COUNT)
    return wrong(`*** It must be a whole number from 1 to ${SLOT_COUNT}, please retry.`);
  return understood({ ...inquiry, count });
}

function hearTarget(inquiry: Inquiry, answer: string, snapshot: ClusterSnapshot): Heard {
  const to = hearPrimary(answer, snapshot);
  if (typeof to !== 'string') return to;
  return isSource(to, inquiry.from) ? wrong(TARGET_IS_NO_SOURCE) : understood({ ...inquiry, to });
}

function hearSource(inquiry: Inquiry, answer: string, snapshot: ClusterSnapshot): Heard {
  const { sources, to } = inquiry;
  const word = answer.toLowerCase();
  if (word === 'all') return understood({ ...inquiry, from: 'all' });
  if (word === 'done')
    return sources.length === 0 ? refused({ kind: 'no-sources' }) : understood({ ...inquiry, from: sources });
  const source = hearPrimary(answer, snapshot);
  if (typeof source !== 'string') return source;
  if (source === to) return wrong(TARGET_IS_NO_SOURCE);
  // Else a pipe that repeats itself would be listened to for ever.
  if (sources.includes(source)) return wrong(`*** The specified node (${answer}) is a source already.`);
  return understood({ ...inquiry, sources: [...sources, source] });
}

function hearPrimary(answer: string, snapshot: ClusterSnapshot): NodeId | Heard {
  const refusals: Refusal[] = [];
  const id = findPrimary(snapshot, answer, refusals);
  if (id) return id;
  const [refusal] = refusals;
  if (refusal?.kind === 'ambiguous-node' || refusal?.kind === 'does-not-answer')
    return wrong(`*** ${describeRefusal(refusal, new NodeNames(snapshot))}`);
  return wrong(`*** The specified node (${answer}) is not known or not a master, please retry.`);
}

export function understood(inquiry: Inquiry): Heard {
  return { kind: 'understood', inquiry };
}

function wrong(text: string): Heard {
  return { kind: 'wrong', text };
}
