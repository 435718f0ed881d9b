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
import { Carrier, type Undelivered } from './carrier.ts';
import { type DatabaseWork, doubtArrival, overwritesAtOnce, tellArrived } from './import-run.ts';
import { judgeMigrate, judgeTarget } from './judge-refusals.ts';
import { settleExisting } from './settle-keys.ts';

export class MigrateCarrier extends Carrier {
  /** Copies are looked for first: a MIGRATE that stops at one does not say which keys it has copied before. */
  #looksFirst: boolean;

  constructor(work: DatabaseWork) {
    super(work);
    const { plan, copy } = work.run;
    const isEmpty = plan.before.views.every(({ server }) => server.keys === 0);
    this.#looksFirst = copy && !isEmpty;
  }

  override slotOf(key: Key) {
    return keySlot(key);
  }

  override async carry(
    keys: readonly Key[],
    to: Destination,
    batch: Batch,
  ): Promise<Undelivered | undefined> {
    try {
      return await this.#carry(keys, to, batch);
    } catch (error) {
      // Of what is asked there beside the MIGRATE.
      if (error instanceof ServerRefusalError) {
        judgeTarget(error, to);
        return turnedAway(keys, error, to);
      }
      if (!isLostOrGarbled(error) || error.node !== formatAddress(to.address)) throw error;
      this.targets.drop(to.address);
      return { keys, why: { kind: 'said', node: error.node, message: error.message } };
    }
  }

  async #carry(keys: readonly Key[], to: Destination, batch: Batch): Promise<Undelivered | undefined> {
    const looks = this.#looksFirst && !overwritesAtOnce(keys, this.work);
    const known = new Set(looks ? await this.#knownAt(to, keys) : []);
    const unsettled = known.size > 0 ? await this.#settle([...known], to, batch) : undefined;
    const others = keys.filter(key => !known.has(key));
    const undelivered = await this.#bring(others, to, batch);
    if (!unsettled || !undelivered) return undelivered ?? unsettled;
    return { ...undelivered, keys: [...unsettled.keys, ...undelivered.keys] };
  }

  async #bring(keys: readonly Key[], to: Destination, batch: Batch): Promise<Undelivered | undefined> {
    if (keys.length === 0) return undefined;
    const answer = await this.#migrate(keys, to, batch, overwritesAtOnce(keys, this.work));
    if (answer === 'gone') return this.#arrived(this.work.inFlight.movedOf(keys), to);
    if (answer === 'unknown') return this.#arrived(await this.#knownAt(to, keys), to);
    if (answer === 'moved') return this.#arrived(keys, to);
    this.work.inFlight.mayHaveLeft(keys);
    if (judgeMigrate(answer, to) === 'passes') {
      await this.work.reach.failed(to, answer, this.run.target);
      return turnedAway(keys, answer, to);
    }
    this.#looksFirst = this.run.copy;
    return this.#settle(keys, to, batch);
  }

  async #knownAt(to: Destination, keys: readonly Key[]): Promise<Key[]> {
    const line = await this.targets.to(to.address);
    const there = await line.sendAll(keys.map(exists));
    return keys.filter((_, i) => there[i]);
  }

  async #settle(keys: readonly Key[], to: Destination, batch: Batch): Promise<Undelivered | undefined> {
    const { copy } = this.run;
    const line = await this.targets.to(to.address);
    const compared = await this.line.insist(source => compareKeys(keys, source, line));
    const ready = await settleExisting(compared, to, line, this.work);
    const isSame = new Set(compared.same);
    const isLeft = new Set([...compared.same, ...compared.different, ...compared.absent]);
    // What is gone from the source by now has arrived with the MIGRATE that was stopped by another key.
    const arrived = keys.filter(key => (copy && isSame.has(key)) || !isLeft.has(key));
    doubtArrival(arrived, this.work);
    this.#arrived(arrived, to);
    // Where a copy is the same already, there is nothing to do.
    const rest = copy ? ready.filter(key => !isSame.has(key)) : ready;
    if (rest.length > 0) {
      const answer = await this.#migrate(rest, to, batch, true);
      if (answer instanceof ServerRefusalError) {
        judgeMigrate(answer, to);
        return turnedAway([...rest, ...compared.absent], answer, to);
      }
      this.#arrived(answer === 'unknown' ? await this.#knownAt(to, rest) : rest, to);
    }
    return compared.absent.length > 0 ? { keys: compared.absent, why: { kind: 'keys-gone' } } : undefined;
  }

  #arrived(keys: readonly Key[], to: Destination): undefined {
    if (keys.length === 0) return;
    this.work.reach.arrived(to);
    tellArrived(keys, to, this.work);
  }

  /** Sent again where the connection is lost: what had arrived by then is gone from the source, or found there. */
  async #migrate(
    keys: readonly Key[],
    to: Destination,
    { bytes = 0 }: Batch,
    replace: boolean,
  ): Promise<'moved' | 'gone' | 'unknown' | ServerRefusalError> {
    const { nowMs, target, limits, copy } = this.run;
    const averageBytes = bytes || this.work.averageBytes;
    await this.keepPace(keys.length, averageBytes, () => target.send(to.address, ping()));
    const arrival = { host: to.host, port: to.port, database: this.work.database.into, replace, copy };
    const how = { timeoutMs: limits.timeoutMs, credentials: target.credentials };
    const command = migrateBatch({ keys, bytes }, arrival, how);
    const beganAt = nowMs();
    let attempts = 0;
    const answer = await this.line.insist(line => {
      attempts++;
      return orRefusal(line.send(command));
    });
    const tookMs = this.work.turns.end(beganAt, nowMs());
    if (answer instanceof ServerRefusalError) return answer;
    if (bytes === 0) this.work.batchSize.took(tookMs, keys.length);
    if (attempts > 1 || answer === 'no-keys') doubtArrival(keys, this.work);
    // Of one that was sent twice the first may have moved them: what it was answered is not known. A source that was started
    // again in between may have lost them instead.
    if (attempts > 1) return (await this.#isSameSource()) ? 'moved' : 'unknown';
    return answer === 'no-keys' ? 'gone' : 'moved';
  }

  async #isSameSource(): Promise<boolean> {
    return (await this.line.insist(line => line.send(runId()))) === this.work.node.runId;
  }
}

function turnedAway(
  keys: readonly Key[],
  { node, text, kind }: ServerRefusalError,
  to: Destination,
): Undelivered {
  const why = { kind: 'said', node, message: text } as const;
  return { keys, why, ...(kind === 'io-error' && { outOfReach: to }) };
}
