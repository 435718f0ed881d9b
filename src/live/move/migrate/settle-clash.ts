/**
 * BUSYKEY: a key is on both sides. As a rule an earlier move was interrupted after the target had the key and before
 * the source knew; then both values are the same, and the target's may be written over. Where they are not, it is kept
 * in a file first, if it is to give way at all.
 */

import type { Command } from '../../../resp/command.ts';
import { select } from '../../../resp/commands/cluster.ts';
import { asking, dump, type Key, timeToLive } from '../../../resp/commands/slots.ts';
import { isValueType, typeOf } from '../../../resp/commands/values.ts';
import { ServerRefusalError } from '../../../resp/errors.ts';
import type { Lane } from '../../../resp/fleet.ts';
import { keySlot } from '../../../topology/key-slot.ts';
import { formatAddress } from '../../../topology/node.ts';
import { FileError } from '../../files/whole-file.ts';
import { showKey } from '../../keys/big-keys.ts';
import { MOST_RESCUED_BYTES, type RescuedValue, type RescueFile } from '../../keys/rescue-file.ts';
import { type End, sameValue } from '../../keys/same-value.ts';
import { sameBody, sameTtl } from '../../keys/saved-value.ts';
import { KeyClashError, MoveError } from '../move-error.ts';
import type { MoveRun, Passage } from '../mover.ts';

export async function settleClash(
  { from, to }: Passage,
  { fleet, rescue, listener }: MoveRun,
  database: number,
  keys: readonly Key[],
): Promise<void> {
  const lanes = [fleet.lane(from.address), fleet.lane(to.address)] as const;
  try {
    for (const line of lanes) if (database !== 0) await line.send(select(database));
    const [source, target] = [lanes[0], askingEnd(lanes[1])];
    const clashing: Key[] = [];
    for (const key of keys) if (await differs(key, source, target)) clashing.push(key);
    if (clashing.length === 0) return;
    if (!rescue) throw new KeyClashError(to, clashing);
    const where = { database, node: formatAddress(to.address) };
    for (const key of clashing) await keep(await readWhole(key, target, where), rescue);
    listener.remark(
      `${clashing.length} other value${clashing.length === 1 ? '' : 's'} of ${where.node} kept in ${rescue.path}, and written over`,
    );
  } finally {
    for (const line of lanes) line.close();
  }
}

/** The target lets us see a key in a slot that it only imports when we say ASKING before each command. */
function askingEnd(line: Lane): End {
  return {
    send: async <T>(command: Command<T>) => {
      const [, reply] = await Promise.all([line.send(asking()), line.send(command)]);
      return reply;
    },
  };
}

async function differs(key: Key, source: End, target: End): Promise<boolean> {
  try {
    const [own, other] = await Promise.all([outline(key, source), outline(key, target)]);
    if (own.type === 'none' || other.type === 'none') return false;
    return !sameTtl(own.ttlMs, other.ttlMs) || !(await same(key, own.type, source, target));
  } catch (error) {
    // A source that has moved a key already sends whoever asks for it to the target.
    if (error instanceof ServerRefusalError && /^(ASK|TRYAGAIN)\b/.test(error.text)) return false;
    throw error;
  }
}

async function outline(key: Key, end: End): Promise<{ type: string; ttlMs: number | undefined }> {
  const [type, ttlMs] = await Promise.all([end.send(typeOf(key)), end.send(timeToLive(key))]);
  return { type, ttlMs };
}

/** What cannot be read piece by piece, or not all of it, may still be saved in the same form. */
async function same(key: Key, type: string, source: End, target: End): Promise<boolean> {
  if (await sameValue(key, source, target)) return true;
  if (isValueType(type) && type !== 'stream') return false;
  const [own, other] = await Promise.all([source.send(dump(key)), target.send(dump(key))]);
  return own !== undefined && other !== undefined && sameBody(own, other);
}

/** Whatever keeps it from the disk keeps it from being overwritten. */
async function keep(value: RescuedValue | undefined, rescue: RescueFile): Promise<void> {
  if (!value) return;
  if (value.payload.length > MOST_RESCUED_BYTES)
    throw new MoveError(
      `${value.node} has another value for ${showKey(value.key)}, which is too big for ${rescue.path}; both are kept`,
    );
  try {
    await rescue.add([value]);
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    throw new MoveError(`${error.message}; nothing was written over`);
  }
}

async function readWhole(
  key: Key,
  end: End,
  where: Pick<RescuedValue, 'database' | 'node'>,
): Promise<RescuedValue | undefined> {
  const [type, payload, ttlMs] = await Promise.all([
    end.send(typeOf(key)),
    end.send(dump(key)),
    end.send(timeToLive(key)),
  ]);
  return (
    payload && { key, slot: keySlot(key), ...where, type, payload, ...(ttlMs !== undefined && { ttlMs }) }
  );
}
