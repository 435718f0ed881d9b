/** One database of one node of the source: its keys are found, put together, and sent on several lanes. */
import type { ImportedDatabase, SourceNode } from '../../plan/import.ts';
import { type Key, memoryUsage } from '../../resp/slot-commands.ts';
import { keySlot } from '../../topology/key-slot.ts';
import { BatchSize } from '../move/batch-size.ts';
import { BIG_BYTES, LARGE_AVERAGE_BYTES, mostBytes, showKey } from '../move/big-keys.ts';
import { MigrateCarrier, Turns } from './carry-by-migrate.ts';
import { HereCarrier } from './carry-through-here.ts';
import { OtherDatabases } from './database-clash.ts';
import { type Carrier, deliver } from './deliver.ts';
import { findKeys } from './find-keys.ts';
import type { ImportRun } from './import-run.ts';
import { type Parcel, Parcels } from './parcels.ts';
import type { Destination } from './routes.ts';
import { SourceLine } from './source-line.ts';

/** One MIGRATE in flight on each: the next is ready when the source has done with the one before. More gain nothing. */
const LANES = 2;
/** Here each waits for one end after the other. */
const LANES_THROUGH_HERE = 4;
/** Values that are on their way through us hold up nobody, and are kept in memory. */
const KEYS_THROUGH_HERE = 256;
const BYTES_THROUGH_HERE = 4 * 1024 * 1024;

export async function importDatabase(
  node: SourceNode,
  database: ImportedDatabase,
  later: readonly number[],
  run: ImportRun,
): Promise<void> {
  const { limits } = run;
  const batch = new BatchSize(limits.firstBatch, limits.maxBlockMs, 0);
  const parcels = new Parcels();
  const turns = new Turns();
  const lanes = run.plan.throughHere ? LANES_THROUGH_HERE : LANES;
  const carriers = Array.from({ length: lanes }, () => carrierFor(node, database, { batch, turns }, run));
  const bySlot = goesBySlot(run);
  const working = carriers.map(async ({ carrier, ready }) => {
    try {
      await ready;
      for (let parcel = await parcels.take(); parcel; parcel = await parcels.take())
        await deliver(parcel, carrier, bySlot, run);
    } catch (error) {
      parcels.drop();
      throw error;
    }
  });
  const feeding = new Feed(node, database.database, later, batch, parcels, run).run();
  // Whatever was begun is seen to its end before anybody hears of a failure.
  const ends = await Promise.allSettled([feeding, ...working]);
  for (const { carrier } of carriers) carrier.close();
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
}

/** What is removed by a node of a cluster, by MIGRATE or in one transaction, is of one slot. */
function goesBySlot({ plan, copy }: ImportRun): boolean {
  return plan.source.cluster !== undefined && !(plan.throughHere && copy);
}

function carrierFor(
  node: SourceNode,
  database: ImportedDatabase,
  pacing: { readonly batch: BatchSize; readonly turns: Turns },
  run: ImportRun,
): { carrier: Carrier; ready: Promise<void> } {
  const line = new SourceLine(node.address, run);
  const carrier = run.plan.throughHere
    ? new HereCarrier(line, database, averageBytesOf(node), run)
    : new MigrateCarrier(line, database, pacing, averageBytesOf(node), run);
  return { carrier, ready: line.select(database.database) };
}

function averageBytesOf({ server: { usedMemoryBytes = 0 }, keyspace }: SourceNode): number {
  const keys = keyspace.reduce((sum, { keys: own }) => sum + own, 0);
  return keys > 0 ? usedMemoryBytes / keys : 0;
}

class Feed {
  readonly #node: SourceNode;
  readonly #database: number;
  readonly #later: OtherDatabases | undefined;
  readonly #batch: BatchSize;
  readonly #parcels: Parcels;
  readonly #run: ImportRun;
  /** By their names as latin1: a scan may find a key twice. */
  readonly #groups = new Map<Destination | undefined, Map<string, Key>>();
  readonly #meter: SourceLine | undefined;
  #mostBytes: Promise<{ bytes: number; nodeTimeoutMs: number }> | undefined;

  constructor(
    node: SourceNode,
    database: number,
    later: readonly number[],
    batch: BatchSize,
    parcels: Parcels,
    run: ImportRun,
  ) {
    this.#node = node;
    this.#database = database;
    this.#later = later.length > 0 ? new OtherDatabases(node, later, run) : undefined;
    this.#batch = batch;
    this.#parcels = parcels;
    this.#run = run;
    // Looking for big ones takes longer than moving the rest where keys are small on average.
    this.#meter = averageBytesOf(node) >= LARGE_AVERAGE_BYTES ? new SourceLine(node.address, run) : undefined;
  }

  async run(): Promise<void> {
    try {
      await this.#meter?.select(this.#database);
      for await (const found of findKeys(this.#node, this.#database, this.#run)) {
        if (this.#run.isStopping() || !(await this.#take(found))) return;
      }
      for (const group of this.#groups.values()) await this.#give(group);
    } catch (error) {
      this.#parcels.drop();
      throw error;
    } finally {
      this.#parcels.close();
      this.#meter?.close();
      this.#later?.close();
    }
  }

  /** False once nobody takes any more. */
  async #take(found: readonly Key[]): Promise<boolean> {
    const { routes } = this.#run;
    const wanted = await this.#withoutBig(await this.#withoutOutvoted(found));
    for (const key of wanted) {
      const to = routes.ownerOf(keySlot(key));
      const group = this.#groups.get(to) ?? new Map<string, Key>();
      this.#groups.set(to, group);
      group.set(key.toString('latin1'), key);
      if (group.size >= this.#mostAtOnce && !(await this.#give(group))) return false;
    }
    // They are all of one slot then.
    if (!goesBySlot(this.#run)) return true;
    for (const group of this.#groups.values()) if (!(await this.#give(group))) return false;
    return true;
  }

  get #mostAtOnce(): number {
    const { plan, pace } = this.#run;
    const averageBytes = averageBytesOf(this.#node);
    const here = Math.max(1, Math.min(KEYS_THROUGH_HERE, Math.floor(BYTES_THROUGH_HERE / averageBytes)));
    const most = plan.throughHere ? here : this.#batch.keys;
    return Math.min(most, pace.mostAtOnce({ averageBytes }));
  }

  async #give(group: Map<string, Key>): Promise<boolean> {
    const keys = [...group.values()];
    group.clear();
    return keys.length === 0 || this.#parcels.give({ keys });
  }

  /** Of several databases the highest wins; what loses stays where it is. */
  async #withoutOutvoted(found: readonly Key[]): Promise<readonly Key[]> {
    if (!this.#later) return found;
    const having = await this.#later.having(found);
    const kept = found.filter((_, i) => having[i]?.length === 0);
    this.#run.tally.outvoted += found.length - kept.length;
    return kept;
  }

  /** Big ones go alone, so that they hold up nobody's small ones. */
  async #withoutBig(found: readonly Key[]): Promise<readonly Key[]> {
    if (!this.#meter || found.length === 0) return found;
    const sizes = await this.#meter.insist(lane => lane.sendAll(found.map(memoryUsage)));
    const small: Key[] = [];
    for (const [i, key] of found.entries()) {
      const bytes = sizes[i] ?? 0;
      if (bytes < BIG_BYTES) small.push(key);
      else await this.#giveAlone(key, bytes);
    }
    return small;
  }

  async #giveAlone(key: Key, bytes: number): Promise<void> {
    const { limits, target, routes, tally, tell } = this.#run;
    const size = `${Math.round(bytes / 1024 / 1024)} MB`;
    const owner = routes.ownerOf(keySlot(key));
    if (!limits.allowBlocking && owner) {
      this.#mostBytes ??= mostBytes(target, owner.address);
      const { bytes: most, nodeTimeoutMs } = await this.#mostBytes;
      if (bytes > most) {
        tally.giants++;
        const text = `${showKey(key)} (${size}) stays at the source: it would hold up both servers for longer than half the node timeout (${nodeTimeoutMs} ms); --allow-blocking takes it all the same`;
        tell({ kind: 'noted', text });
        return;
      }
    }
    tell({ kind: 'noted', text: `importing ${showKey(key)} alone: it takes ${size}` });
    const parcel: Parcel = { keys: [key], bytes };
    await this.#parcels.give(parcel);
  }
}
