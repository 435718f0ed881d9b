/**
 * One key on two nodes: what each has, and how one is replaced without a value being lost. Apart from what move and import
 * do, who have one side that only they write to, and may overwrite what is on the disk: clients may change both of these values
 * meanwhile, so each is watched, and nothing is overwritten or removed but what was read.
 */

import type { Preference } from '../../plan/fix/fix.ts';
import type { Note } from '../../plan/note.ts';
import type { Command } from '../../resp/command.ts';
import {
  countExisting,
  exists,
  idleTime,
  lastStreamId,
  remove,
  restore,
  type SavedValue,
  unwatch,
  watch,
} from '../../resp/commands/fix.ts';
import { dump, type Key, timeToLive } from '../../resp/commands/slots.ts';
import { typeOf } from '../../resp/commands/values.ts';
import { unlessRefused } from '../../resp/errors.ts';
import type { Lane } from '../../resp/fleet.ts';
import { type Address, formatAddress } from '../../topology/node.ts';
import type { Slot } from '../../topology/slot-set.ts';
import { askingFirst, type Line } from '../keys/asking-first.ts';
import { showKey } from '../keys/big-keys.ts';
import { isSame } from '../keys/compare-keys.ts';
import { inTransaction } from '../keys/in-transaction.ts';
import type { RescuedValue } from '../keys/rescue-file.ts';
import { MoveError } from '../move/move-error.ts';

export interface ClashPolicy {
  readonly prefer: Preference;
  readonly rescue: (value: RescuedValue) => Promise<void>;
  /** Where they are then: a file. */
  readonly keptIn: string;
  readonly note: (note: Note) => void;
}

interface Value extends SavedValue {
  readonly type: string;
}

/** A key that clients change just then is looked at again so often. */
const MOST_ATTEMPTS = 20;

/** Which nodes these are, and connections to both, in one database. */
interface OwnerAndHolder {
  readonly addresses: { readonly owner: Address; readonly holder: Address };
  readonly owner: Lane;
  readonly holder: Lane;
  readonly database: number;
  /** The holder only imports the slots, and lets nobody see its keys who does not ask for them. */
  readonly asks: boolean;
}

export class KeyPairs {
  readonly #owner: Lane;
  readonly #holder: Lane;
  readonly #ends: OwnerAndHolder;
  /** The holder, as it shows keys. */
  readonly #seen: Line;
  readonly #policy: ClashPolicy;

  constructor(ends: OwnerAndHolder, policy: ClashPolicy) {
    this.#owner = ends.owner;
    this.#holder = ends.holder;
    this.#ends = ends;
    this.#seen = ends.asks ? askingFirst(ends.holder) : ends.holder;
    this.#policy = policy;
  }

  /** Those that the owner has too. An owner that gives the slot away sends whoever asks for a key that it has not. */
  async common(keys: readonly Key[]): Promise<Key[]> {
    // Mostly there are none, and one command says so.
    if ((await unlessMoved(this.#owner.send(countExisting(keys)))) === 0) return [];
    const there = await Promise.all(keys.map(key => unlessMoved(this.#owner.send(exists(key)))));
    return keys.filter((_, i) => there[i] === true);
  }

  /** Afterwards only the owner has it, or only the other one, if the owner has lost it meanwhile. */
  async settle(key: Key, slot: Slot): Promise<void> {
    for (let attempt = 1; attempt <= MOST_ATTEMPTS; attempt++) {
      if (await this.#attempt(key, slot)) return;
    }
    const { owner, holder } = this.#ends.addresses;
    const nodes = [formatAddress(owner), formatAddress(holder)] as const;
    throw new MoveError({ kind: 'restless-key', key: showKey(key), nodes });
  }

  /** False where somebody has changed the value meanwhile. */
  async #attempt(key: Key, slot: Slot): Promise<boolean> {
    // Before DUMP, which counts as use.
    const isOthersNewer = this.#policy.prefer === 'newest' && (await this.#isOthersNewer(key));
    const [own, others] = await Promise.all([read(key, this.#owner), read(key, this.#seen)]);
    if (!own || !others) return this.#forget();
    if ((await isSame(key, [own, this.#owner], [others, this.#seen])) === true) {
      await this.#owner.send(unwatch());
      return this.#removeOthers(key);
    }
    const { prefer, rescue, keptIn, note } = this.#policy;
    const { addresses, database } = this.#ends;
    const othersWins = prefer === 'other' || isOthersNewer;
    const loser = othersWins ? own : others;
    const node = formatAddress(othersWins ? addresses.owner : addresses.holder);
    await rescue({ key, database, slot, node, ...loser });
    if (!othersWins) await this.#owner.send(unwatch());
    else if (!(await inTransaction(this.#owner, restore(key, others, true)))) return this.#forget(false);
    const isDone = await this.#removeOthers(key);
    if (isDone) note({ kind: 'value-replaced', key: showKey(key), node, keptIn });
    return isDone;
  }

  async #forget(isDone = true): Promise<boolean> {
    await Promise.all([this.#owner.send(unwatch()), this.#holder.send(unwatch())]);
    return isDone;
  }

  async #removeOthers(key: Key): Promise<boolean> {
    if (!this.#ends.asks) return inTransaction(this.#holder, remove(key));
    // No client is sent here for a key that the owner has, so nobody changes it between.
    await this.#holder.send(unwatch());
    await this.#seen.send(remove(key));
    return true;
  }

  /** Streams tell when they were last written to; of other keys only the last use is known. */
  async #isOthersNewer(key: Key): Promise<boolean> {
    const ofOthers = <T>(command: Command<T>) => unlessMoved(this.#seen.send(command));
    const ofOwn = <T>(command: Command<T>) => unlessMoved(this.#owner.send(command));
    // Before XINFO, which counts as use of a key of any type.
    const [idle, othersIdle] = await Promise.all([ofOwn(idleTime(key)), ofOthers(idleTime(key))]);
    const [own, others] = await Promise.all([ofOwn(lastStreamId(key)), ofOthers(lastStreamId(key))]);
    if (own && others) return others[0] > own[0] || (others[0] === own[0] && others[1] > own[1]);
    return idle !== undefined && othersIdle !== undefined && othersIdle < idle;
  }
}

/** Watched before it is read, so that nothing is overwritten or removed but what was read. */
async function read(key: Key, line: Line): Promise<Value | undefined> {
  const ask = <T>(command: Command<T>) => unlessMoved(line.send(command));
  const [, payload, ttlMs, type = 'unknown'] = await Promise.all([
    ask(watch(key)),
    ask(dump(key)),
    ask(timeToLive(key)),
    ask(typeOf(key)),
  ]);
  return payload && { payload, type, ...(ttlMs !== undefined && { ttlMs }) };
}

/** What the server does not tell of this key: it has moved, is of another type, or the policy keeps no count of it. */
function unlessMoved<T>(reply: Promise<T>): Promise<T | undefined> {
  return unlessRefused(reply, 'ask', 'try-again', 'wrong-type', 'no-such-key', 'no-idle-time');
}
