/** The commands by which a saved value, or a library of functions, is put into a node. */
import type { Command, Word } from '../command.ts';
import { asArray, asOk, asText } from '../reply.ts';
import type { Key } from './slots.ts';

export interface RestoredValue {
  /** As DUMP gives it. */
  readonly payload: Buffer;
  /** Absent where it stays. What lies in the past makes the server look at the value, and keep nothing. */
  readonly expiresAtMs?: number;
  readonly idleSeconds?: number;
  readonly frequency?: number;
}

/** A large value takes a server seconds. */
const RESTORE_TIMEOUT_MS = 60_000;

export function restoreValue(
  key: Key,
  { payload, expiresAtMs, idleSeconds, frequency }: RestoredValue,
  replace: boolean,
): Command<void> {
  const args: Word[] = ['RESTORE', key, `${expiresAtMs ?? 0}`, payload];
  if (replace) args.push('REPLACE');
  if (expiresAtMs !== undefined) args.push('ABSTTL');
  if (idleSeconds !== undefined) args.push('IDLETIME', `${idleSeconds}`);
  if (frequency !== undefined) args.push('FREQ', `${frequency}`);
  return { args, decode: asOk, replyTimeoutMs: RESTORE_TIMEOUT_MS };
}

/** Answers with the name of the library. */
export function functionLoad(code: Buffer, replace: boolean): Command<string> {
  return { args: ['FUNCTION', 'LOAD', ...(replace ? ['REPLACE'] : []), code], decode: asText };
}

/** What time the server has, in milliseconds since 1970: it is that by which keys end. */
export function serverTime(): Command<number> {
  return {
    args: ['TIME'],
    decode: reply => {
      const [seconds, microseconds] = asArray(reply).map(word => Number(asText(word)));
      return (seconds ?? 0) * 1000 + Math.floor((microseconds ?? 0) / 1000);
    },
  };
}
