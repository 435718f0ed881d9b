/** The commands by which keys are found at a server that need not be part of any cluster. */
import type { ServerFacts } from '../../topology/snapshot.ts';
import type { Command } from '../command.ts';
import { decodeInfo } from '../info.ts';
import { asArray, asBytes, asInteger, asText, excerpt, ReplyShapeError } from '../reply.ts';
import { SMALL_REPLY } from '../reply-bounds.ts';
import type { Key } from './slots.ts';

export interface Scan {
  /** Of 64 bits, so it stays the text that it is. '0' when all has been seen. */
  readonly cursor: string;
  readonly keys: readonly Key[];
}

export function scan(cursor: string, count: number): Command<Scan> {
  return {
    args: ['SCAN', cursor, 'COUNT', `${count}`],
    decode: reply => {
      const [next = null, keys = null] = asArray(reply);
      const text = asText(next);
      if (!/^\d{1,20}$/.test(text)) throw new ReplyShapeError(`no cursor: '${excerpt(text)}'`);
      return { cursor: text, keys: asArray(keys).map(asBytes) };
    },
  };
}

export interface Keyspace {
  readonly database: number;
  readonly keys: number;
  /** Of these: with a time to live. */
  readonly expires?: number;
}

export interface SourceInfo {
  readonly server: ServerFacts;
  readonly isCluster: boolean;
  /** Another one after a restart: what it said before is not to be gone on with. */
  readonly runId: string;
  /** Databases with keys, by number. */
  readonly keyspace: readonly Keyspace[];
  /** Since it was started. */
  readonly evicted: number;
}

export function sourceInfo(): Command<SourceInfo> {
  return {
    args: ['INFO'],
    bounds: SMALL_REPLY,
    decode: reply => {
      const { keysInOtherDatabases: _, ...server } = decodeInfo(reply);
      const text = asText(reply);
      const field = (name: string) => new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(text)?.[1] ?? '';
      return {
        server,
        isCluster: field('cluster_enabled') === '1',
        runId: excerpt(field('run_id')),
        keyspace: [...text.matchAll(/^db(\d{1,9}):keys=(\d{1,15})(?:,expires=(\d{1,15}))?/gm)]
          .map(([, database, keys, expires]) => ({
            database: Number(database),
            keys: Number(keys),
            ...(expires !== undefined && { expires: Number(expires) }),
          }))
          .sort((a, b) => a.database - b.database),
        evicted: countOf(field('evicted_keys')),
      };
    },
  };
}

/** Which start of the server this is, with as little work for it as can be. */
export function runId(): Command<string> {
  return {
    args: ['INFO', 'server'],
    bounds: SMALL_REPLY,
    decode: reply => excerpt(/^run_id:(.*?)\r?$/m.exec(asText(reply))?.[1] ?? ''),
  };
}

/** The memory of the values is given back in the background. */
export function unlink(keys: readonly Key[]): Command<number> {
  return { args: ['UNLINK', ...keys], decode: asInteger };
}

function countOf(text: string): number {
  return /^\d{1,15}$/.test(text) ? Number(text) : 0;
}
