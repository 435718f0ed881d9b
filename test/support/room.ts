/** Nodes that have little room: how much of it is set, and keys are counted by a client of our own. */
import type { TestCluster } from './cluster.ts';
import type { ServerProcess } from './server-process.ts';
import { keyIn, type Range } from './slot-keys.ts';

async function field(server: ServerProcess, section: string, name: string): Promise<number> {
  return Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(await server.text('INFO', section))?.[1]);
}

/** With a limit so far above what it uses now. */
export async function limitMemory(server: ServerProcess, policy: string, roomBytes: number): Promise<void> {
  const limit = (await field(server, 'memory', 'used_memory')) + roomBytes;
  await server.send('CONFIG', 'SET', 'maxmemory-policy', policy);
  await server.send('CONFIG', 'SET', 'maxmemory', `${limit}`);
}

export function evictedKeys(server: ServerProcess): Promise<number> {
  return field(server, 'stats', 'evicted_keys');
}

export interface Load extends Range {
  readonly ofEach: number;
  readonly bytes: number;
  /** Such keys are what volatile policies evict. */
  readonly ttlSeconds?: number;
}

/** Keys of one size in each of the slots, which the node owns; how many. */
export async function loadSlots(
  cluster: TestCluster,
  position: number,
  { first, last, ofEach, bytes, ttlSeconds }: Load,
): Promise<number> {
  const value = 'v'.repeat(bytes);
  const expiry = ttlSeconds === undefined ? [] : ['EX', `${ttlSeconds}`];
  const writes: Promise<unknown>[] = [];
  for (let slot = first; slot <= last; slot++)
    for (let i = 0; i < ofEach; i++)
      writes.push(cluster.node(position).send('SET', keyIn(slot, `k${i}`), value, ...expiry));
  await Promise.all(writes);
  return writes.length;
}
