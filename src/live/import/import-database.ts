/** One database of one node of the source: its keys are found, put together, and sent on several lanes. */
import type { ImportedDatabase, SourceNode } from '../../plan/transfer/import.ts';
import type { Key } from '../../resp/commands/slots.ts';
import { BatchSize } from '../keys/batch-size.ts';
import type { Batch } from '../keys/migrate-keys.ts';
import { Queue } from '../keys/queue.ts';
import { MigrateCarrier } from './carry-by-migrate.ts';
import { carryRestless, takeBack } from './carry-restless.ts';
import { HereCarrier } from './carry-through-here.ts';
import { Feed } from './collect-keys.ts';
import { deliver } from './deliver.ts';
import { type DatabaseWork, type ImportRun, isStopping, Turns } from './import-run.ts';
import { InFlight } from './in-flight.ts';
import { Reach } from './source-reach.ts';

/** One MIGRATE in flight on each: the next is ready when the source has done with the one before. More gain nothing. */
const LANES = 2;
/** Here each waits for one end after the other. */
const LANES_THROUGH_HERE = 4;
/** Some, so that no lane waits, and not too many, so that memory stays small. */
const MOST_WAITING = 2;

export async function importDatabase(
  node: SourceNode,
  database: ImportedDatabase,
  later: readonly number[],
  run: ImportRun,
): Promise<void> {
  const work = workOf(node, database, run);
  const batches = new Queue<Batch>(MOST_WAITING);
  const lanes = run.plan.throughHere ? LANES_THROUGH_HERE : LANES;
  const begin = () => (run.plan.throughHere ? new HereCarrier(work) : new MigrateCarrier(work));
  const carriers = Array.from({ length: lanes }, begin);
  const [first] = carriers;
  const working = carriers.map(async carrier => {
    try {
      await carrier.begin();
      for (let batch = await batches.take(); batch; batch = await batches.take()) {
        // What nobody has begun with stays where it is.
        if (isStopping(run)) return batches.drop();
        await deliver(batch, carrier, run);
        work.inFlight.end(withoutRestless(batch.keys, work));
      }
    } catch (error) {
      batches.drop();
      throw error;
    }
  });
  const feeding = new Feed(work, later, batches).run();
  try {
    // Whatever was begun is seen to its end before anybody hears of a failure.
    const ends = await Promise.allSettled([feeding, ...working]);
    for (const end of ends) if (end.status === 'rejected') throw end.reason;
    if (first) await carryRestless(work, first);
  } finally {
    for (const carrier of carriers) carrier.close();
    if (work.overtaken.size > 0) await takeBack(work);
  }
}

function withoutRestless(keys: readonly Key[], { restless }: DatabaseWork): readonly Key[] {
  return restless.size === 0 ? keys : keys.filter(key => !restless.has(key.toString('latin1')));
}

function workOf(node: SourceNode, database: ImportedDatabase, run: ImportRun): DatabaseWork {
  const { limits } = run;
  const prefix = Buffer.from(database.prefix);
  return {
    run,
    node,
    database,
    averageBytes: averageBytesOf(node),
    batchSize: new BatchSize(limits.firstBatch, limits.maxBlockMs, 0),
    turns: new Turns(),
    inFlight: new InFlight(),
    reach: new Reach(),
    overtaken: new Map(),
    restless: new Map(),
    nameOf: key => (prefix.length === 0 ? key : Buffer.concat([prefix, key])),
  };
}

function averageBytesOf({ server: { usedMemoryBytes = 0 }, keyspace }: SourceNode): number {
  const keys = keyspace.reduce((sum, { keys: own }) => sum + own, 0);
  return keys > 0 ? usedMemoryBytes / keys : 0;
}
