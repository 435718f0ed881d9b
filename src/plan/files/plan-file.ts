/**
 * Plans as files, to be read by people, carried out later, and carried out again after an interruption. A file holds
 * which slots are to go where and in what manner, who owned what when that was decided, and where the cluster was;
 * nothing else, so there is nothing secret in it.
 */
import { InputError } from '../../topology/input-error.ts';
import { formatAddress, type NodeId } from '../../topology/node.ts';
import { SLOT_COUNT, SlotSet } from '../../topology/slot-set.ts';
import { addressBook } from '../../topology/snapshot.ts';
import { type MovePlan, ownersIn } from '../slots/move-plan.ts';
import { type Manner, mannerFields, readManner } from '../slots/move-settings.ts';
import type { SlotMove } from '../step.ts';
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

const FORMAT = 'slotctl-plan';
/** Since 2 it holds the manner. */
const VERSION = 2;
const READABLE: readonly unknown[] = [1, VERSION];

const COMMAND = /^[a-z][a-z-]{0,39}$/;
/** A place as it is written, a path included; nothing that a terminal would act upon. */
const ADDRESS = /^\P{C}{1,300}$/u;

export interface SavedOwner {
  readonly id: NodeId;
  readonly address?: string;
  readonly slots: SlotSet;
}

export interface SavedPlan {
  /** The subcommand that made it. */
  readonly command: string;
  /** Where the cluster was asked: host and port. */
  readonly entry?: string;
  /** The primaries with slots, as they were. */
  readonly owners: readonly SavedOwner[];
  readonly moves: readonly SlotMove[];
  /** Absent in files of version 1. */
  readonly manner?: Manner;
}

/** `command` is the name of the subcommand and never its line, which may hold a password. */
export function planDocument(
  { before, moves }: Pick<MovePlan, 'before' | 'moves'>,
  command: string,
  manner: Manner,
): string {
  const book = addressBook(before);
  const addressOf = (id: NodeId) => {
    const address = book.get(id);
    return address && formatAddress(address);
  };
  const owners = [...ownersIn(before)].filter(([, slots]) => slots.size > 0);
  const document = {
    format: FORMAT,
    version: VERSION,
    command: readText(command, COMMAND, 'command'),
    entry: entryPlace(before),
    moving: mannerFields(manner),
    fingerprint: owners.map(([id, slots]) => ({ id, address: addressOf(id), slots: `${slots}` })),
    moves: moves.map(({ from, to, slots }) => ({ from, to, slots: `${slots}` })),
  };
  return `${JSON.stringify(document, undefined, 2)}\n`;
}

/** An InputError says what is wrong with it. */
export function readPlanDocument(text: string): SavedPlan {
  const document = readDocument(text);
  const { format, version } = document;
  if (format !== FORMAT)
    throw new InputError(`This is no plan: its format is ${shown(format)}, not "${FORMAT}"`);
  if (!READABLE.includes(version))
    throw new InputError(
      `This plan is in version ${shown(version)} of the format; ${READABLE.join(' and ')} are known here`,
    );
  const entry = readEntry(document['entry']);
  const plan = {
    command: readText(document['command'], COMMAND, 'command'),
    ...(entry !== undefined && { entry }),
    owners: readList(document['fingerprint'], 'fingerprint').map(readOwner),
    moves: readList(document['moves'], 'moves').map(readMove),
    ...(version === VERSION && { manner: readManner(document['moving'], 'moving') }),
  };
  judge(plan);
  return plan;
}

function readOwner(value: unknown, i: number): SavedOwner {
  const where = `fingerprint[${i}]`;
  const { id, address, slots } = readFields(value, where);
  return {
    id: readId(id, `${where}.id`),
    ...(address !== undefined && { address: readText(address, ADDRESS, `${where}.address`) }),
    slots: readSlots(slots, `${where}.slots`),
  };
}

function readMove(value: unknown, i: number): SlotMove {
  const where = `moves[${i}]`;
  const { from, to, slots } = readFields(value, where);
  return {
    from: readId(from, `${where}.from`),
    to: readId(to, `${where}.to`),
    slots: readSlots(slots, `${where}.slots`),
  };
}

/** Each slot goes once, from whoever had it to somebody else. */
function judge({ owners, moves }: SavedPlan): void {
  const owned = new Map(owners.map(({ id, slots }) => [id, slots]));
  if (owned.size < owners.length) wrong('fingerprint', 'names a node twice');
  const moved = new Uint8Array(SLOT_COUNT);
  moves.forEach(({ from, to, slots }, i) => {
    const where = `moves[${i}]`;
    if (from === to) wrong(where, 'goes from a node to itself');
    if (slots.without(owned.get(from) ?? SlotSet.empty).size > 0)
      wrong(where, 'takes slots from a node that does not own them');
    for (const s of slots) {
      if (moved[s] === 1) wrong(where, `moves slot ${s} a second time`);
      moved[s] = 1;
    }
  });
}
