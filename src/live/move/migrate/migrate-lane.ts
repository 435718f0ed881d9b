/** One connection to a source, on which one MIGRATE is under way at a time. */

import { ping, select } from '../../../resp/commands/cluster.ts';
import { type Key, keysInSlot } from '../../../resp/commands/slots.ts';
import type { Lane } from '../../../resp/fleet.ts';
import type { Slot } from '../../../topology/slot-set.ts';
import type { BatchSize } from '../../keys/batch-size.ts';
import { BIG_BYTES, type BigKeys, showKey, sizeOf } from '../../keys/big-keys.ts';
import { migrateBatch, sendBatch } from '../../keys/migrate-keys.ts';
import { persist } from '../../keys/retry-refusals.ts';
import type { MoveRun, Passage } from '../mover.ts';
import { settleClash } from './settle-clash.ts';
import type { OpenSlot, SlotQueue } from './slot-queue.ts';

interface FirstKeys {
  readonly open: OpenSlot;
  readonly keys: readonly Key[];
  /** How many were asked for. */
  readonly wanted: number;
}

export class MigrateLane {
  readonly #passage: Passage;
  readonly #run: MoveRun;
  readonly #batch: BatchSize;
  readonly #big: BigKeys;
  readonly #line: Lane;
  #database = 0;

  constructor(passage: Passage, run: MoveRun, batch: BatchSize, big: BigKeys) {
    this.#big = big;
    this.#passage = passage;
    this.#run = run;
    this.#batch = batch;
    this.#line = run.fleet.lane(passage.from.address);
  }

  /** Takes slot after slot, until no more come. */
  async empty(slots: SlotQueue): Promise<void> {
    let upcoming = this.#lookInto(slots);
    for (let found = await upcoming; found; found = await upcoming) {
      // While these keys are on their way, the next ones are asked for.
      upcoming = this.#lookInto(slots);
      upcoming.catch(() => {});
      await this.#drain(found);
      found.open.done();
    }
  }

  close(): void {
    this.#line.close();
  }

  get #most(): number {
    return Math.min(this.#batch.keys, this.#run.pace.mostAtOnce(this.#passage));
  }

  /** The keys that go first, asked for on the connection that no MIGRATE holds up. */
  async #lookInto(slots: SlotQueue): Promise<FirstKeys | undefined> {
    const open = await slots.take();
    if (!open) return undefined;
    const wanted = this.#most;
    const command = keysInSlot(open.slot, wanted);
    const { fleet } = this.#run;
    const keys = await persist(() => fleet.send(this.#passage.from.address, command), this.#run);
    return { open, wanted, keys };
  }

  async #drain({ open: { slot }, keys, wanted }: FirstKeys): Promise<void> {
    await this.#select(0);
    await this.#moveAll(slot, keys, wanted);
    for (const database of this.#passage.databases.filter(number => number !== 0)) {
      await this.#select(database);
      const most = this.#most;
      await this.#moveAll(slot, await this.#list(slot, most), most);
    }
  }

  /** In the database that is selected. */
  #list(slot: Slot, most: number): Promise<readonly Key[]> {
    return persist(() => this.#line.send(keysInSlot(slot, most)), this.#run);
  }

  async #select(database: number): Promise<void> {
    if (database === this.#database) return;
    this.#database = database;
    await this.#line.send(select(database));
  }

  async #moveAll(slot: Slot, first: readonly Key[], asked: number): Promise<void> {
    let [keys, wanted] = [first, asked];
    while (keys.length > 0) {
      await this.#moveEach(keys);
      // Fewer than asked for are the last ones: whoever writes to the slot now writes to the target.
      if (keys.length < wanted) return;
      wanted = this.#most;
      keys = await this.#list(slot, wanted);
    }
  }

  /** Big ones alone, so that they hold up nobody's small ones. */
  async #moveEach(keys: readonly Key[]): Promise<void> {
    if (this.#big.size === 0) return this.#move(keys);
    const small = keys.filter(key => sizeOf(this.#big, key) < BIG_BYTES);
    if (small.length > 0) await this.#move(small);
    for (const key of keys) {
      const size = sizeOf(this.#big, key);
      if (size < BIG_BYTES) continue;
      this.#run.note({ kind: 'moves-alone', key: showKey(key), bytes: size });
      await this.#move([key]);
    }
  }

  async #move(keys: readonly Key[]): Promise<void> {
    const { nowMs, pace, fleet } = this.#run;
    const { from, to } = this.#passage;
    const knock = () => Promise.all([from, to].map(({ address }) => fleet.send(address, ping())));
    await pace.before(keys.length, this.#passage, knock);
    const beganAt = nowMs();
    if ((await this.#migrate(keys, false)) === 'clash') {
      await settleClash(this.#passage, this.#run, this.#database, keys);
      await this.#migrate(keys, true);
    }
    this.#batch.took(nowMs() - beganAt, keys.length);
  }

  #migrate(keys: readonly Key[], replace: boolean) {
    const { ip: host, port } = this.#passage.to.meetAt;
    const { fleet, limits } = this.#run;
    const [first] = keys;
    // Big ones go alone.
    const bytes = first && keys.length === 1 ? sizeOf(this.#big, first) : 0;
    const arrival = { host, port, database: this.#database, replace };
    const how = { timeoutMs: limits.timeoutMs, credentials: fleet.credentials };
    return sendBatch(this.#line, migrateBatch({ keys, bytes }, arrival, how), this.#run);
  }
}
