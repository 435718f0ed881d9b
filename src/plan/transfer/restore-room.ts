/**
 * Whether the nodes of a cluster have room for a backup. One without throws keys away while they come, of the backup or
 * of those that were there; with `noeviction` it refuses them half-way.
 *
 * Model: a key takes what it takes in the file and an overhead, or its share of the memory that the node which saved the
 * file said it used, where that is more: values in files are compressed. Of keys that are there already (by a sample)
 * nothing more comes.
 */
import type { Address } from '../../topology/node.ts';
import type { Slot } from '../../topology/slot-set.ts';
import type { NodeView } from '../../topology/snapshot.ts';
import { type LackOfMemory, lackOfMemory } from '../memory.ts';

/** Entries of tables, headers of objects and strings, what allocators round up. */
const OVERHEAD_BYTES = 80;
/**
 * What a server uses that has no keys: tables of the cluster, connections, the backlog for replicas. A server tells its own; in
 * a file there is only what it used in all.
 */
const EMPTY_SERVER_BYTES = 4 * 1024 * 1024;

/** What one file takes in memory, slot by slot: added to what all of them take. */
export function addMemory(
  total: Float64Array,
  file: { readonly bytes: Float64Array; readonly keys: Float64Array; readonly usedMemoryBytes?: number },
): void {
  let sum = 0;
  for (let slot = 0; slot < total.length; slot++) sum += inMemory(file, slot);
  const used = Math.max(0, (file.usedMemoryBytes ?? 0) - EMPTY_SERVER_BYTES);
  const scale = sum > 0 ? Math.max(1, used / sum) : 0;
  for (let slot = 0; slot < total.length; slot++)
    total[slot] = (total[slot] ?? 0) + scale * inMemory(file, slot);
}

function inMemory(
  { bytes, keys }: { readonly bytes: Float64Array; readonly keys: Float64Array },
  slot: number,
): number {
  return (bytes[slot] ?? 0) + (keys[slot] ?? 0) * OVERHEAD_BYTES;
}

export interface LackOfRoom extends LackOfMemory {
  readonly address: Address;
}

/** `thereAlready`: of the keys that would come to a node the share that it has. */
export function withoutRoom(
  primaries: readonly NodeView[],
  memory: Float64Array,
  thereAlready: (node: NodeView) => number,
): LackOfRoom[] {
  return primaries.flatMap((node): LackOfRoom[] => {
    const { address, self, server } = node;
    if (self.role !== 'primary') return [];
    const all = [...self.slots].reduce((sum, slot: Slot) => sum + (memory[slot] ?? 0), 0);
    const coming = all * (1 - thereAlready(node));
    // Tables that grow are in the overhead of each key.
    const lack = coming > 0 ? lackOfMemory(server, coming) : undefined;
    return lack ? [{ address, ...lack }] : [];
  });
}
