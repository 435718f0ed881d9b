/**
 * Atomic slot migration: the servers move slots among themselves, and the owner changes in one moment. Redis 8.4 is told
 * at the target, by task; Valkey 9.0 at the source, by job. Both tell how far they are; the words differ.
 */
import type { NodeId } from '../topology/node.ts';
import type { SlotSet } from '../topology/slot-set.ts';
import type { Command } from './command.ts';
import { asArray, asInteger, asOk, asText, excerpt, type Reply, ReplyShapeError } from './reply.ts';

function rangeWords(slots: SlotSet): string[] {
  return slots.ranges.flatMap(({ first, last }) => [`${first}`, `${last}`]);
}

/** Redis, sent to the target; the source is whoever owns the slots. Answers with the name of the task. */
export function importSlots(slots: SlotSet): Command<string> {
  return { args: ['CLUSTER', 'MIGRATION', 'IMPORT', ...rangeWords(slots)], decode: asText };
}

export type MigrationState = 'under-way' | 'done' | 'failed' | 'cancelled';

export interface MigrationStatus {
  readonly state: MigrationState;
  /** The server's own word for where it stands. */
  readonly phase: string;
  /** Why the last attempt failed; empty where none did. */
  readonly message: string;
  /** How often a Redis server has begun anew. */
  readonly retries: number;
}

/** Undefined for a task that the node does not know. */
export function importStatus(task: string): Command<MigrationStatus | undefined> {
  return {
    args: ['CLUSTER', 'MIGRATION', 'STATUS', 'ID', task],
    decode: reply => {
      const [entry] = asArray(reply);
      return entry === undefined ? undefined : readStatus(entry, 'last_error');
    },
  };
}

export function cancelImport(task: string): Command<number> {
  return { args: ['CLUSTER', 'MIGRATION', 'CANCEL', 'ID', task], decode: asInteger };
}

/** Valkey, sent to the source. */
export function exportSlots(slots: SlotSet, to: NodeId): Command<void> {
  return { args: ['CLUSTER', 'MIGRATESLOTS', 'SLOTSRANGE', ...rangeWords(slots), 'NODE', to], decode: asOk };
}

export interface ExportJob extends MigrationStatus {
  readonly name: string;
  readonly target: string;
  readonly slots: string;
}

/** Jobs that the node has to do with as the source, the latest first. */
export function exportJobs(): Command<ExportJob[]> {
  return {
    args: ['CLUSTER', 'GETSLOTMIGRATIONS'],
    decode: reply =>
      asArray(reply).flatMap(entry => {
        const fields = fieldsOf(entry);
        if (fields.get('operation') !== 'EXPORT') return [];
        const name = fields.get('name') ?? '';
        const target = fields.get('target_node') ?? '';
        return [{ ...readStatus(entry, 'message'), name, target, slots: fields.get('slot_ranges') ?? '' }];
      }),
  };
}

/** Valkey can only cancel all that leaves the node. */
export function cancelExports(): Command<void> {
  return { args: ['CLUSTER', 'CANCELSLOTMIGRATIONS'], decode: asOk };
}

const STATES: Readonly<Record<string, MigrationState>> = {
  completed: 'done',
  success: 'done',
  failed: 'failed',
  canceled: 'cancelled',
  cancelled: 'cancelled',
};

function readStatus(entry: Reply, messageField: string): MigrationStatus {
  const fields = fieldsOf(entry);
  const phase = fields.get('state');
  if (phase === undefined) throw new ReplyShapeError('no state in it');
  return {
    state: STATES[phase] ?? 'under-way',
    phase: excerpt(phase),
    message: excerpt(fields.get(messageField) ?? '', 200),
    retries: Number(fields.get('retries') ?? 0) || 0,
  };
}

/** `[name, value, …]` */
function fieldsOf(entry: Reply): Map<string, string> {
  const words = asArray(entry);
  const fields = new Map<string, string>();
  for (let i = 0; i + 1 < words.length; i += 2) {
    const value = words[i + 1];
    fields.set(asText(words[i] ?? null), typeof value === 'number' ? `${value}` : asText(value ?? null));
  }
  return fields;
}
