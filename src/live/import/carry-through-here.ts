/**
 * Keys come by way of us: for those that get another name, and for a source that cannot reach the cluster itself. A key is
 * removed from the source when the cluster has it, and only if nobody has changed it since it was read.
 */
import type { Delay } from '../../plan/transfer/import-events.ts';
import { ping } from '../../resp/commands/cluster.ts';
import { restore, type SavedValue, unwatch, watch } from '../../resp/commands/fix.ts';
import { unlink } from '../../resp/commands/import.ts';
import type { Key } from '../../resp/commands/slots.ts';
import { isLostOrGarbled, ServerRefusalError } from '../../resp/errors.ts';
import type { Lane } from '../../resp/fleet.ts';
import { keySlot } from '../../topology/key-slot.ts';
import { formatAddress } from '../../topology/node.ts';
import { compareKeys } from '../keys/compare-keys.ts';
import { inTransaction } from '../keys/in-transaction.ts';
import type { Destination } from '../keys/routes.ts';
import { readAll } from '../keys/saved-value.ts';
import { Carrier, type Undelivered } from './carrier.ts';
import { doubtArrival, overwritesAtOnce, tellArrived } from './import-run.ts';
import { judgeTarget } from './judge-refusals.ts';
import { settleExisting } from './settle-keys.ts';

interface Read {
  readonly key: Key;
  readonly value: SavedValue;
}

/** What the cluster said to the values. */
interface Replies {
  readonly taken: readonly Key[];
  readonly existing: readonly Key[];
  readonly turnedAway: readonly Key[];
  readonly why: Delay;
}

interface Carried extends Undelivered {
  /** The cluster has them, and the source has them in another form, or had one of them. */
  readonly changed: readonly Key[];
}

export class HereCarrier extends Carrier {
  override slotOf(key: Key) {
    return keySlot(this.work.nameOf(key));
  }

  /**
   * Where one of them was changed in the middle of it none is removed, and each half goes once more by itself, so that one hot
   * key does not hold up all others. Those that were changed alone are left for the end.
   */
  override async carry(keys: readonly Key[], to: Destination): Promise<Undelivered | undefined> {
    let undelivered: Undelivered | undefined;
    const portions: (readonly Key[])[] = [keys];
    for (let portion = portions.shift(); portion; portion = portions.shift()) {
      // One that does not answer shows itself in what follows.
      const askTarget = () => this.run.target.send(to.address, ping()).catch(() => {});
      await this.keepPace(portion.length, this.work.averageBytes, askTarget);
      const { changed, ...left } = await this.#carryUnlessLost(portion, to);
      if (left.keys.length > 0) undelivered = { ...left, keys: [...(undelivered?.keys ?? []), ...left.keys] };
      const [only, ...others] = changed;
      if (only && others.length === 0) this.work.restless.set(only.toString('latin1'), only);
      else if (only) portions.unshift(...halvesOf(changed));
    }
    return undelivered;
  }

  async #carryUnlessLost(keys: readonly Key[], to: Destination): Promise<Carried> {
    try {
      return await this.line.insist(source => this.#carry(keys, to, source));
    } catch (error) {
      const isTargets = error instanceof Error && 'node' in error && error.node === formatAddress(to.address);
      if (!isTargets) throw error;
      if (error instanceof ServerRefusalError) judgeTarget(error, to);
      else if (!isLostOrGarbled(error)) throw error;
      this.targets.drop(to.address);
      return { keys, why: saidBy(to, error.message), changed: [] };
    }
  }

  async #carry(keys: readonly Key[], to: Destination, source: Lane): Promise<Carried> {
    const { copy } = this.run;
    const target = await this.targets.to(to.address);
    // Watched before they are read, so that nothing is removed but what was read.
    const [, read] = await Promise.all([
      copy ? undefined : source.send(watch(...keys)),
      readThoseThere(keys, source),
    ]);
    const { taken, existing, turnedAway: refused, why } = await this.#offer(read, target, to);
    const { ready, absent } = await this.#settle(existing, read, source, target, to);
    const arrived = [...taken, ...ready];
    const undelivered = { keys: [...refused, ...absent], why };
    if (copy || (await this.#remove(arrived, source))) {
      this.#arrived([...arrived, ...this.#movedBefore(keys, read)], to);
      return { ...undelivered, changed: [] };
    }
    this.#overtake(arrived, taken, read);
    return { ...undelivered, changed: arrived };
  }

  #arrived(keys: readonly Key[], to: Destination): void {
    tellArrived(keys, to, this.work);
    for (const key of keys) this.work.overtaken.delete(key.toString('latin1'));
  }

  /** Where the answer is lost, they may be gone from the source: then this was why. */
  async #remove(keys: readonly Key[], source: Lane): Promise<boolean> {
    const { inFlight } = this.work;
    inFlight.mayHaveLeft(keys);
    const isDone = await removeAll(keys, source);
    if (!isDone) inFlight.stayed(keys);
    return isDone;
  }

  #movedBefore(keys: readonly Key[], read: readonly Read[]): Key[] {
    const isThere = new Set(read.map(({ key }) => key));
    const moved = this.work.inFlight.movedOf(keys.filter(key => !isThere.has(key)));
    doubtArrival(moved, this.work);
    return moved;
  }

  /** What is written over from then on is our own. Only what was not there before us can be taken back. */
  #overtake(arrived: readonly Key[], taken: readonly Key[], read: readonly Read[]): void {
    const { overtaken } = this.work;
    const isNew = new Set(taken.filter(key => !overwritesAtOnce([key], this.work)));
    const values = new Map(read.map(({ key, value }) => [key, value.payload]));
    for (const key of arrived) {
      const name = key.toString('latin1');
      const mayTakeBack = isNew.has(key) && (!overtaken.has(name) || overtaken.get(name) !== undefined);
      overtaken.set(name, mayTakeBack ? values.get(key) : undefined);
    }
  }

  async #offer(read: readonly Read[], target: Lane, to: Destination): Promise<Replies> {
    const { overtaken, nameOf } = this.work;
    const replies = await target.sendEach(
      read.map(({ key, value }) => {
        const mayOverwrite = overwritesAtOnce([key], this.work) || overtaken.has(key.toString('latin1'));
        return restore(nameOf(key), value, mayOverwrite);
      }),
    );
    const answers = replies.map(reply =>
      reply instanceof ServerRefusalError ? { text: reply.text, verdict: judgeTarget(reply, to) } : undefined,
    );
    const keysWith = (wanted: 'exists' | 'passes' | undefined) =>
      read.filter((_, i) => answers[i]?.verdict === wanted).map(({ key }) => key);
    const passing = answers.find(answer => answer?.verdict === 'passes');
    return {
      taken: keysWith(undefined),
      existing: keysWith('exists'),
      turnedAway: keysWith('passes'),
      why: passing ? saidBy(to, passing.text) : { kind: 'keys-gone' },
    };
  }

  /** `ready`: those of which the cluster has the right value now. `absent`: they were gone there by then. */
  async #settle(
    existing: readonly Key[],
    read: readonly Read[],
    source: Lane,
    target: Lane,
    to: Destination,
  ): Promise<{ readonly ready: readonly Key[]; readonly absent: readonly Key[] }> {
    if (existing.length === 0) return { ready: [], absent: [] };
    const { nameOf } = this.work;
    const compared = await compareKeys(existing, source, target, { nameOf });
    const ready = await settleExisting(compared, to, target, this.work);
    const [isSame, isReady] = [new Set(compared.same), new Set(ready)];
    const toWrite = read.filter(({ key }) => isReady.has(key) && !isSame.has(key));
    await target.sendAll(toWrite.map(({ key, value }) => restore(nameOf(key), value, true)));
    return { ready, absent: compared.absent };
  }
}

function saidBy({ address }: Destination, message: string): Delay {
  return { kind: 'said', node: formatAddress(address), message };
}

function halvesOf(keys: readonly Key[]): (readonly Key[])[] {
  const middle = Math.ceil(keys.length / 2);
  return [keys.slice(0, middle), keys.slice(middle)];
}

/** Without those that are gone. */
async function readThoseThere(keys: readonly Key[], source: Lane): Promise<Read[]> {
  const saved = await readAll(keys, source);
  return keys.flatMap((key, i) => {
    const value = saved[i];
    return value ? [{ key, value }] : [];
  });
}

/** False where somebody has changed one of those that are watched: then none is removed. */
async function removeAll(keys: readonly Key[], source: Lane): Promise<boolean> {
  if (keys.length > 0) return inTransaction(source, unlink(keys));
  await source.send(unwatch());
  return true;
}
