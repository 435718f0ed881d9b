/** Keys of every kind in a cluster, and whether they are all still there afterwards. */
import type { Reply } from '../../src/resp/reply.ts';
import { keySlot } from '../../src/topology/key-slot.ts';
import type { TestCluster } from './cluster.ts';
import { nodesAccordingTo } from './cluster.ts';
import type { ServerProcess } from './server-process.ts';

type Words = (string | Buffer)[];

const BINARY = Buffer.from([0, 1, 2, 0x0d, 0x0a, 0xff, 0x7b, 0x7d, 0x80]);

/** What makes a key of each type, with its name. */
const KINDS: readonly ((key: Buffer) => Words[])[] = [
  key => [['SET', key, 'text']],
  key => [['SET', key, BINARY]],
  key => [['SET', key, '1', 'PX', '100000000']],
  key => [['RPUSH', key, 'a', 'b', BINARY]],
  key => [['SADD', key, 'x', 'y']],
  key => [['ZADD', key, '1', 'one', '2', 'two']],
  key => [['HSET', key, 'field', BINARY]],
  key => [
    ['XADD', key, '1-1', 'field', 'value'],
    ['XGROUP', 'CREATE', key, 'group', '0'],
  ],
];

/** And what reads it, in an order that does not depend on the server. */
const READS: readonly ((key: Buffer) => Words)[] = [
  key => ['GET', key],
  key => ['GET', key],
  key => ['GET', key],
  key => ['LRANGE', key, '0', '-1'],
  key => ['SORT', key, 'ALPHA'],
  key => ['ZRANGE', key, '0', '-1', 'WITHSCORES'],
  key => ['HGETALL', key],
  key => ['XINFO', 'STREAM', key, 'FULL'],
];

function shown(reply: Reply): string {
  if (Buffer.isBuffer(reply)) return reply.toString('latin1');
  return Array.isArray(reply) ? `[${(reply as readonly Reply[]).map(shown).join(',')}]` : `${reply}`;
}

/** So many keys of each kind, some with bytes in their names that are no text. */
export async function fill(cluster: TestCluster, ofEach: number): Promise<Buffer[]> {
  return fillWhere(await ownersIn(cluster), ofEach);
}

/** In a server by itself. */
export function fillAlone(server: ServerProcess, ofEach: number): Promise<Buffer[]> {
  return fillWhere(() => server, ofEach);
}

async function fillWhere(owners: (key: Buffer) => ServerProcess, ofEach: number): Promise<Buffer[]> {
  const keys = KINDS.flatMap((_, kind) =>
    Array.from({ length: ofEach }, (__, i) =>
      Buffer.concat([Buffer.from(`${kind}:${i}:`), i % 3 ? Buffer.alloc(0) : BINARY]),
    ),
  );
  const writes = keys.flatMap((key, i) => {
    const make = KINDS[Math.floor(i / ofEach)];
    const owner = owners(key);
    return (make?.(key) ?? []).map(words => owner.send(...words));
  });
  await Promise.all(writes);
  return keys;
}

/** The value of each key as its owner would save it, and whether it has a time to live. */
export async function contents(cluster: TestCluster, keys: readonly Buffer[]): Promise<string[]> {
  return contentsWhere(await ownersIn(cluster), keys);
}

export function contentsAlone(server: ServerProcess, keys: readonly Buffer[]): Promise<string[]> {
  return contentsWhere(() => server, keys);
}

async function contentsWhere(
  owners: (key: Buffer) => ServerProcess,
  keys: readonly Buffer[],
): Promise<string[]> {
  return Promise.all(
    keys.map(async key => {
      const owner = owners(key);
      const kind = Number(key.subarray(0, 1).toString());
      const [value, ttl] = await Promise.all([
        owner.send(...(READS[kind]?.(key) ?? [])),
        owner.send('PTTL', key),
      ]);
      return `${key.toString('latin1')} ${shown(value)} ${Number(ttl) > 0}`;
    }),
  );
}

export async function keyCounts(cluster: TestCluster): Promise<number> {
  const nodes = await nodesAccordingTo(cluster.node(0));
  const primaries = cluster.nodes.filter((_, i) =>
    nodes.some(node => node.id === cluster.member(i).id && node.role === 'primary'),
  );
  const counts = await Promise.all(primaries.map(async node => Number(await node.send('DBSIZE'))));
  return counts.reduce((sum, count) => sum + count, 0);
}

export async function ownersIn(cluster: TestCluster): Promise<(key: Buffer) => ServerProcess> {
  const nodes = await nodesAccordingTo(cluster.node(0));
  return key => {
    const slot = keySlot(key);
    const owner = nodes.find(node => node.role === 'primary' && node.slots.has(slot));
    const position = cluster.members.findIndex(member => member.id === owner?.id);
    return cluster.node(position);
  };
}
