/**
 * The ceiling of the classic way: nothing but MIGRATEs of keys whose names are known, on two connections to the source,
 * one in flight on each. Opening the slots and handing them over is not timed.
 */

import { assignSlot, importing, migrate, migrating } from '../../src/resp/commands/slots.ts';
import { Connection } from '../../src/resp/connection.ts';
import type { ServerProcess } from '../../test/support/server-process.ts';
import { type FilledCluster, keyNames, movingSlots } from './filled-cluster.ts';

const CONNECTIONS = 2;
const TIMEOUT_MS = 60_000;
const SETTINGS = { connectTimeoutMs: 10_000, replyTimeoutMs: TIMEOUT_MS };

/** Milliseconds. */
export async function migrateAlone({ cluster, moveCase }: FilledCluster): Promise<number> {
  const [from, to] = [cluster.member(0), cluster.member(1)];
  const slots = [...movingSlots(cluster, moveCase).lowest];
  const target = connect(cluster.node(1));
  const sources = Array.from({ length: CONNECTIONS }, () => connect(cluster.node(0)));
  const [source] = sources;
  if (!source) throw new RangeError('no connection to the source');
  try {
    await Promise.all(slots.map(slot => target.send(importing(slot, from.id))));
    await Promise.all(slots.map(slot => source.send(migrating(slot, to.id))));
    const batches = slots.map(slot =>
      migrate({
        host: to.host,
        port: to.port,
        database: 0,
        keys: keyNames(moveCase, slot).map(key => Buffer.from(key)),
        timeoutMs: TIMEOUT_MS,
        replace: false,
      }),
    );
    // Both are connected before the clock runs.
    await Promise.all(sources.map(connection => connection.send({ args: ['PING'], decode: () => true })));
    const startedAt = performance.now();
    await Promise.all(
      sources.map(async connection => {
        for (let batch = batches.pop(); batch; batch = batches.pop()) await connection.send(batch);
      }),
    );
    const tookMs = performance.now() - startedAt;
    for (const node of [cluster.node(1), cluster.node(0), ...cluster.nodes.slice(2)]) {
      const told = connect(node);
      await Promise.all(slots.map(slot => told.send(assignSlot(slot, to.id)))).finally(() => told.close());
    }
    return tookMs;
  } finally {
    for (const connection of [target, ...sources]) connection.close();
  }
}

function connect({ address, setup }: ServerProcess): Connection {
  return new Connection(address, { kind: 'tcp', host: setup.host, port: setup.port }, SETTINGS);
}
