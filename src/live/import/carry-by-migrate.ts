/**
 * Keys go from server to server. MIGRATE is one step for a key: the source lets go of it when the target has it, and no
 * write comes between. One is under way at a time on a connection, for the reasons given in move/migrate/migrate-mover.ts.
 */
import { ping } from '../../resp/commands/cluster.ts';
import { exists } from '../../resp/commands/fix.ts';
import { runId } from '../../resp/commands/import.ts';
import type { Key } from '../../resp/commands/slots.ts';
import { isLostOrGarbled, ServerRefusalError } from '../../resp/errors.ts';
import { keySlot } from '../../topology/key-slot.ts';
import { formatAddress } from '../../topology/node.ts';
import { orRefusal } from '../keys/asking-first.ts';
import { compareKeys } from '../keys/compare-keys.ts';
import { type Batch, migrateBatch } from '../keys/migrate-keys.ts';
import type { Destination } from '../keys/routes.ts';
import { TargetLines } from '../keys/target-lines.ts';
import type { Carrier, Undelivered } from './deliver.ts';
import { StoppingError } from './import-error.ts';
import {
  type DatabaseWork,
  doubtArrival,
  type ImportRun,
  isStopping,
  overwritesAtOnce,
  tellArrived,
} from './import-run.ts';
import { judgeMigrate, judgeTarget } from './judge-refusals.ts';
import { settleKeys } from './settle-keys.ts';
import type { SourceLine } from './source-line.ts';

const NOTHING: Undelivered = { keys: [], why: '' };

export class MigrateCarrier implements Carrier {
  readonly #line: SourceLine;
  readonly #run: ImportRun;
  readonly #work: DatabaseWork;
  readonly #targets: TargetLines;
  /** Copies are looked for first: a MIGRATE that stops at one does not say which keys it has copied before. */
  #looksFirst: boolean;

  /** The line has its database selected. */
  constructor(line: SourceLine, work: DatabaseWork, run: ImportRun) {
    this.#line = line;
    this.#run = run;
    this.#work = work;
    this.#targets = new TargetLines(run.target, work.database.into);
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

  async carry(keys: readonly Key[], to: Destination, batch: Batch): Promise<Undelivered> {
    try {
      return await this.#carry(keys, to, batch);
    } catch (error) {
      if (error instanceof ServerRefusalError) return this.#refusedByTarget(error, keys, to);
      if (!isLostOrGarbled(error) || error.node !== formatAddress(to.address)) throw error;
      this.#targets.drop(to.address);
      return { keys, why: `${error.node}: ${error.message}` };
    }
  }

  /** What is asked there beside the MIGRATE. */
  #refusedByTarget(error: ServerRefusalError, keys: readonly Key[], to: Destination): Undelivered {
    judgeTarget(error, to);
    return turnedAway(keys, error);
  }

  async #carry(keys: readonly Key[], to: Destination, batch: Batch): Promise<Undelivered> {
    const known = new Set(
      this.#looksFirst && !overwritesAtOnce(keys, this.#work, this.#run) ? await this.#knownAt(to, keys) : [],
    );
    const unsettled = known.size > 0 ? await this.#settle([...known], to, batch) : NOTHING;
    const undelivered = await this.#bring(
      keys.filter(key => !known.has(key)),
      to,
      batch,
    );
    const last = undelivered.keys.length > 0 ? undelivered : unsettled;
    return { ...last, keys: [...unsettled.keys, ...undelivered.keys] };
  }

  async #bring(keys: readonly Key[], to: Destination, batch: Batch): Promise<Undelivered> {
    if (keys.length === 0) return NOTHING;
    const answer = await this.#migrate(keys, to, batch, overwritesAtOnce(keys, this.#work, this.#run));
    if (answer === 'gone') return this.#arrived(this.#work.inFlight.movedOf(keys), to);
    if (answer === 'unknown') return this.#arrived(await this.#knownAt(to, keys), to);
    if (answer === 'moved') return this.#arrived(keys, to);
    this.#work.inFlight.mayHaveLeft(keys);
    if (judgeMigrate(answer, to) === 'passes') {
      await this.#work.reach.failed(to, answer, this.#run.target);
      return turnedAway(keys, answer);
    }
    this.#looksFirst = this.#run.copy;
    return this.#settle(keys, to, batch);
  }

  async #knownAt(to: Destination, keys: readonly Key[]): Promise<Key[]> {
    const line = await this.#targets.to(to.address);
    const there = await line.sendAll(keys.map(exists));
    return keys.filter((_, i) => there[i]);
  }

  async #settle(keys: readonly Key[], to: Destination, batch: Batch): Promise<Undelivered> {
    const { copy } = this.#run;
    const line = await this.#targets.to(to.address);
    const compared = await this.#line.insist(source => compareKeys(keys, source, line));
    const ready = await settleKeys(compared, { to, line, work: this.#work }, this.#run);
    const isSame = new Set(compared.same);
    const isLeft = new Set([...compared.same, ...compared.different, ...compared.absent]);
    // What is gone from the source by now has arrived with the MIGRATE that was stopped by another key.
    const arrived = keys.filter(key => (copy && isSame.has(key)) || !isLeft.has(key));
    doubtArrival(arrived, this.#work, this.#run);
    this.#arrived(arrived, to);
    // Where a copy is the same already, there is nothing to do.
    const rest = copy ? ready.filter(key => !isSame.has(key)) : ready;
    if (rest.length > 0) {
      const answer = await this.#migrate(rest, to, batch, true);
      if (answer instanceof ServerRefusalError) {
        judgeMigrate(answer, to);
        return turnedAway([...rest, ...compared.absent], answer);
      }
      this.#arrived(answer === 'unknown' ? await this.#knownAt(to, rest) : rest, to);
    }
    return { keys: compared.absent, why: 'keys were gone for a moment' };
  }

  #arrived(keys: readonly Key[], to: Destination): Undelivered {
    if (keys.length === 0) return NOTHING;
    this.#work.reach.arrived(to);
    tellArrived(keys, to, this.#work, this.#run);
    return NOTHING;
  }

  /** Sent again where the connection is lost: what had arrived by then is gone from the source, or found there. */
  async #migrate(
    keys: readonly Key[],
    to: Destination,
    { bytes = 0 }: Batch,
    replace: boolean,
  ): Promise<'moved' | 'gone' | 'unknown' | ServerRefusalError> {
    const { nowMs, target, limits, copy } = this.#run;
    await this.#keepPace(keys.length, bytes, to);
    const arrival = { host: to.host, port: to.port, database: this.#work.database.into, replace, copy };
    const how = { timeoutMs: limits.timeoutMs, credentials: target.credentials };
    const command = migrateBatch({ keys, bytes }, arrival, how);
    const beganAt = nowMs();
    let attempts = 0;
    const answer = await this.#line.insist(line => {
      attempts++;
      return orRefusal(line.send(command));
    });
    const tookMs = this.#work.turns.end(beganAt, nowMs());
    if (answer instanceof ServerRefusalError) return answer;
    if (bytes === 0) this.#work.batchSize.took(tookMs, keys.length);
    if (attempts > 1 || answer === 'no-keys') doubtArrival(keys, this.#work, this.#run);
    // Of one that was sent twice the first may have moved them: what it was answered is not known. A source that was started
    // again in between may have lost them instead.
    if (attempts > 1) return (await this.#isSameSource()) ? 'moved' : 'unknown';
    return answer === 'no-keys' ? 'gone' : 'moved';
  }

  async #isSameSource(): Promise<boolean> {
    return (await this.#line.insist(line => line.send(runId()))) === this.#work.node.runId;
  }

  async #keepPace(keys: number, bytes: number, to: Destination): Promise<void> {
    const { pace, target } = this.#run;
    const knock = () =>
      Promise.all([this.#line.insist(line => line.send(ping())), target.send(to.address, ping())]);
    await pace.before(keys, { averageBytes: bytes || this.#work.averageBytes }, knock);
    if (isStopping(this.#run)) throw new StoppingError();
  }
}

function turnedAway(keys: readonly Key[], { node, text, kind }: ServerRefusalError): Undelivered {
  return { keys, why: `${node}: ${text}`, ...(kind === 'io-error' && { isOutOfReach: true }) };
}
