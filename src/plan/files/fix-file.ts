/**
 * A round of mending as a file: for people, who find in it what is wrong and by what commands it would be mended, and for
 * `apply`, which looks anew and mends that much and no more.
 */
import type { NodeId } from '../../topology/node.ts';
import { SlotSet } from '../../topology/slot-set.ts';
import type { FixPlan, FixWishes, Preference } from '../fix/fix.ts';
import type { Situation } from '../fix/situation.ts';
import { isSituationKind, type SituationKind } from '../fix/situation-kinds.ts';
import type { PlanDifference } from '../refusal.ts';
import { readCount, readFlag } from '../slots/move-settings.ts';
import { entryPlace, readEntry } from './plan-entry.ts';
import {
  readDocument,
  readFields,
  readId,
  readList,
  readSlots,
  readText,
  shown,
  wrong,
} from './read-value.ts';

const FORMAT = 'slotctl-fix';
/** Since 2 it holds the manner. */
const VERSION = 2;
const READABLE: readonly unknown[] = [1, VERSION];
/** As it was written on the command line; nothing that a terminal would act upon. */
const PATH = /^\P{C}{1,4096}$/u;
const PREFERENCE = /^(owner|other|newest)$/;

export interface SavedSituation {
  readonly kind: SituationKind;
  readonly slots: SlotSet;
  readonly nodes: readonly NodeId[];
}

/** How it is to be mended, as far as that can be chosen. */
export interface FixManner {
  readonly prefer: Preference;
  /** Even keys go that hold up the servers for long. */
  readonly allowBlocking: boolean;
  /** What servers wait for each other in one MIGRATE. */
  readonly timeoutMs?: number;
  /** Where values go that give way to others. */
  readonly rescueFile?: string;
}

export interface SavedFix {
  /** Host and port. */
  readonly entry?: string;
  readonly wishes: FixWishes;
  readonly manner: FixManner;
  readonly situations: readonly SavedSituation[];
}

/** `commandsOf`: for people only; nobody reads them back. */
export function fixDocument(
  plan: FixPlan,
  { wishes, prefer, allowBlocking, timeoutMs, rescueFile }: Pick<SavedFix, 'wishes'> & FixManner,
  commandsOf: (situation: Situation) => readonly string[],
): string {
  const document = {
    format: FORMAT,
    version: VERSION,
    command: 'fix',
    entry: entryPlace(plan.before),
    wishes,
    prefer,
    moving: { allowBlocking, timeoutMs, rescueFile },
    situations: plan.situations
      .filter(({ obstacle }) => !obstacle || obstacle === 'later')
      .map(situation => {
        const { kind, slots, nodes } = situation;
        return { kind, slots: `${slots}`, nodes, commands: commandsOf(situation) };
      }),
  };
  return `${JSON.stringify(document, undefined, 2)}\n`;
}

/** Whether a file says of itself that it is one; what else is in it is looked at later. */
export function isFixDocument(text: string): boolean {
  return /^\s*\{\s*"format":\s*"slotctl-fix"/.test(text);
}

/** An InputError says what is wrong with it. */
export function readFixDocument(text: string): SavedFix {
  const document = readDocument(text);
  if (document['format'] !== FORMAT) wrong('format', `is ${shown(document['format'])}`);
  const { version } = document;
  if (!READABLE.includes(version))
    wrong('version', `is ${shown(version)}; ${READABLE.join(' and ')} are known here`);
  const wishes = readFields(document['wishes'], 'wishes');
  const entry = readEntry(document['entry']);
  return {
    ...(entry !== undefined && { entry }),
    wishes: {
      searchOwners: wishes['searchOwners'] === true,
      withUnreachable: wishes['withUnreachable'] === true,
    },
    manner: {
      prefer: readText(document['prefer'], PREFERENCE, 'prefer') as Preference,
      ...(version === VERSION ? readMoving(document['moving']) : { allowBlocking: false }),
    },
    situations: readList(document['situations'], 'situations').map(readSituation),
  };
}

function readMoving(value: unknown): Omit<FixManner, 'prefer'> {
  const { allowBlocking, timeoutMs, rescueFile, ...others } = readFields(value, 'moving');
  const stranger = Object.keys(others)[0];
  if (stranger !== undefined) wrong('moving', `has ${shown(stranger)}, which is not known here`);
  return {
    allowBlocking: readFlag(allowBlocking, 'moving.allowBlocking'),
    ...(timeoutMs !== undefined && { timeoutMs: readCount(timeoutMs, 'moving.timeoutMs', 1) }),
    ...(rescueFile !== undefined && { rescueFile: readText(rescueFile, PATH, 'moving.rescueFile') }),
  };
}

function readSituation(value: unknown, i: number): SavedSituation {
  const where = `situations[${i}]`;
  const { kind, slots, nodes } = readFields(value, where);
  if (typeof kind !== 'string' || !isSituationKind(kind)) wrong(`${where}.kind`, `is ${shown(kind)}`);
  return {
    kind,
    slots: slots === '' ? SlotSet.empty : readSlots(slots, `${where}.slots`),
    nodes: readList(nodes, `${where}.nodes`).map((id, j) => readId(id, `${where}.nodes[${j}]`)),
  };
}

/**
 * What a round would do that is not in the file. About slots a later round may tell another story than the first, as when
 * keys come to light; but none about other slots.
 */
export function beyondFile({ situations }: FixPlan, saved: SavedFix): PlanDifference[] {
  const slots = SlotSet.union(saved.situations.map(situation => situation.slots));
  const nodes = (kind: SituationKind) =>
    saved.situations.filter(situation => situation.kind === kind).flatMap(situation => situation.nodes);
  return situations
    .filter(({ measures }) => measures.length > 0)
    .filter(situation =>
      situation.slots.size > 0
        ? situation.slots.without(slots).size > 0
        : !situation.nodes.every(id => nodes(situation.kind).includes(id)),
    )
    .map(({ kind, nodes: who, slots: where }) => ({
      kind: 'situation-new',
      situation: kind,
      nodes: who,
      slots: where.without(slots),
    }));
}
