/** How many keys there are in slots: before they move, and when they should be gone. */
import { keyCounts } from '../../resp/commands/cluster.ts';
import type { Fleet } from '../../resp/fleet.ts';
import type { Address } from '../../topology/node.ts';
import { isSince, SLOT_STATS } from '../../topology/releases.ts';
import { type Slot, SlotSet } from '../../topology/slot-set.ts';
import type { NodeView } from '../../topology/snapshot.ts';
import { countInDatabase, countInSlots } from '../look/census.ts';
import { ifTold } from '../look/look-at-node.ts';

/** Slots without keys are left out. */
export type KeyCounts = ReadonlyMap<Slot, number>;

/** In all databases. */
export async function countKeys(fleet: Fleet, view: NodeView, slots: SlotSet): Promise<KeyCounts> {
  const { address, server } = view;
  // A source without any keys is not asked slot by slot; what comes meanwhile is found before a slot is handed over.
  const isEmpty = server.keys === 0 && server.databases.length === 0;
  const wanted = isEmpty ? SlotSet.empty : slots;
  const counted = isSince(server, SLOT_STATS) && (await byRange(fleet, address, wanted));
  return counted || countInSlots(fleet, view, wanted);
}

/** One command for each range; undefined for somebody who may not. */
async function byRange(fleet: Fleet, address: Address, slots: SlotSet): Promise<KeyCounts | undefined> {
  const counts = await ifTold(fleet.sendAll(address, slots.ranges.map(keyCounts)));
  return counts && new Map(counts.flatMap(some => [...some].filter(([, keys]) => keys > 0)));
}

/** Which of them hold keys right now, in any database. */
export async function slotsWithKeys(
  slots: readonly Slot[],
  {
    from,
    databases,
  }: { readonly from: { readonly address: Address }; readonly databases: readonly number[] },
  { fleet }: { readonly fleet: Fleet },
): Promise<Slot[]> {
  const left = new Set<Slot>();
  for (const database of databases) {
    // That the connection is in database 0 is not taken for granted: where the way back was refused, keys would be missed, and
    // deleted with their slot.
    const where = { database, selects: databases.length > 1 };
    const counts = await countInDatabase(fleet, from.address, where, slots);
    for (const [i, slot] of slots.entries()) if (counts[i]) left.add(slot);
  }
  return [...left];
}
