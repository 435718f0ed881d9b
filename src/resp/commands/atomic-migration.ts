/**
 * Atomic slot migration: the servers move slots among themselves, and the owner changes in one moment. Redis 8.4 is told
 * at the target, by task; Valkey 9.0 at the source, by job. Both tell how far they are; the words differ.
 */
import { InputError } from '../../topology/input-error.ts';
import type { NodeId } from '../../topology/node.ts';
import { SlotSet } from '../../topology/slot-set.ts';
import type { Command } from '../command.ts';
import { asArray, asInteger, asOk, asText, excerpt, type Reply, ReplyShapeError } from '../reply.ts';
import { SMALL_REPLY } from '../reply-bounds.ts';
import { rangeWords } from './membership.ts';

export type MigrationState = 'under-way' | 'done' | 'failed' | 'cancelled';

/** One migration, as one of its two ends tells of it; both know it by the same name. */
export interface Migration {
  readonly name: string;
  readonly direction: 'import' | 'export';
  readonly slots: SlotSet;
  readonly source: string;
  readonly target: string;
  readonly state: MigrationState;
  /** The server's own word for where it stands. */
  readonly phase: string;
  /** Why the last attempt failed; empty where none did. */
  readonly message: string;
  /** How often a Redis server has begun anew. */
  readonly retries: number;
}

/** Redis, sent to the target; the source is whoever owns the slots. Answers with the name of the task. */
export function importSlots(slots: SlotSet): Command<string> {
  return {
    args: ['CLUSTER', 'MIGRATION', 'IMPORT', ...rangeWords(slots)],
    decode: asText,
    bounds: SMALL_REPLY,
  };
}

/** Redis: what the node takes part in, or did lately. */
export function migrationTasks(): Command<Migration[]> {
  return { args: ['CLUSTER', 'MIGRATION', 'STATUS', 'ALL'], decode: readTasks, bounds: SMALL_REPLY };
}

/** Undefined for a task that the node does not know. */
export function migrationTask(name: string): Command<Migration | undefined> {
  return {
    args: ['CLUSTER', 'MIGRATION', 'STATUS', 'ID', name],
    decode: reply => readTasks(reply)[0],
    bounds: SMALL_REPLY,
  };
}

export function cancelTask(name: string): Command<number> {
  return { args: ['CLUSTER', 'MIGRATION', 'CANCEL', 'ID', name], decode: asInteger };
}

/** Valkey, sent to the source. */
export function exportSlots(slots: SlotSet, to: NodeId): Command<void> {
  return { args: ['CLUSTER', 'MIGRATESLOTS', 'SLOTSRANGE', ...rangeWords(slots), 'NODE', to], decode: asOk };
}

/** Valkey: what the node takes part in, or did since it was started, the latest first. */
export function migrationJobs(): Command<Migration[]> {
  return {
    args: ['CLUSTER', 'GETSLOTMIGRATIONS'],
    bounds: SMALL_REPLY,
    decode: reply => asArray(reply).map(entry => readMigration(fieldsOf(entry), VALKEY)),
  };
}

/** Valkey can only cancel all that leaves the node. */
export function cancelAllExports(): Command<void> {
  return { args: ['CLUSTER', 'CANCELSLOTMIGRATIONS'], decode: asOk };
}

const GRANTED = 'failover-granted';

/** The target has been told to take the slots. */
export function isGranted({ direction, phase }: Migration): boolean {
  return direction === 'export' && phase === GRANTED;
}

/** One script, so that nothing is granted between the look and the order; read-only, so that it runs while writes are paused. */
const UNLESS_GRANTED = `for _, job in ipairs(redis.call('CLUSTER', 'GETSLOTMIGRATIONS')) do
  local of = {}
  for i = 1, #job, 2 do of[job[i]] = job[i + 1] end
  if of.operation == 'EXPORT' and of.state == '${GRANTED}' then return 0 end
end
redis.call('CLUSTER', 'CANCELSLOTMIGRATIONS')
return 1`;

/** Whether they were cancelled. */
export function cancelUnlessGranted(): Command<boolean> {
  return { args: ['EVAL_RO', UNLESS_GRANTED, '0'], decode: reply => asInteger(reply) === 1 };
}

/** What would come of a command that this user sends: undefined where it would be let through. */
export function dryRun(user: string, { args }: Pick<Command<unknown>, 'args'>): Command<string | undefined> {
  return {
    args: ['ACL', 'DRYRUN', user, ...args],
    decode: reply => {
      const text = asText(reply);
      return text === 'OK' ? undefined : excerpt(text, 200);
    },
  };
}

/** What a Valkey server sends to another one to give it slots, a value among it. */
export const PUSHED: readonly Pick<Command<unknown>, 'args'>[] = [
  { args: ['CLUSTER', 'SYNCSLOTS', 'ESTABLISH'] },
  { args: ['SELECT', '0'] },
  { args: ['SET', 'slotctl:trial', 'value'] },
];

/** What turns writes away, or may at any moment. */
export interface WriteConditions {
  /** min-replicas-to-write is set, and with it the lag from which on a replica does not count. */
  readonly wantsReplicas: boolean;
  /** Its last attempt to save its data, or to write it to the append-only file, came to nothing. */
  readonly failedToSave: boolean;
}

export function writeConditions(): Command<WriteConditions> {
  return {
    args: ['INFO', 'persistence', 'replication'],
    decode: reply => {
      const text = asText(reply);
      return {
        wantsReplicas: /^min_(slaves|replicas)_good_/m.test(text),
        failedToSave: /^(rdb_last_bgsave|aof_last_write)_status:err/m.test(text),
      };
    },
  };
}

const STATES: Readonly<Record<string, MigrationState>> = {
  completed: 'done',
  success: 'done',
  failed: 'failed',
  canceled: 'cancelled',
  cancelled: 'cancelled',
};

const REDIS = {
  name: 'id',
  directions: { import: 'import', migrate: 'export' },
  slots: 'slots',
  source: 'source',
  target: 'dest',
  message: 'last_error',
} as const;

const VALKEY = {
  name: 'name',
  directions: { IMPORT: 'import', EXPORT: 'export' },
  slots: 'slot_ranges',
  source: 'source_node',
  target: 'target_node',
  message: 'message',
} as const;

function readTasks(reply: Reply): Migration[] {
  return asArray(reply).map(entry => {
    const fields = fieldsOf(entry);
    const task = readMigration(fields, REDIS);
    // An import that has failed and has no end is begun anew a second later.
    const goesOn = task.direction === 'import' && task.state === 'failed' && fields.get('end_time') === '-1';
    return goesOn ? { ...task, state: 'under-way' } : task;
  });
}

function readMigration(fields: ReadonlyMap<string, string>, words: typeof REDIS | typeof VALKEY): Migration {
  const phase = fields.get('state');
  if (phase === undefined) throw new ReplyShapeError('no state in it');
  const directions: Readonly<Record<string, Migration['direction']>> = words.directions;
  const direction = directions[fields.get('operation') ?? ''];
  if (!direction) throw new ReplyShapeError('no operation in it');
  return {
    name: fields.get(words.name) ?? '',
    direction,
    slots: readSlots(fields.get(words.slots) ?? ''),
    // Replicas leave them out.
    source: fields.get(words.source) ?? '',
    target: fields.get(words.target) ?? '',
    state: STATES[phase] ?? 'under-way',
    phase: excerpt(phase),
    message: excerpt((fields.get(words.message) ?? '').trim(), 200),
    retries: Number(fields.get('retries') ?? 0) || 0,
  };
}

/** `0-10 12-12` */
function readSlots(text: string): SlotSet {
  try {
    return SlotSet.parse(text.trim().replaceAll(' ', ','));
  } catch (error) {
    if (error instanceof InputError) throw new ReplyShapeError(error.message);
    throw error;
  }
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
