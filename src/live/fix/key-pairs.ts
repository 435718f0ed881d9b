/** One key on two nodes: what each has, and how one of them gives way without a value being lost. */

import type { Command } from '../../resp/command.ts';
import { multi, queued, select } from '../../resp/commands/cluster.ts';
import {
  countExisting,
  execUnlessChanged,
  exists,
  idleTime,
  lastStreamId,
  remove,
  restore,
  type SavedValue,
  typeOf,
  unwatch,
  watch,
} from '../../resp/commands/fix.ts';
import { asking, dump, type Key, timeToLive } from '../../resp/commands/slots.ts';
import { ServerRefusalError } from '../../resp/errors.ts';
import type { Fleet, Lane } from '../../resp/fleet.ts';
import { type Address, formatAddress } from '../../topology/node.ts';
import type { Slot } from '../../topology/slot-set.ts';
import { showKey } from '../keys/big-keys.ts';
import type { RescuedValue } from '../keys/rescue-file.ts';
import { sameValue } from '../keys/same-value.ts';
import { sameBody, sameTtl } from '../keys/saved-value.ts';
import { MoveError } from '../move/move-error.ts';

/** Whose value stays where two differ. */
export type Preference = 'owner' | 'other' | 'newest';

export interface Settling {
  readonly prefer: Preference;
  readonly rescue: (value: RescuedValue) => Promise<void>;
  /** Where they are then: a file. */
  readonly keptIn: string;
  readonly note: (text: string) => void;
}

interface Value extends SavedValue {
  readonly type: string;
}

/** A key that clients change just then is looked at again so often. */
const MOST_ATTEMPTS = 20;

export class KeyPairs {
  readonly #owner: Lane;
  readonly #other: Lane;
  readonly #ownerName: string;
  readonly #otherName: string;
  readonly #asks: boolean;
  readonly #settling: Settling;
  #database = 0;

  /** `asks`: the other one only imports the slots, and lets nobody see them who does not ask for it. */
  constructor(fleet: Fleet, owner: Address, other: Address, asks: boolean, settling: Settling) {
    this.#owner = fleet.lane(owner);
    this.#other = fleet.lane(other);
    this.#ownerName = formatAddress(owner);
    this.#otherName = formatAddress(other);
    this.#asks = asks;
    this.#settling = settling;
  }

  close(): void {
    this.#owner.close();
    this.#other.close();
  }

  async select(database: number): Promise<void> {
    if (database === this.#database) return;
    await Promise.all([this.#owner, this.#other].map(line => line.send(select(database))));
    this.#database = database;
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
    throw new MoveError(
      `${showKey(key)} is on ${this.#ownerName} and on ${this.#otherName}, and does not hold still`,
    );
  }

  /** False where somebody has changed the value meanwhile. */
  async #attempt(key: Key, slot: Slot): Promise<boolean> {
    // Before DUMP, which counts as use.
    const isOthersNewer = this.#settling.prefer === 'newest' && (await this.#isOthersNewer(key));
    const [own, others] = await Promise.all([this.#read(key, false), this.#read(key, true)]);
    if (!own || !others) return this.#forget();
    if (await this.#areSame(key, own, others)) {
      await this.#owner.send(unwatch());
      return this.#removeOthers(key);
    }
    const { prefer, rescue, keptIn, note } = this.#settling;
    const othersWins = prefer === 'other' || isOthersNewer;
    const [loser, node] = othersWins ? [own, this.#ownerName] : [others, this.#otherName];
    await rescue({ key, database: this.#database, slot, node, ...loser });
    if (othersWins && !(await this.#overwriteOwn(key, others))) return this.#forget(false);
    if (!othersWins) await this.#owner.send(unwatch());
    const isDone = await this.#removeOthers(key);
    if (isDone) note(`${showKey(key)} had two values: that of ${node} was replaced, and is in ${keptIn}`);
    return isDone;
  }

  /** What servers would save of equal values differs by version, and by the order in which they were filled. */
  async #areSame(key: Key, own: Value, others: Value): Promise<boolean> {
    if (!sameTtl(own.ttlMs, others.ttlMs)) return false;
    if (sameBody(own.payload, others.payload)) return true;
    const [owner, other] = [
      { send: <T>(command: Command<T>) => this.#owner.send(command) },
      { send: <T>(command: Command<T>) => (this.#asks ? this.#ask(command) : this.#other.send(command)) },
    ];
    // A user who may not read them all has them taken for different: then the loser is kept.
    return (await unlessRefused(sameValue(key, owner, other))) ?? false;
  }

  async #forget(isDone = true): Promise<boolean> {
    await Promise.all([this.#owner.send(unwatch()), this.#other.send(unwatch())]);
    return isDone;
  }

  /** Watched before it is read, so that nothing is overwritten or removed but what was read. */
  async #read(key: Key, isOthers: boolean): Promise<Value | undefined> {
    const line = isOthers ? this.#other : this.#owner;
    const isAsked = isOthers && this.#asks;
    const ask = <T>(command: Command<T>) => unlessMoved(isAsked ? this.#ask(command) : line.send(command));
    const [, payload, ttlMs, type = 'unknown'] = await Promise.all([
      ask(watch(key)),
      ask(dump(key)),
      ask(timeToLive(key)),
      ask(typeOf(key)),
    ]);
    return payload && { payload, type, ...(ttlMs !== undefined && { ttlMs }) };
  }

  /** At the node that only imports the slot. */
  async #ask<T>(command: Command<T>): Promise<T> {
    // Whoever may not ask is sent elsewhere, which is not what is wrong.
    const [, reply] = await Promise.all([this.#other.send(asking()), this.#other.send(command)]);
    return reply;
  }

  #overwriteOwn(key: Key, value: Value): Promise<boolean> {
    return inTransaction(this.#owner, restore(key, value, true));
  }

  async #removeOthers(key: Key): Promise<boolean> {
    if (!this.#asks) return inTransaction(this.#other, remove(key));
    // No client is sent here for a key that the owner has, so nobody changes it between.
    await this.#other.send(unwatch());
    await this.#ask(remove(key));
    return true;
  }

  /** Streams tell when they were last written to; of other keys only the last use is known. */
  async #isOthersNewer(key: Key): Promise<boolean> {
    const ofOthers = <T>(command: Command<T>) =>
      unlessMoved(this.#asks ? this.#ask(command) : this.#other.send(command));
    const ofOwn = <T>(command: Command<T>) => unlessMoved(this.#owner.send(command));
    // Before XINFO, which counts as use of a key of any type.
    const [idle, othersIdle] = await Promise.all([ofOwn(idleTime(key)), ofOthers(idleTime(key))]);
    const [own, others] = await Promise.all([ofOwn(lastStreamId(key)), ofOthers(lastStreamId(key))]);
    if (own && others) return others[0] > own[0] || (others[0] === own[0] && others[1] > own[1]);
    return idle !== undefined && othersIdle !== undefined && othersIdle < idle;
  }
}

async function inTransaction(line: Lane, command: Command<unknown>): Promise<boolean> {
  const queueing = [multi(), queued(command)].map(words => line.send(words));
  const [isDone] = await Promise.all([line.send(execUnlessChanged()), ...queueing]);
  return isDone;
}

/** What the server does not tell of this key: it has moved, is of another type, or the policy keeps no count of it. */
async function unlessMoved<T>(reply: Promise<T>): Promise<T | undefined> {
  try {
    return await reply;
  } catch (error) {
    if (
      error instanceof ServerRefusalError &&
      /^(ASK|TRYAGAIN|WRONGTYPE|ERR no such key|ERR An LFU)/.test(error.text)
    )
      return undefined;
    throw error;
  }
}

async function unlessRefused<T>(reply: Promise<T>): Promise<T | undefined> {
  try {
    return await reply;
  } catch (error) {
    if (error instanceof ServerRefusalError) return undefined;
    throw error;
  }
}
