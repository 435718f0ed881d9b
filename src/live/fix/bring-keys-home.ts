/** Keys that a node holds and does not own: those that the owner has too are settled, all others go there. */
import { countKeysInSlot } from '../../resp/commands/cluster.ts';
import { type Key, keysInSlot } from '../../resp/commands/slots.ts';
import type { Lane } from '../../resp/fleet.ts';
import type { Member } from '../../topology/agreement.ts';
import type { Slot, SlotSet } from '../../topology/slot-set.ts';
import { migrateBatch, sendBatch } from '../keys/migrate-keys.ts';
import { TargetLines } from '../keys/target-lines.ts';
import { MoveError } from '../move/move-error.ts';
import type { Trip } from '../watch/transfers.ts';
import { type Caution, type Portions, portioning } from './batches-by-bytes.ts';
import { type ClashPolicy, KeyPairs } from './key-pairs.ts';

export interface Gathering extends Caution {
  readonly owner: Member;
  readonly slots: SlotSet;
  /** Those in which the holder has keys. Nobody makes new ones in slots that are not the holder's. */
  readonly databases: readonly number[];
  readonly settling: ClashPolicy;
  readonly nowMs: () => number;
  /** Told how many keys are still to come. */
  readonly progress: (missing: number) => void;
  /** Absent where no keys are sent. */
  readonly trip?: Trip;
}

/** One MIGRATE of small keys then holds up both servers for a millisecond or two. */
const KEYS_AT_A_TIME = 100;
/** Rounds in one slot that change nothing: keys that expire are listed until somebody looks at them. */
const MOST_IDLE_ROUNDS = 10;
/** While the keys of one slot travel, those of others are looked up and compared. */
const WORKERS = 4;

export async function gatherKeys(work: Gathering): Promise<void> {
  const portions = await portioning(work, work.settling.note);
  await inEachSlot(work, (worker, slot) => emptySlot(work, worker, slot, portions));
}

/** Only those that both have. All of them are looked through: a later MIGRATE would stop at the first. */
export async function settleKeys(work: Gathering): Promise<void> {
  await inEachSlot(work, async ({ holder, pairs }, slot) => {
    const keys = await holder.send(keysInSlot(slot, await holder.send(countKeysInSlot(slot))));
    for (let from = 0; from < keys.length; from += KEYS_AT_A_TIME) {
      const common = await pairs.common(keys.slice(from, from + KEYS_AT_A_TIME));
      for (const key of common) await pairs.settle(key, slot);
    }
  });
}

/** Connections of its own to both ends, in the same database. */
interface Worker {
  readonly holder: Lane;
  readonly pairs: KeyPairs;
  readonly database: number;
}

/** Slots in which the holder has no keys are not visited. */
async function inEachSlot(
  work: Gathering,
  visit: (worker: Worker, slot: Slot) => Promise<void>,
): Promise<void> {
  for (const database of work.databases) {
    const held = await slotsHeld(work, database);
    let missing = [...held.values()].reduce((sum, keys) => sum + keys, 0);
    const slots = held.entries();
    let failed = false;
    const takeTurns = async (worker: Worker) => {
      try {
        for (const [slot, keys] of slots) {
          if (failed) return;
          await visit(worker, slot);
          missing -= keys;
          work.progress(missing);
        }
      } catch (error) {
        // What the others have begun they bring to its end.
        failed = true;
        throw error;
      }
    };
    const turns = Array.from({ length: WORKERS }, () => withWorker(work, database, takeTurns));
    const outcomes = await Promise.allSettled(turns);
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
  }
}

async function slotsHeld(work: Gathering, database: number): Promise<Map<Slot, number>> {
  const all = [...work.slots];
  const counts = await withLines(work, database, async lines => {
    const holder = await lines.to(work.holder.address);
    return holder.sendAll(all.map(countKeysInSlot));
  });
  return new Map(all.map((slot, i) => [slot, counts[i] ?? 0] as const).filter(([, keys]) => keys > 0));
}

function withWorker<T>(work: Gathering, database: number, use: (worker: Worker) => Promise<T>): Promise<T> {
  const addresses = { owner: work.owner.address, holder: work.holder.address };
  return withLines(work, database, async lines => {
    const [owner, holder] = await Promise.all([lines.to(addresses.owner), lines.to(addresses.holder)]);
    const ends = { addresses, owner, holder, database, asks: work.asks };
    return use({ holder, pairs: new KeyPairs(ends, work.settling), database });
  });
}

async function withLines<T>(
  { fleet }: Gathering,
  database: number,
  use: (lines: TargetLines) => Promise<T>,
): Promise<T> {
  const lines = new TargetLines(fleet, database);
  try {
    return await use(lines);
  } finally {
    lines.close();
  }
}

async function emptySlot(work: Gathering, worker: Worker, slot: Slot, portions: Portions): Promise<void> {
  const { holder, pairs } = worker;
  for (let idle = 0; ; ) {
    const keys = await holder.send(keysInSlot(slot, KEYS_AT_A_TIME));
    if (keys.length === 0) return;
    const common = await pairs.common(keys);
    for (const key of common) await pairs.settle(key, slot);
    const others = keys.filter(key => !common.includes(key));
    const gone = others.length === 0 || (await send(others, work, worker, portions));
    idle = gone ? idle : idle + 1;
    if (idle >= MOST_IDLE_ROUNDS)
      throw new MoveError({ kind: 'keys-left', at: work.holder.address, slots: [slot] });
    // Fewer than asked for were all of them; nobody makes new ones here.
    if (gone && keys.length < KEYS_AT_A_TIME) return;
  }
}

/** False where a client has made one of them at the owner meanwhile: then all are to be looked at again. */
async function send(
  keys: readonly Key[],
  { fleet, owner, holder, nowMs, settling: { note }, trip }: Gathering,
  { holder: line, database }: Worker,
  { of, timeoutMs }: Portions,
): Promise<boolean> {
  for (const batch of await of(line, keys)) {
    const place = owner.meetAt;
    if (!place) throw new MoveError({ kind: 'owner-unreachable', holder: holder.address });
    const arrival = { host: place.ip, port: place.port, database, replace: false };
    const command = migrateBatch(batch, arrival, { timeoutMs, credentials: fleet.credentials });
    if ((await sendBatch(line, command, { trip, nowMs, note })) !== 'moved') return false;
  }
  return true;
}
