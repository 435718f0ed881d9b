/** The commands by which single keys are compared, saved and removed, and a node's epoch is made the newest. */
import type { Command, Word } from '../command.ts';
import { asArray, asInteger, asOk, asText, ErrorReply, excerpt, fieldOf, ReplyShapeError } from '../reply.ts';
import type { Key } from './slots.ts';

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

export function exists(key: Key): Command<boolean> {
  return { args: ['EXISTS', key], decode: reply => asInteger(reply) > 0 };
}

/** How many of them there are; all in one slot. */
export function countExisting(keys: readonly Key[]): Command<number> {
  return { args: ['EXISTS', ...keys], decode: asInteger };
}

export function remove(key: Key): Command<number> {
  return { args: ['DEL', key], decode: asInteger };
}

export function watch(...keys: readonly Key[]): Command<void> {
  return { args: ['WATCH', ...keys], decode: asOk };
}

export function unwatch(): Command<void> {
  return { args: ['UNWATCH'], decode: asOk };
}

export interface SavedValue {
  readonly payload: Buffer;
  /** Absent: the key stays. */
  readonly ttlMs?: number;
}

/** To RESTORE 0 is for ever: a value whose last millisecond has begun gets one more, and not eternity. */
export function restore(key: Key, { payload, ttlMs }: SavedValue, replace: boolean): Command<void> {
  const args: Word[] = ['RESTORE', key, ttlMs === undefined ? '0' : `${Math.max(1, ttlMs)}`, payload];
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
      const id = /^(\d+)-(\d+)$/.exec(asText(fieldOf(reply, 'last-generated-id')));
      if (!id) throw new ReplyShapeError('no last-generated-id in it');
      return [Number(id[1]), Number(id[2])];
    },
  };
}
