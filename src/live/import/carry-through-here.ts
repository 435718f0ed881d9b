/**
 * Keys come by way of us: for those that get another name, and for a source that cannot reach the cluster itself. A key is
 * removed from the source when the cluster has it, and only if nobody has changed it since it was read.
 */
import { multi, ping, queued } from '../../resp/commands.ts';
import { ServerRefusalError } from '../../resp/errors.ts';
import type { Lane } from '../../resp/fleet.ts';
import { unlink, watchAll } from '../../resp/import-commands.ts';
import { execUnlessChanged, restore, type SavedValue, unwatch } from '../../resp/mending-commands.ts';
import { dump, type Key, timeToLive } from '../../resp/slot-commands.ts';
import { keySlot } from '../../topology/key-slot.ts';
import { formatAddress } from '../../topology/node.ts';
import { TargetLines } from '../target-lines.ts';
import { compareKeys } from './compare-keys.ts';
import type { Carrier, Undelivered } from './deliver.ts';
import { type ImportRun, tellArrived } from './import-run.ts';
import type { Parcel } from './parcels.ts';
import { isLost, judgeTarget } from './refusals.ts';
import type { Destination } from './routes.ts';
import { settleKeys } from './settle-keys.ts';
import type { SourceLine } from './source-line.ts';

interface Read {
  readonly key: Key;
  readonly value: SavedValue;
}

/** What the cluster said to the values. */
interface Answered {
  readonly taken: readonly Key[];
  readonly existing: readonly Key[];
  readonly turnedAway: readonly Key[];
  readonly why: string;
}

export class HereCarrier implements Carrier {
  readonly #line: SourceLine;
  readonly #run: ImportRun;
  readonly #database: { readonly database: number; readonly into: number };
  readonly #averageBytes: number;
  readonly #prefix: Buffer;
  readonly #targets: TargetLines;
  /** What was written for the parcel, and then changed at the source. */
  #written: { readonly parcel: Parcel | undefined; readonly keys: Set<Key> } = {
    parcel: undefined,
    keys: new Set(),
  };

  /** The line has its database selected. */
  constructor(
    line: SourceLine,
    database: { readonly database: number; readonly into: number; readonly prefix: string },
    averageBytes: number,
    run: ImportRun,
  ) {
    this.#line = line;
    this.#run = run;
    this.#database = database;
    this.#averageBytes = averageBytes;
    this.#prefix = Buffer.from(database.prefix);
    this.#targets = new TargetLines(run.target, database.into);
  }

  slotOf(key: Key) {
    return keySlot(this.#nameOf(key));
  }

  close(): void {
    this.#line.close();
    this.#targets.close();
  }

  async carry(keys: readonly Key[], to: Destination, parcel: Parcel): Promise<Undelivered> {
    if (this.#written.parcel !== parcel) this.#written = { parcel, keys: new Set() };
    // After a key was changed in the middle of it, each goes alone, so that one hot key does not hold up all others.
    const portions = this.#written.keys.size > 0 ? keys.map(key => [key]) : [keys];
    const again: Key[] = [];
    let why = '';
    for (const portion of portions) {
      await this.#keepPace(portion, to);
      const undelivered = await this.#carryUnlessLost(portion, to);
      again.push(...undelivered.keys);
      if (undelivered.keys.length > 0) why = undelivered.why;
    }
    return { keys: again, why };
  }

  #keepPace(keys: readonly Key[], to: Destination): Promise<void> {
    const { pace, target } = this.#run;
    const knock = () =>
      Promise.all([
        this.#line.insist(line => line.send(ping())),
        // One that does not answer shows itself in what follows.
        target.send(to.address, ping()).catch(() => {}),
      ]);
    return pace.before(keys.length, { averageBytes: this.#averageBytes }, knock);
  }

  async #carryUnlessLost(keys: readonly Key[], to: Destination): Promise<Undelivered> {
    try {
      return await this.#line.insist(source => this.#carry(keys, to, source));
    } catch (error) {
      const isTargets = error instanceof Error && 'node' in error && error.node === formatAddress(to.address);
      if (!isTargets) throw error;
      if (error instanceof ServerRefusalError) judgeTarget(error.text, to);
      else if (!isLost(error)) throw error;
      this.#targets.drop(to.address);
      return { keys, why: `${formatAddress(to.address)}: ${error.message}` };
    }
  }

  async #carry(keys: readonly Key[], to: Destination, source: Lane): Promise<Undelivered> {
    const { copy } = this.#run;
    const target = await this.#targets.to(to.address);
    // Watched before they are read, so that nothing is removed but what was read.
    const [, read] = await Promise.all([
      copy ? undefined : source.send(watchAll(keys)),
      readAll(keys, source),
    ]);
    const { taken, existing, turnedAway: refused, why } = await this.#offer(read, target, to);
    const { ready, absent } = await this.#settle(existing, read, source, target, to);
    const arrived = [...taken, ...ready];
    const turnedAway = [...refused, ...absent];
    if (!copy && !(await removeAll(arrived, source))) {
      for (const key of arrived) this.#written.keys.add(key);
      return { keys: [...arrived, ...turnedAway], why: 'keys were changed at the source just then' };
    }
    tellArrived(arrived, to, this.#run);
    return { keys: turnedAway, why };
  }

  async #offer(read: readonly Read[], target: Lane, to: Destination): Promise<Answered> {
    const { replace, rescue } = this.#run;
    const replies = await target.sendEach(
      read.map(({ key, value }) => {
        const mayOverwrite = (replace && !rescue) || this.#written.keys.has(key);
        return restore(this.#nameOf(key), value, mayOverwrite);
      }),
    );
    const answers = replies.map(reply =>
      reply instanceof ServerRefusalError
        ? { text: reply.text, verdict: judgeTarget(reply.text, to) }
        : undefined,
    );
    const keysWith = (wanted: 'exists' | 'passes' | undefined) =>
      read.filter((_, i) => answers[i]?.verdict === wanted).map(({ key }) => key);
    const passing = answers.find(answer => answer?.verdict === 'passes');
    return {
      taken: keysWith(undefined),
      existing: keysWith('exists'),
      turnedAway: keysWith('passes'),
      why: `${formatAddress(to.address)}: ${passing?.text ?? ''}`,
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
    const nameOf = (key: Key) => this.#nameOf(key);
    const compared = await compareKeys(existing, source, target, nameOf);
    const ready = await settleKeys(compared, { to, line: target, ...this.#database, nameOf }, this.#run);
    const [isSame, isReady] = [new Set(compared.same), new Set(ready)];
    const toWrite = read.filter(({ key }) => isReady.has(key) && !isSame.has(key));
    await target.sendAll(toWrite.map(({ key, value }) => restore(nameOf(key), value, true)));
    return { ready, absent: compared.absent };
  }

  #nameOf(key: Key): Key {
    return this.#prefix.length === 0 ? key : Buffer.concat([this.#prefix, key]);
  }
}

/** Without those that are gone. */
async function readAll(keys: readonly Key[], source: Lane): Promise<Read[]> {
  const [payloads, ttls] = await Promise.all([
    source.sendAll(keys.map(dump)),
    source.sendAll(keys.map(timeToLive)),
  ]);
  return keys.flatMap((key, i) => {
    const [payload, ttlMs] = [payloads[i], ttls[i]];
    return payload ? [{ key, value: { payload, ...(ttlMs !== undefined && { ttlMs }) } }] : [];
  });
}

/** False where somebody has changed one of those that are watched: then none is removed. */
async function removeAll(keys: readonly Key[], source: Lane): Promise<boolean> {
  if (keys.length === 0) {
    await source.send(unwatch());
    return true;
  }
  const queueing = [multi(), queued(unlink(keys))].map(command => source.send(command));
  const [isDone] = await Promise.all([source.send(execUnlessChanged()), ...queueing]);
  return isDone;
}
