/** What servers tell of the slots that they move among themselves, whoever began it. */
import { isNodeId, type NodeId } from '../topology/node.ts';
import { SlotSet } from '../topology/slot-set.ts';
import type { Command } from './command.ts';
import { asArray, asBytes, asText, excerpt, type Reply, ReplyShapeError } from './reply.ts';

/** An atomic migration, as one end tells of it. */
export interface MigrationReport {
  readonly name: string;
  readonly operation: 'import' | 'export';
  readonly state: string;
  /** Nothing more becomes of it. Redis calls failed also what it is about to begin anew. */
  readonly isOver: boolean;
  readonly slots: SlotSet;
  readonly source?: NodeId;
  readonly target?: NodeId;
  readonly message: string;
  readonly retries: number;
}

/** Redis since 8.4. */
export function migrationTasks(): Command<MigrationReport[]> {
  return {
    args: ['CLUSTER', 'MIGRATION', 'STATUS', 'ALL'],
    decode: reply =>
      asArray(reply).map(entry => {
        const field = fieldsOf(entry);
        return {
          name: field('id'),
          operation: field('operation') === 'import' ? 'import' : 'export',
          state: field('state'),
          isOver: field('end_time') !== NOT_YET,
          slots: readSlots(field('slots')),
          ...endsOf(field('source'), field('dest')),
          message: excerpt(field('last_error'), LONGEST_MESSAGE),
          retries: Number(field('retries')) || 0,
        };
      }),
  };
}

/** Valkey since 9.0. It begins nothing anew. */
export function migrationJobs(): Command<MigrationReport[]> {
  return {
    args: ['CLUSTER', 'GETSLOTMIGRATIONS'],
    decode: reply =>
      asArray(reply).map(entry => {
        const field = fieldsOf(entry);
        return {
          name: field('name'),
          operation: field('operation') === 'IMPORT' ? 'import' : 'export',
          state: field('state'),
          isOver: ENDS.has(field('state')),
          slots: readSlots(field('slot_ranges')),
          ...endsOf(field('source_node'), field('target_node')),
          message: excerpt(field('message'), LONGEST_MESSAGE),
          retries: 0,
        };
      }),
  };
}

/** Valkey's words. */
const ENDS: ReadonlySet<string> = new Set(['success', 'failed', 'cancelled']);
/** In place of the time when it ended, with Redis. */
const NOT_YET = '-1';
const LONGEST_MESSAGE = 200;

/** Replicas do not tell. */
function endsOf(source: string, target: string): { readonly source?: NodeId; readonly target?: NodeId } {
  return { ...(isNodeId(source) && { source }), ...(isNodeId(target) && { target }) };
}

/** `0-10 20`, with blanks or commas between. */
function readSlots(text: string): SlotSet {
  try {
    return SlotSet.parse(text.trim().replace(/[ ,]+/g, ','));
  } catch {
    throw new ReplyShapeError(`these are no slots: '${excerpt(text)}'`);
  }
}

type Fields = (name: string) => string;

/** `[name, value, …]`; what is not there is empty. */
function fieldsOf(entry: Reply): Fields {
  const words = asArray(entry);
  return name => {
    const at = words.findIndex((word, i) => i % 2 === 0 && asText(word) === name);
    const value = at === -1 ? null : (words[at + 1] ?? null);
    if (value === null) return '';
    return typeof value === 'number' ? `${value}` : asBytes(value).toString('utf8');
  };
}
