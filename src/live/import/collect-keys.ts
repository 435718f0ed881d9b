/** Finds the keys of one database of one node of the source, and puts together what goes in one batch. */
import { exists } from '../../resp/commands/fix.ts';
import { type Key, timeToLive } from '../../resp/commands/slots.ts';
import { keySlot } from '../../topology/key-slot.ts';
import { BIG_BYTES, LARGE_AVERAGE_BYTES, mostBytes, showKey, sizesOf } from '../keys/big-keys.ts';
import type { Batch } from '../keys/migrate-keys.ts';
import type { Queue } from '../keys/queue.ts';
import type { Destination } from '../keys/routes.ts';
import { TargetLines } from '../keys/target-lines.ts';
import { OtherDatabases } from './database-clash.ts';
import { findKeys } from './find-keys.ts';
import { type DatabaseWork, goesBySlot, type ImportRun, isStopping, newlyLeft } from './import-run.ts';
import { SourceLine } from './source-line.ts';

/** Values that are on their way through us hold up nobody, and are kept in memory. */
const KEYS_THROUGH_HERE = 256;
const BYTES_THROUGH_HERE = 4 * 1024 * 1024;

export class Feed {
  readonly #work: DatabaseWork;
  readonly #later: OtherDatabases | undefined;
  readonly #batches: Queue<Batch>;
  readonly #run: ImportRun;
  /** No key twice: what is in a group is on its way. */
  readonly #groups = new Map<Destination | undefined, Key[]>();
  /** What keys are measured on. */
  readonly #meter: SourceLine;
  readonly #targets: TargetLines;
  readonly #measuresSize: boolean;
  /** Where none is said to have a time to live, none is asked for it. */
  readonly #measuresTime: boolean;
  #mostBytes: ReturnType<typeof mostBytes> | undefined;

  constructor(work: DatabaseWork, later: readonly number[], batches: Queue<Batch>) {
    const { node, database, averageBytes, run } = work;
    this.#work = work;
    this.#later = later.length > 0 ? new OtherDatabases(node, later, run) : undefined;
    this.#batches = batches;
    this.#run = run;
    // Looking for big ones takes longer than moving the rest where keys are small on average.
    this.#measuresSize = averageBytes >= LARGE_AVERAGE_BYTES;
    this.#measuresTime = node.keyspace.some(
      held => held.database === database.database && held.expires !== 0,
    );
    this.#meter = new SourceLine(node.address, run);
    this.#targets = new TargetLines(run.target, database.into);
  }

  async run(): Promise<void> {
    const { node, database } = this.#work;
    try {
      if (this.#measuresSize || this.#measuresTime) await this.#meter.select(database.database);
      for await (const found of findKeys(node, database.database, this.#run)) {
        if (isStopping(this.#run) || !(await this.#take(found))) return;
      }
      for (const group of this.#groups.values()) await this.#give(group);
    } catch (error) {
      this.#batches.drop();
      throw error;
    } finally {
      this.#batches.close();
      this.#meter.close();
      this.#targets.close();
      this.#later?.close();
    }
  }

  /** False once nobody takes any more. */
  async #take(found: readonly Key[]): Promise<boolean> {
    const { routes } = this.#run;
    const fresh = await this.#withoutArrived(await this.#withoutThoseOnTheirWay(found));
    const wanted = await this.#withoutBig(await this.#withoutOutvoted(fresh));
    for (const key of wanted) {
      const to = routes.ownerOf(keySlot(key));
      const group = this.#groups.get(to) ?? [];
      this.#groups.set(to, group);
      group.push(key);
      if (group.length >= this.#mostAtOnce && !(await this.#give(group))) return false;
    }
    // They are all of one slot then.
    if (!goesBySlot(this.#run)) return true;
    for (const group of this.#groups.values()) if (!(await this.#give(group))) return false;
    return true;
  }

  get #mostAtOnce(): number {
    const { plan, pace } = this.#run;
    const { averageBytes, batchSize } = this.#work;
    const here = Math.max(1, Math.min(KEYS_THROUGH_HERE, Math.floor(BYTES_THROUGH_HERE / averageBytes)));
    const most = plan.throughHere ? here : batchSize.keys;
    return Math.min(most, pace.mostAtOnce({ averageBytes }));
  }

  async #give(group: Key[]): Promise<boolean> {
    const keys = group.splice(0);
    return keys.length === 0 || this.#batches.give({ keys });
  }

  /** And notes how long each may live: one that is missing at the end may have come to its own. */
  async #withoutThoseOnTheirWay(found: readonly Key[]): Promise<readonly Key[]> {
    const { inFlight } = this.#work;
    if (!this.#measuresTime) return inFlight.begin(found, () => Infinity);
    const times = await this.#meter.insist(lane => lane.sendEach(found.map(timeToLive)));
    const now = this.#run.nowMs();
    // Of one that may not be asked for it is not known; if it is missing in the end, that is said.
    return inFlight.begin(found, at => {
      const ttlMs = times[at];
      return typeof ttlMs === 'number' ? now + ttlMs : Infinity;
    });
  }

  /** When all is gone through another time. What a client of the cluster has made of a key since is left alone. */
  async #withoutArrived(found: readonly Key[]): Promise<readonly Key[]> {
    const { earlier, carried, routes } = this.#run;
    if (!earlier) return found;
    const { nameOf, database, inFlight } = this.#work;
    const there = await Promise.all(
      found.map(async key => {
        const name = nameOf(key);
        const owner = routes.ownerOf(keySlot(name));
        const wasCarried =
          carried.has(name, database.into) || (earlier === 'whole' && carried.isUnknown(name));
        if (!owner || !wasCarried) return false;
        // Where nobody answers, it is tried, and that is said.
        const line = await this.#targets.to(owner.address).catch(() => undefined);
        return line ? line.send(exists(name)).catch(() => false) : false;
      }),
    );
    inFlight.end(found.filter((_, at) => there[at]));
    return found.filter((_, at) => !there[at]);
  }

  /** Of several databases the highest wins; what loses stays where it is. */
  async #withoutOutvoted(found: readonly Key[]): Promise<readonly Key[]> {
    if (!this.#later) return found;
    const having = await this.#later.having(found);
    this.#run.tally.outvoted += this.#leave(found.filter((_, i) => having[i]?.length !== 0)).length;
    return found.filter((_, i) => having[i]?.length === 0);
  }

  /** Those that have not been left before. */
  #leave(keys: readonly Key[]): readonly Key[] {
    this.#work.inFlight.end(keys);
    return newlyLeft(keys, this.#work);
  }

  /** Big ones go alone, so that they hold up nobody's small ones. */
  async #withoutBig(found: readonly Key[]): Promise<readonly Key[]> {
    if (!this.#measuresSize || found.length === 0) return found;
    const small: Key[] = [];
    for (const { key, bytes } of await this.#meter.insist(lane => sizesOf(found, lane))) {
      if (bytes < BIG_BYTES) small.push(key);
      else await this.#giveAlone(key, bytes);
    }
    return small;
  }

  async #giveAlone(key: Key, bytes: number): Promise<void> {
    const { limits, target, routes, tally, tell } = this.#run;
    const owner = routes.ownerOf(keySlot(key));
    if (!limits.allowBlocking && owner) {
      this.#mostBytes ??= mostBytes(target, owner.address);
      const { bytes: most, nodeTimeout } = await this.#mostBytes;
      if (bytes > most) {
        if (this.#leave([key]).length === 0) return;
        tally.giants++;
        const note = {
          kind: 'stays-at-source',
          key: showKey(key),
          bytes,
          nodeTimeoutMs: nodeTimeout.ms,
        } as const;
        tell({ kind: 'noted', note });
        return;
      }
    }
    tell({ kind: 'noted', note: { kind: 'imports-alone', key: showKey(key), bytes } });
    await this.#batches.give({ keys: [key], bytes });
  }
}
