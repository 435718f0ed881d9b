/** The commands by which `fix` gives slots an owner, and compares, saves and removes single keys. */
import { type NodeId, nodeId } from '../topology/node.ts';
import { SlotSet } from '../topology/slot-set.ts';
import type { Command, Word } from './command.ts';
import {
  asArray,
  asBytes,
  asInteger,
  asOk,
  asText,
  ErrorReply,
  excerpt,
  type Reply,
  ReplyShapeError,
} from './reply.ts';
import type { Key } from './slot-commands.ts';

/** Only in the node's own view. Servers before 7.0 know no ranges. */
export function delSlots(slots: SlotSet, serverKnowsRanges: boolean): Command<void> {
  const words = serverKnowsRanges
    ? ['DELSLOTSRANGE', ...slots.ranges.flatMap(({ first, last }) => [`${first}`, `${last}`])]
    : ['DELSLOTS', ...[...slots].map(String)];
  return { args: ['CLUSTER', ...words], decode: asOk };
}

/** `BUMPED n`, or `STILL n` where the node's epoch is the newest already. */
export function bumpEpoch(): Command<void> {
  return {
    args: ['CLUSTER', 'BUMPEPOCH'],
    decode: reply => {
      const text = asText(reply);
      if (!/^(BUMPED|STILL) \d+$/.test(text)) throw new ReplyShapeError(`not expected: '${excerpt(text)}'`);
    },
  };
}

/** Told to a replica: it takes the place of its primary at once, and asks nobody. */
export function takeOver(): Command<void> {
  return { args: ['CLUSTER', 'FAILOVER', 'TAKEOVER'], decode: asOk };
}

export function exists(key: Key): Command<boolean> {
  return { args: ['EXISTS', key], decode: reply => asInteger(reply) > 0 };
}

export function typeOf(key: Key): Command<string> {
  return { args: ['TYPE', key], decode: asText };
}

export function remove(key: Key): Command<number> {
  return { args: ['DEL', key], decode: asInteger };
}

export function watch(key: Key): Command<void> {
  return { args: ['WATCH', key], decode: asOk };
}

export function unwatch(): Command<void> {
  return { args: ['UNWATCH'], decode: asOk };
}

export interface SavedValue {
  readonly payload: Buffer;
  /** Absent: the key stays. */
  readonly ttlMs?: number;
}

export function restore(key: Key, { payload, ttlMs = 0 }: SavedValue, replace: boolean): Command<void> {
  const args: Word[] = ['RESTORE', key, `${ttlMs}`, payload];
  return { args: replace ? [...args, 'REPLACE'] : args, decode: asOk };
}

/** False where somebody has changed a watched key meanwhile: then nothing was done. */
export function execUnlessChanged(): Command<boolean> {
  return {
    args: ['EXEC'],
    decode: reply => {
      if (reply === null) return false;
      for (const own of asArray(reply)) {
        if (own instanceof ErrorReply) throw new ReplyShapeError(`it failed: ${excerpt(own.text)}`);
      }
      return true;
    },
  };
}

/** Seconds since a key was last used; the server keeps count only while it does not evict by frequency. */
export function idleTime(key: Key): Command<number> {
  return { args: ['OBJECT', 'IDLETIME', key], decode: asInteger };
}

/** The id of the last entry that a stream was given: milliseconds and a number. */
export function lastStreamId(key: Key): Command<readonly [number, number]> {
  return {
    args: ['XINFO', 'STREAM', key],
    decode: reply => {
      const fields = asArray(reply);
      const at = fields.findIndex((word, i) => i % 2 === 0 && asText(word) === 'last-generated-id');
      const id = /^(\d+)-(\d+)$/.exec(asText(fields[at + 1] ?? null));
      if (at === -1 || !id) throw new ReplyShapeError('no last-generated-id in it');
      return [Number(id[1]), Number(id[2])];
    },
  };
}

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
        const operation = field('operation') === 'import' ? 'import' : 'export';
        const ends = { source: field('source'), target: field('dest') };
        return report(field, { name: field('id'), operation, slots: field('slots'), ...ends }, 'last_error');
      }),
  };
}

/** Valkey since 9.0. */
export function migrationJobs(): Command<MigrationReport[]> {
  return {
    args: ['CLUSTER', 'GETSLOTMIGRATIONS'],
    decode: reply =>
      asArray(reply).map(entry => {
        const field = fieldsOf(entry);
        const operation = field('operation') === 'IMPORT' ? 'import' : 'export';
        const ends = { source: field('source_node'), target: field('target_node') };
        return report(
          field,
          { name: field('name'), operation, slots: field('slot_ranges'), ...ends },
          'message',
        );
      }),
  };
}

type Fields = (name: string) => string;

/** Valkey's words. */
const OVER: ReadonlySet<string> = new Set(['success', 'failed', 'cancelled']);
/** In place of the time when it ended, with Redis. */
const NOT_YET = '-1';

function report(
  field: Fields,
  {
    name,
    operation,
    slots,
    source,
    target,
  }: {
    readonly name: string;
    readonly operation: 'import' | 'export';
    readonly slots: string;
    readonly source: string;
    readonly target: string;
  },
  messageField: string,
): MigrationReport {
  const end = field('end_time');
  return {
    name,
    operation,
    state: field('state'),
    isOver: end === '' ? OVER.has(field('state')) : end !== NOT_YET,
    slots: SlotSet.parse(
      slots
        .trim()
        .split(/[\s,]+/)
        .join(','),
    ),
    ...(source && { source: nodeId(source) }),
    ...(target && { target: nodeId(target) }),
    message: excerpt(field(messageField), 200),
    retries: Number(field('retries')) || 0,
  };
}

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
