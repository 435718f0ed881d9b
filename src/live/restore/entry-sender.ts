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
import { askingFirst, type Line } from '../keys/asking-first.ts';
import { GIVE_UP_AFTER_MS, mayPassSoon, Patience, type Persisting, triesAgain } from '../keys/retry.ts';
import type { Destination, Routes } from '../keys/routes.ts';
import { TargetLines } from '../keys/target-lines.ts';
import type { Parcel } from './entry.ts';
import { type Fate, fateOfRefusal, fatesThere } from './outcomes.ts';
import type { SentLog } from './sent-log.ts';
import { RestoreError } from './watch-targets.ts';

export interface SenderSettings {
  readonly routes: Routes;
  readonly replace: boolean;
  /** A key that is there is what an earlier round has restored, or somebody has written since. */
  readonly isAgain: boolean;
  readonly rdbVersion: number;
  readonly nowMs: () => number;
  readonly log: SentLog;
  readonly waiting: Persisting;
  /** Throws where nothing more is to be sent. */
  readonly mayGoOn: () => void;
}

const BATCH_KEYS = 256;
const BATCH_BYTES = 1024 * 1024;
const MOST_BYTES_UNDER_WAY = 8 * 1024 * 1024;

export class EntrySender {
  readonly #fleet: Fleet;
  readonly #routes: Routes;
  readonly #settings: SenderSettings;
  readonly #tally: RestoreTally;
  readonly #tell: (event: RestoreEvent) => void;
  #lines: TargetLines;
  readonly #batches = new Map<NodeId, { readonly to: Destination; parcels: Parcel[]; bytes: number }>();
  readonly #underWay = new Set<Promise<void>>();
  #bytesUnderWay = 0;
  #again: Parcel[] = [];
  #database = 0;
  /** The last reason to wait. Slots that have only moved are none: the next look tells where to. */
  #trouble: NodeError | undefined;
  #failure: { readonly error: unknown } | undefined;

  constructor(
    fleet: Fleet,
    settings: SenderSettings,
    tally: RestoreTally,
    tell: (event: RestoreEvent) => void,
  ) {
    this.#fleet = fleet;
    this.#lines = new TargetLines(fleet, 0);
    this.#routes = settings.routes;
    this.#settings = settings;
    this.#tally = tally;
    this.#tell = tell;
  }

  /** Undefined where its time is up. At once, so that the pieces of a large value need not stay beside the whole. */
  pack({ type, value, ...rest }: RdbEntry): Parcel | undefined {
    if (rest.expiresAtMs !== undefined && rest.expiresAtMs <= this.#settings.nowMs()) {
      this.#tally.expired++;
      return undefined;
    }
    const payload = restorePayload(type, value, this.#settings.rdbVersion);
    return { ...rest, slot: keySlot(rest.key), payload };
  }

  /** Returns when there is room for the next. */
  async put(parcel: Parcel): Promise<void> {
    if (parcel.database !== this.#database) await this.#changeDatabase(parcel.database);
    this.#add(parcel);
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
      const parcels = this.#again;
      if (parcels.length === 0) this.#trouble = undefined;
      if (parcels.length === 0) return;
      if (parcels.length < left) patience.renew();
      left = parcels.length;
      const trouble = this.#trouble;
      if (patience.isOver)
        throw new RestoreError({ kind: 'untaken', keys: left, waitedMs: GIVE_UP_AFTER_MS, trouble });
      if (patience.isFresh && trouble) this.#settings.waiting.note(triesAgain(trouble));
      this.#again = [];
      await sleep(patience.nextWaitMs(), undefined, { signal: this.#fleet.interruption }).catch(() => {});
      await this.#routes.lookAgain();
      for (const parcel of parcels) this.#add(parcel);
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

  #add(parcel: Parcel): void {
    const to = this.#routes.ownerOf(parcel.slot);
    if (!to) {
      this.#again.push(parcel);
      return;
    }
    const batch = this.#batches.get(to.id) ?? { to, parcels: [], bytes: 0 };
    this.#batches.set(to.id, batch);
    batch.parcels.push(parcel);
    batch.bytes += parcel.payload.length;
    if (batch.parcels.length >= BATCH_KEYS || batch.bytes >= BATCH_BYTES) this.#launch(to.id);
  }

  #launch(node: NodeId): void {
    const batch = this.#batches.get(node);
    if (!batch) return;
    this.#batches.delete(node);
    this.#bytesUnderWay += batch.bytes;
    const sending = this.#sendAll(batch.to, batch.parcels)
      .catch(error => {
        this.#failure ??= { error };
      })
      .finally(() => {
        this.#bytesUnderWay -= batch.bytes;
        this.#underWay.delete(sending);
      });
    this.#underWay.add(sending);
  }

  async #sendAll({ id, address }: Destination, parcels: readonly Parcel[]): Promise<void> {
    this.#settings.mayGoOn();
    const commands = parcels.map(parcel => restoreValue(parcel.key, parcel, this.#settings.replace));
    const answers: readonly unknown[] = await this.#lines
      .to(address)
      .then(line => line.sendEach(commands))
      // Nobody knows of any of them.
      .catch((error: unknown) => parcels.map(() => error));
    const existing: Parcel[] = [];
    for (const [i, answer] of answers.entries()) {
      const parcel = parcels[i];
      if (!parcel) continue;
      if (isRefused(answer, 'busy-key')) existing.push(parcel);
      else if (answer instanceof Error) this.#settle(parcel, await this.#fateOf(answer, parcel, address), id);
      else this.#settle(parcel, 'restored', id);
    }
    if (existing.length === 0) return;
    const fates = await this.#compare(existing, () => this.#lines.to(address));
    for (const [i, parcel] of existing.entries()) this.#settle(parcel, fates[i] ?? 'again', id);
  }

  /** Whether what is there is what would have been restored. */
  #compare(parcels: readonly Parcel[], to: () => Promise<Line>): Promise<Fate[]> {
    const { isAgain, nowMs } = this.#settings;
    return isAgain ? Promise.resolve(parcels.map(() => 'same')) : fatesThere(parcels, to, nowMs());
  }

  #settle(parcel: Parcel, fate: Fate, node: NodeId): void {
    const { key, database, slot, expiresAtMs } = parcel;
    if (fate === 'again') {
      this.#again.push(parcel);
      return;
    }
    if (typeof fate === 'object') {
      this.#tally.refused++;
      this.#settings.log.refuse({ name: key, database, slot });
      this.#tell({ kind: 'refused', key, database, problem: fate.refused });
      return;
    }
    this.#settings.log.note(slot, node, expiresAtMs === undefined);
    this.#tally[fate]++;
    if (fate === 'existing') this.#tell({ kind: 'exists', key, database });
  }

  async #fateOf(error: unknown, parcel: Parcel, at: Address): Promise<Fate> {
    if (isRefused(error, 'ask')) return this.#sendToTarget(parcel);
    if (mayPassSoon(error) || isLost(error)) this.#trouble = error;
    const fate = fateOfRefusal(error, at);
    if (fate) return fate;
    if (!isLost(error)) throw error;
    this.#lines.drop(at);
    // Nobody knows which of the values were taken by a node that is gone: those that were are recognised.
    return 'again';
  }

  /** The slot is on its way, and the key is not at its source. */
  async #sendToTarget(parcel: Parcel): Promise<Fate> {
    const target = this.#routes.targetOf(parcel.slot);
    // Not known yet; when it is looked anew, it is.
    if (!target) return 'again';
    try {
      const command = restoreValue(parcel.key, parcel, this.#settings.replace);
      await askingFirst(await this.#lines.to(target.address)).send(command);
      this.#settings.log.note(parcel.slot, target.id, false);
      return 'restored';
    } catch (error) {
      if (isRefused(error, 'busy-key')) {
        const [fate] = await this.#compare([parcel], async () =>
          askingFirst(await this.#lines.to(target.address)),
        );
        return fate ?? 'again';
      }
      return isRefused(error, 'ask') ? 'again' : this.#fateOf(error, parcel, target.address);
    }
  }
}
