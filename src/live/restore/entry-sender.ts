/**
 * Sends the keys of one file to whoever owns them: in batches, several nodes at once, and never more than so many bytes
 * under way, so that a file of any size goes through little memory. Where the cluster changes meanwhile, it is looked at
 * anew and gone on; a command that may have been carried out is sent again only where that does no harm.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { RestoreEvent, RestoreTally } from '../../plan/transfer/restore.ts';
import type { RdbEntry } from '../../rdb/listener.ts';
import { restorePayload } from '../../rdb/payload.ts';
import { restoreValue } from '../../resp/commands/restore.ts';
import { isLost, isRefused, type NodeError } from '../../resp/errors.ts';
import type { Fleet } from '../../resp/fleet.ts';
import { keySlot } from '../../topology/key-slot.ts';
import type { Address, NodeId } from '../../topology/node.ts';
import type { Tell } from '../event-stream.ts';
import { askingFirst, type Line } from '../keys/asking-first.ts';
import {
  GIVE_UP_AFTER_MS,
  mayPassSoon,
  Patience,
  type Persisting,
  triesAgain,
} from '../keys/retry-refusals.ts';
import type { Destination, Routes } from '../keys/routes.ts';
import { TargetLines } from '../keys/target-lines.ts';
import { fatesThere } from './compare-with-there.ts';
import { type Fate, fateOfRefusal, type PackedKey } from './outcomes.ts';
import type { SentLog } from './sent-log.ts';
import { RestoreError } from './watch-targets.ts';

/** As for all files. */
export interface SendSettings {
  readonly routes: Routes;
  readonly log: SentLog;
  readonly waiting: Persisting;
  /** Throws where nothing more is to be sent. */
  readonly mayGoOn: () => void;
  readonly replace: boolean;
  readonly nowMs: () => number;
}

export interface SenderSettings extends SendSettings {
  /** A key that is there is what an earlier round has restored, or somebody has written since. */
  readonly isAgain: boolean;
  readonly rdbVersion: number;
  readonly tally: RestoreTally;
  readonly tell: Tell<RestoreEvent>;
}

/** What goes to a node at once: small keys by number, large ones by size. Answers to larger ones would come late. */
const BATCH_KEYS = 256;
const BATCH_BYTES = 1024 * 1024;
/** Of each file that is read. A few batches, so that several nodes are busy. */
const MOST_BYTES_UNDER_WAY = 8 * 1024 * 1024;

export class EntrySender {
  readonly #fleet: Fleet;
  readonly #settings: SenderSettings;
  #lines: TargetLines;
  readonly #batches = new Map<NodeId, { readonly to: Destination; keys: PackedKey[]; bytes: number }>();
  readonly #underWay = new Set<Promise<void>>();
  #bytesUnderWay = 0;
  #again: PackedKey[] = [];
  #database = 0;
  /** The last reason to wait. Slots that have only moved are none: the next look tells where to. */
  #trouble: NodeError | undefined;
  #failure: { readonly error: unknown } | undefined;

  constructor(fleet: Fleet, settings: SenderSettings) {
    this.#fleet = fleet;
    this.#lines = new TargetLines(fleet, 0);
    this.#settings = settings;
  }

  /** Undefined where its time is up. At once, so that the pieces of a large value need not stay beside the whole. */
  pack({ type, value, ...rest }: RdbEntry): PackedKey | undefined {
    if (rest.expiresAtMs !== undefined && rest.expiresAtMs <= this.#settings.nowMs()) {
      this.#settings.tally.expired++;
      return undefined;
    }
    const payload = restorePayload(type, value, this.#settings.rdbVersion);
    return { ...rest, slot: keySlot(rest.key), payload };
  }

  /** Returns when there is room for the next. */
  async put(packed: PackedKey): Promise<void> {
    if (packed.database !== this.#database) await this.#changeDatabase(packed.database);
    this.#add(packed);
    while (this.#bytesUnderWay > MOST_BYTES_UNDER_WAY) await Promise.race(this.#underWay);
    if (this.#again.length >= BATCH_KEYS) await this.drain();
    this.#throwFailure();
  }

  /** Until every key that was put is dealt with. */
  async drain(): Promise<void> {
    const patience = new Patience(this.#settings.waiting.nowMs);
    for (let left = Number.POSITIVE_INFINITY; ; ) {
      for (const node of [...this.#batches.keys()]) this.#launch(node);
      await Promise.all(this.#underWay);
      this.#throwFailure();
      const keys = this.#again;
      if (keys.length === 0) {
        this.#trouble = undefined;
        return;
      }
      if (keys.length < left) patience.renew();
      left = keys.length;
      const trouble = this.#trouble;
      if (patience.isOver)
        throw new RestoreError({ kind: 'untaken', keys: left, waitedMs: GIVE_UP_AFTER_MS, trouble });
      if (patience.isFresh && trouble) this.#settings.waiting.note(triesAgain(trouble));
      this.#again = [];
      await sleep(patience.nextWaitMs(), undefined, { signal: this.#fleet.interruption }).catch(() => {});
      await this.#settings.routes.lookAgain();
      for (const packed of keys) this.#add(packed);
    }
  }

  close(): void {
    this.#lines.close();
  }

  async #changeDatabase(database: number): Promise<void> {
    await this.drain();
    this.close();
    this.#database = database;
    this.#lines = new TargetLines(this.#fleet, database);
  }

  #throwFailure(): void {
    if (this.#failure) throw this.#failure.error;
  }

  #add(packed: PackedKey): void {
    const to = this.#settings.routes.ownerOf(packed.slot);
    if (!to) return void this.#again.push(packed);
    const batch = this.#batches.get(to.id) ?? { to, keys: [], bytes: 0 };
    this.#batches.set(to.id, batch);
    batch.keys.push(packed);
    batch.bytes += packed.payload.length;
    if (batch.keys.length >= BATCH_KEYS || batch.bytes >= BATCH_BYTES) this.#launch(to.id);
  }

  #launch(node: NodeId): void {
    const batch = this.#batches.get(node);
    if (!batch) return;
    this.#batches.delete(node);
    this.#bytesUnderWay += batch.bytes;
    const sending = this.#sendAll(batch.to, batch.keys)
      .catch(error => {
        this.#failure ??= { error };
      })
      .finally(() => {
        this.#bytesUnderWay -= batch.bytes;
        this.#underWay.delete(sending);
      });
    this.#underWay.add(sending);
  }

  async #sendAll({ id, address }: Destination, keys: readonly PackedKey[]): Promise<void> {
    this.#settings.mayGoOn();
    const commands = keys.map(packed => restoreValue(packed.key, packed, this.#settings.replace));
    const answers: readonly unknown[] = await this.#lines
      .to(address)
      .then(line => line.sendEach(commands))
      // Nobody knows of any of them.
      .catch((error: unknown) => keys.map(() => error));
    const existing: PackedKey[] = [];
    for (const [i, answer] of answers.entries()) {
      const packed = keys[i];
      if (!packed) continue;
      if (isRefused(answer, 'busy-key')) existing.push(packed);
      else if (answer instanceof Error) this.#settle(packed, await this.#fateOf(answer, packed, address), id);
      else this.#settle(packed, 'restored', id);
    }
    if (existing.length === 0) return;
    const fates = await this.#compare(existing, () => this.#lines.to(address));
    for (const [i, packed] of existing.entries()) this.#settle(packed, fates[i] ?? 'again', id);
  }

  /** Whether what is there is what would have been restored. */
  #compare(keys: readonly PackedKey[], to: () => Promise<Line>): Promise<Fate[]> {
    const { isAgain, nowMs } = this.#settings;
    return isAgain ? Promise.resolve(keys.map(() => 'same')) : fatesThere(keys, to, nowMs());
  }

  #settle(packed: PackedKey, fate: Fate, node: NodeId): void {
    const { tally, log, tell } = this.#settings;
    const { key, database, slot, expiresAtMs } = packed;
    if (fate === 'again') return void this.#again.push(packed);
    if (typeof fate === 'object') {
      tally.refused++;
      log.refuse({ name: key, database, slot });
      tell({ kind: 'refused', key, database, problem: fate.refused });
      return;
    }
    log.note(slot, node, expiresAtMs === undefined);
    tally[fate]++;
    if (fate === 'existing') tell({ kind: 'exists', key, database });
  }

  async #fateOf(error: unknown, packed: PackedKey, at: Address): Promise<Fate> {
    if (isRefused(error, 'ask')) return this.#sendToTarget(packed);
    if (mayPassSoon(error) || isLost(error)) this.#trouble = error;
    const fate = fateOfRefusal(error, at);
    if (fate) return fate;
    if (!isLost(error)) throw error;
    this.#lines.drop(at);
    // Nobody knows which of the values were taken by a node that is gone: those that were are recognised.
    return 'again';
  }

  /** The slot is on its way, and the key is not at its source. */
  async #sendToTarget(packed: PackedKey): Promise<Fate> {
    const target = this.#settings.routes.targetOf(packed.slot);
    // Not known yet; when it is looked anew, it is.
    if (!target) return 'again';
    try {
      const command = restoreValue(packed.key, packed, this.#settings.replace);
      await askingFirst(await this.#lines.to(target.address)).send(command);
      // Not as one that its slot has to have: whoever counts that asks the owner, where it is not yet.
      this.#settings.log.note(packed.slot, target.id, false);
      return 'restored';
    } catch (error) {
      if (isRefused(error, 'busy-key')) {
        const [fate] = await this.#compare([packed], async () =>
          askingFirst(await this.#lines.to(target.address)),
        );
        return fate ?? 'again';
      }
      return isRefused(error, 'ask') ? 'again' : this.#fateOf(error, packed, target.address);
    }
  }
}
