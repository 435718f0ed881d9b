/**
 * BUSYKEY: a key is on both sides. As a rule an earlier move was interrupted after the target had the key and before
 * the source knew; then both values are the same, and the target's may be written over.
 */

import { select } from '../../resp/commands.ts';
import { ServerRefusalError } from '../../resp/errors.ts';
import type { Lane } from '../../resp/fleet.ts';
import { asking, dump, type Key, timeToLive } from '../../resp/slot-commands.ts';
import { KeyClashError } from './move-error.ts';
import type { MoveRun, Passage } from './mover.ts';

/** The clocks of two servers, and the time that a value was on its way. */
const TTL_MAY_DIFFER_MS = 5000;

export async function settleClash(
  { from, to }: Passage,
  { fleet }: MoveRun,
  database: number,
  keys: readonly Key[],
): Promise<void> {
  const [source, target] = [fleet.lane(from.address), fleet.lane(to.address)];
  try {
    for (const line of [source, target]) if (database !== 0) await line.send(select(database));
    const clashing: Key[] = [];
    for (const key of keys) {
      const [own, other] = await Promise.all([contentOf(source, key, false), contentOf(target, key, true)]);
      if (own && other && !same(own, other)) clashing.push(key);
    }
    if (clashing.length > 0) throw new KeyClashError(to, clashing);
  } finally {
    source.close();
    target.close();
  }
}

interface Value {
  readonly payload: Buffer;
  readonly ttlMs: number | undefined;
}

/** The target lets us see a key in a slot that it only imports when we say ASKING before each command. */
async function contentOf(line: Lane, key: Key, ask: boolean): Promise<Value | undefined> {
  const say = () => (ask ? line.send(asking()) : undefined);
  const [, payload, , ttlMs] = await Promise.all([
    say(),
    unlessMoved(line.send(dump(key))),
    say(),
    unlessMoved(line.send(timeToLive(key))),
  ]);
  return payload && { payload, ttlMs };
}

/** A source that has moved a key already sends whoever asks for it to the target. */
async function unlessMoved<T>(reply: Promise<T>): Promise<T | undefined> {
  try {
    return await reply;
  } catch (error) {
    if (error instanceof ServerRefusalError && /^(ASK|TRYAGAIN)\b/.test(error.text)) return undefined;
    throw error;
  }
}

function same(a: Value, b: Value): boolean {
  if (!a.payload.equals(b.payload)) return false;
  if (a.ttlMs === undefined || b.ttlMs === undefined) return a.ttlMs === b.ttlMs;
  return Math.abs(a.ttlMs - b.ttlMs) <= TTL_MAY_DIFFER_MS;
}
