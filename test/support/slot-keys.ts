/** Keys by slot: in which one they are to be is chosen, and counted is where they are. */
import { keySlot } from '../../src/topology/key-slot.ts';
import { SLOT_COUNT } from '../../src/topology/slot-set.ts';
import { nodesAccordingTo, type TestCluster } from './cluster.ts';

const tags: string[] = [];
for (let i = 0, left = SLOT_COUNT; left > 0; i++) {
  const slot = keySlot(Buffer.from(`${i}`));
  if (tags[slot] !== undefined) continue;
  tags[slot] = `${i}`;
  left--;
}

/** A key that is in the slot. */
export function keyIn(slot: number, name: string): string {
  return `{${tags[slot]}}${name}`;
}

export interface Range {
  readonly first: number;
  readonly last: number;
}

/** So many strings in each of the slots, which all belong to the node. Returns how many keys that are. */
export async function fillSlots(
  cluster: TestCluster,
  position: number,
  { first, last }: Range,
  ofEach: number,
): Promise<number> {
  const writes: Promise<unknown>[] = [];
  for (let slot = first; slot <= last; slot++)
    for (let i = 0; i < ofEach; i++)
      writes.push(cluster.node(position).send('SET', keyIn(slot, `k${i}`), 'value'));
  await Promise.all(writes);
  return writes.length;
}

/** Keys of all databases. */
export async function keysPerNode(cluster: TestCluster): Promise<number[]> {
  return Promise.all(
    cluster.nodes.map(async node => {
      const keyspace = await node.text('INFO', 'keyspace');
      return [...keyspace.matchAll(/^db\d+:keys=(\d+)/gm)].reduce((sum, [, keys]) => sum + Number(keys), 0);
    }),
  );
}

/** What its owner says of each key that is a string. */
export async function values(cluster: TestCluster, keys: readonly string[]): Promise<string[]> {
  const nodes = await nodesAccordingTo(cluster.node(0));
  return Promise.all(
    keys.map(async key => {
      const slot = keySlot(Buffer.from(key));
      const owner = nodes.find(node => node.role === 'primary' && node.slots.has(slot));
      const position = cluster.members.findIndex(member => member.id === owner?.id);
      return `${await cluster.node(position).send('GET', key)}`;
    }),
  );
}
