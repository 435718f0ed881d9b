/** Keys that a node holds and does not own: those that the owner has too are settled, all others go there. */
import { countKeysInSlot, select } from '../../resp/commands.ts';
import { ServerRefusalError } from '../../resp/errors.ts';
import type { Fleet } from '../../resp/fleet.ts';
import { type Key, keysInSlot, migrate } from '../../resp/slot-commands.ts';
import type { Member } from '../../topology/agreement.ts';
import type { Address } from '../../topology/node.ts';
import { formatAddress } from '../../topology/node.ts';
import type { Slot, SlotSet } from '../../topology/slot-set.ts';
import { MoveError } from '../move/move-error.ts';
import { persist } from '../move/persist.ts';
import { KeyPairs, type Settling } from './key-pairs.ts';

export interface Gathering {
  readonly fleet: Fleet;
  readonly owner: Member;
  readonly holder: Member;
  readonly slots: SlotSet;
  /** Those in which the holder has keys. Nobody makes new ones in slots that are not the holder's. */
  readonly databases: readonly number[];
  /** The holder only imports the slots. */
  readonly asks: boolean;
  readonly timeoutMs: number;
  readonly settling: Settling;
  readonly nowMs: () => number;
}

const KEYS_AT_A_TIME = 100;
/** Rounds in one slot that change nothing: keys that expire are listed until somebody looks at them. */
const MOST_IDLE_ROUNDS = 10;

/** Returns how many keys have gone. */
export async function gatherKeys(work: Gathering): Promise<number> {
  return withPairs(work, async pairs => {
    let moved = 0;
    for (const database of work.databases) {
      await pairs.select(database);
      for (const slot of work.slots) moved += await emptySlot(work, pairs, database, slot);
    }
    return moved;
  });
}

/** Only those that both have. All of them are looked through: a later MIGRATE would stop at the first. */
export async function settleKeys(work: Gathering): Promise<void> {
  await withPairs(work, async pairs => {
    for (const database of work.databases) {
      await pairs.select(database);
      for (const slot of work.slots) {
        const keys = await keysOf(work, database, slot);
        for (let from = 0; from < keys.length; from += KEYS_AT_A_TIME) {
          const common = await pairs.common(keys.slice(from, from + KEYS_AT_A_TIME));
          for (const key of common) await pairs.settle(key, slot);
        }
      }
    }
  });
}

async function withPairs<T>(work: Gathering, use: (pairs: KeyPairs) => Promise<T>): Promise<T> {
  const { fleet, owner, holder, asks, settling } = work;
  const pairs = new KeyPairs(fleet, owner.address, holder.address, asks, settling);
  try {
    return await use(pairs);
  } finally {
    pairs.close();
  }
}

async function keysOf({ fleet, holder }: Gathering, database: number, slot: Slot): Promise<Key[]> {
  const count = await inDatabase(fleet, holder.address, database, line => line.send(countKeysInSlot(slot)));
  if (count === 0) return [];
  return inDatabase(fleet, holder.address, database, line => line.send(keysInSlot(slot, count)));
}

type Line = ReturnType<Fleet['lane']>;

async function inDatabase<T>(
  fleet: Fleet,
  address: Address,
  database: number,
  work: (line: Line) => Promise<T>,
): Promise<T> {
  const line = fleet.lane(address);
  try {
    if (database !== 0) await line.send(select(database));
    return await work(line);
  } finally {
    line.close();
  }
}

async function emptySlot(work: Gathering, pairs: KeyPairs, database: number, slot: Slot): Promise<number> {
  const { fleet, holder } = work;
  return inDatabase(fleet, holder.address, database, async line => {
    let moved = 0;
    let idle = 0;
    for (;;) {
      const keys = await line.send(keysInSlot(slot, KEYS_AT_A_TIME));
      if (keys.length === 0) return moved;
      const common = await pairs.common(keys);
      for (const key of common) await pairs.settle(key, slot);
      const shared = new Set(common.map(key => key.toString('latin1')));
      const others = keys.filter(key => !shared.has(key.toString('latin1')));
      const gone = others.length === 0 || (await send(work, line, database, others));
      idle = gone && keys.length > 0 ? idle : idle + 1;
      if (idle >= MOST_IDLE_ROUNDS)
        throw new MoveError(`${formatAddress(holder.address)} still holds keys in slot ${slot}`);
      moved += gone ? keys.length : 0;
    }
  });
}

/** False where a client has made one of them at the owner meanwhile: then all are to be looked at again. */
async function send(work: Gathering, line: Line, database: number, keys: readonly Key[]): Promise<boolean> {
  const { fleet, owner, holder, timeoutMs, nowMs, settling } = work;
  const place = owner.meetAt;
  if (!place) throw new MoveError(`nobody knows where ${formatAddress(holder.address)} finds the owner`);
  const request = {
    host: place.ip,
    port: place.port,
    database,
    keys,
    timeoutMs,
    replace: false,
    ...(fleet.credentials && { credentials: fleet.credentials }),
  };
  try {
    const listener = { moved() {}, remark: settling.note };
    const answer = await persist(() => line.send(migrate(request)), { nowMs, listener });
    return answer === 'moved';
  } catch (error) {
    if (error instanceof ServerRefusalError && /BUSYKEY/.test(error.text)) return false;
    throw error;
  }
}
