/**
 * Keys go from server to server. MIGRATE is one step for a key: the source lets go of it when the target has it, and no
 * write comes between. One is under way at a time on a connection, for the reasons given in move/migrate-mover.ts.
 */
import { ping } from '../../resp/commands.ts';
import { ServerRefusalError } from '../../resp/errors.ts';
import { exists } from '../../resp/mending-commands.ts';
import { type Key, migrate } from '../../resp/slot-commands.ts';
import { keySlot } from '../../topology/key-slot.ts';
import { formatAddress } from '../../topology/node.ts';
import type { BatchSize } from '../move/batch-size.ts';
import { timeoutMsFor } from '../move/big-keys.ts';
import { TargetLines } from '../target-lines.ts';
import { compareKeys } from './compare-keys.ts';
import type { Carrier, Undelivered } from './deliver.ts';
import { type ImportRun, tellArrived } from './import-run.ts';
import type { Parcel } from './parcels.ts';
import { isLost, judgeMigrate, judgeTarget } from './refusals.ts';
import type { Destination } from './routes.ts';
import { settleKeys } from './settle-keys.ts';
import type { SourceLine } from './source-line.ts';

const NOTHING: Undelivered = { keys: [], why: '' };

/**
 * A source does one MIGRATE after another, whatever the number of lanes: the time in which one waits for that of the other
 * lane is not its own.
 */
export class Turns {
  #lastEndedAt = 0;

  /** Returns how long it took once it was its turn. */
  end(beganAt: number, endedAt: number): number {
    const tookMs = endedAt - Math.max(beganAt, this.#lastEndedAt);
    this.#lastEndedAt = endedAt;
    return tookMs;
  }
}

export class MigrateCarrier implements Carrier {
  readonly #line: SourceLine;
  readonly #run: ImportRun;
  readonly #batch: BatchSize;
  readonly #turns: Turns;
  readonly #database: { readonly database: number; readonly into: number };
  readonly #targets: TargetLines;
  readonly #averageBytes: number;
  /** Copies are looked for first: a MIGRATE that stops at one does not say which keys it has copied before. */
  #looksFirst: boolean;

  /** The line has its database selected. */
  constructor(
    line: SourceLine,
    database: { readonly database: number; readonly into: number },
    { batch, turns }: { readonly batch: BatchSize; readonly turns: Turns },
    averageBytes: number,
    run: ImportRun,
  ) {
    this.#line = line;
    this.#run = run;
    this.#batch = batch;
    this.#turns = turns;
    this.#database = database;
    this.#targets = new TargetLines(run.target, database.into);
    this.#averageBytes = averageBytes;
    const isEmpty = run.plan.before.views.every(({ server }) => server.keys === 0);
    this.#looksFirst = run.copy && !isEmpty;
  }

  slotOf(key: Key) {
    return keySlot(key);
  }

  close(): void {
    this.#line.close();
    this.#targets.close();
  }

  async carry(keys: readonly Key[], to: Destination, parcel: Parcel): Promise<Undelivered> {
    try {
      return await this.#carry(keys, to, parcel);
    } catch (error) {
      if (error instanceof ServerRefusalError) return this.#refusedByTarget(error, keys, to);
      if (!isLost(error) || error.node !== formatAddress(to.address)) throw error;
      this.#targets.drop(to.address);
      return { keys, why: `${error.node}: ${error.message}` };
    }
  }

  /** What is asked there beside the MIGRATE. */
  #refusedByTarget(error: ServerRefusalError, keys: readonly Key[], to: Destination): Undelivered {
    judgeTarget(error.text, to);
    return { keys, why: `${error.node}: ${error.text}` };
  }

  async #carry(keys: readonly Key[], to: Destination, parcel: Parcel): Promise<Undelivered> {
    const known = new Set(this.#looksFirst && !this.#overwritesAtOnce ? await this.#knownAt(to, keys) : []);
    const unsettled = known.size > 0 ? await this.#settle([...known], to, parcel) : NOTHING;
    const undelivered = await this.#bring(
      keys.filter(key => !known.has(key)),
      to,
      parcel,
    );
    const { why } = undelivered.keys.length > 0 ? undelivered : unsettled;
    return { keys: [...unsettled.keys, ...undelivered.keys], why };
  }

  async #bring(keys: readonly Key[], to: Destination, parcel: Parcel): Promise<Undelivered> {
    if (keys.length === 0) return NOTHING;
    const refusal = await this.#migrate(keys, to, parcel, this.#overwritesAtOnce);
    if (!refusal) return this.#arrived(keys, to);
    if (judgeMigrate(refusal, to) === 'passes') return { keys, why: `${refusal.node}: ${refusal.text}` };
    this.#looksFirst = this.#run.copy;
    return this.#settle(keys, to, parcel);
  }

  get #overwritesAtOnce(): boolean {
    return this.#run.replace && !this.#run.rescue;
  }

  async #knownAt(to: Destination, keys: readonly Key[]): Promise<Key[]> {
    const line = await this.#targets.to(to.address);
    const there = await line.sendAll(keys.map(exists));
    return keys.filter((_, i) => there[i]);
  }

  async #settle(keys: readonly Key[], to: Destination, parcel: Parcel): Promise<Undelivered> {
    const { copy } = this.#run;
    const line = await this.#targets.to(to.address);
    const compared = await this.#line.insist(source => compareKeys(keys, source, line));
    const settling = { to, line, ...this.#database, nameOf: (key: Key) => key };
    const ready = await settleKeys(compared, settling, this.#run);
    const isSame = new Set(compared.same);
    const isLeft = new Set([...compared.same, ...compared.different, ...compared.absent]);
    // What is gone from the source by now has arrived with the MIGRATE that was stopped by another key.
    const arrived = keys.filter(key => (copy && isSame.has(key)) || !isLeft.has(key));
    this.#arrived(arrived, to);
    // Where a copy is the same already, there is nothing to do.
    const rest = copy ? ready.filter(key => !isSame.has(key)) : ready;
    if (rest.length > 0) {
      const refusal = await this.#migrate(rest, to, parcel, true);
      if (refusal) {
        judgeMigrate(refusal, to);
        return { keys: [...rest, ...compared.absent], why: `${refusal.node}: ${refusal.text}` };
      }
      this.#arrived(rest, to);
    }
    return { keys: compared.absent, why: 'keys were gone for a moment' };
  }

  #arrived(keys: readonly Key[], to: Destination): Undelivered {
    tellArrived(keys, to, this.#run);
    return NOTHING;
  }

  /** Sent again where the connection is lost: what had arrived by then is gone from the source, or found there. */
  async #migrate(
    keys: readonly Key[],
    to: Destination,
    { bytes = 0 }: Parcel,
    replace: boolean,
  ): Promise<ServerRefusalError | undefined> {
    const { nowMs, pace, target, limits, copy } = this.#run;
    const knock = () =>
      Promise.all([this.#line.insist(line => line.send(ping())), target.send(to.address, ping())]);
    await pace.before(keys.length, { averageBytes: bytes || this.#averageBytes }, knock);
    const command = migrate({
      host: to.host,
      port: to.port,
      database: this.#database.into,
      keys,
      timeoutMs: Math.ceil(Math.max(limits.timeoutMs, timeoutMsFor(bytes))),
      replace,
      copy,
      ...(target.credentials && { credentials: target.credentials }),
    });
    const beganAt = nowMs();
    const refusal = await this.#line.insist(line => refusalOf(line.send(command)));
    const tookMs = this.#turns.end(beganAt, nowMs());
    if (!refusal && bytes === 0) this.#batch.took(tookMs, keys.length);
    return refusal;
  }
}

async function refusalOf(reply: Promise<unknown>): Promise<ServerRefusalError | undefined> {
  try {
    await reply;
    return undefined;
  } catch (error) {
    if (error instanceof ServerRefusalError) return error;
    throw error;
  }
}
