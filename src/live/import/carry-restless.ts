/**
 * Keys that clients of the source change all the time, when all others have come: each is tried again, with longer and longer
 * pauses, until it is caught between two changes. What was written to the cluster for those that are not is taken back, since
 * it is older than what the source has, and would stand in the way of the next run.
 */
import { unwatch, watch } from '../../resp/commands/fix.ts';
import { unlink } from '../../resp/commands/import.ts';
import { dump, type Key } from '../../resp/commands/slots.ts';
import type { Lane } from '../../resp/fleet.ts';
import { keySlot } from '../../topology/key-slot.ts';
import { inTransaction } from '../keys/in-transaction.ts';
import { Patience } from '../keys/retry-refusals.ts';
import { sameBody } from '../keys/saved-value.ts';
import { TargetLines } from '../keys/target-lines.ts';
import type { Carrier } from './carrier.ts';
import { deliver } from './deliver.ts';
import { type DatabaseWork, isStopping } from './import-run.ts';
import { waitUnlessStopping } from './waits.ts';

export async function carryRestless({ restless, run }: DatabaseWork, carrier: Carrier): Promise<void> {
  const patience = new Patience(run.nowMs);
  while (restless.size > 0 && !isStopping(run)) {
    const before = restless.size;
    const keys = [...restless.values()];
    restless.clear();
    // Alone, and not in a batch of which one is always changed.
    for (const key of keys) await deliver({ keys: [key] }, carrier, run);
    if (restless.size < before) patience.renew();
    if (restless.size === 0 || patience.isOver) break;
    if (patience.isFresh) run.tell({ kind: 'restless', keys: restless.size });
    await waitUnlessStopping(patience.nextWaitMs(), run.interruptions);
  }
  run.tally.restless += restless.size;
}

/** Unless clients of the cluster have changed it by then. */
export async function takeBack({ overtaken, nameOf, database, run }: DatabaseWork): Promise<void> {
  const lines = new TargetLines(run.target, database.into);
  try {
    for (const [name, payload] of overtaken) {
      const key = nameOf(Buffer.from(name, 'latin1'));
      const owner = run.routes.ownerOf(keySlot(key));
      if (payload && owner) await removeIfSame(key, payload, await lines.to(owner.address));
    }
  } finally {
    lines.close();
  }
}

async function removeIfSame(key: Key, payload: Buffer, line: Lane): Promise<void> {
  const [, there] = await Promise.all([line.send(watch(key)), line.send(dump(key))]);
  if (!there || !sameBody(there, payload)) return line.send(unwatch());
  await inTransaction(line, unlink([key]));
}
