/** How many keys there are in the slots of a source, before they move. */
import { countKeysInSlot, keyCounts } from '../../resp/commands.ts';
import { ServerRefusalError } from '../../resp/errors.ts';
import type { Fleet } from '../../resp/fleet.ts';
import type { Address } from '../../topology/node.ts';
import { type Slot, SlotSet } from '../../topology/slot-set.ts';
import type { NodeView, ServerFacts } from '../../topology/snapshot.ts';

/** Slots without keys are left out. */
export type KeyCounts = ReadonlyMap<Slot, number>;

export async function countKeys(
  fleet: Fleet,
  { address, server }: NodeView,
  slots: SlotSet,
): Promise<KeyCounts> {
  // A source without any keys is not asked slot by slot; what comes meanwhile is found before a slot is handed over.
  const isEmpty = server.keys === 0 && server.databases.length === 0;
  const wanted = isEmpty ? SlotSet.empty : slots;
  return (hasSlotStats(server) && (await byRange(fleet, address, wanted))) || bySlot(fleet, address, wanted);
}

/** One command for each range; undefined for somebody who may not. */
async function byRange(fleet: Fleet, address: Address, slots: SlotSet): Promise<KeyCounts | undefined> {
  try {
    const commands = slots.ranges.map(keyCounts);
    const counts = await fleet.sendAll(address, commands);
    return new Map(counts.flatMap(some => [...some].filter(([, keys]) => keys > 0)));
  } catch (error) {
    if (error instanceof ServerRefusalError) return undefined;
    throw error;
  }
}

async function bySlot(fleet: Fleet, address: Address, slots: SlotSet): Promise<KeyCounts> {
  const all = [...slots];
  const counts = await fleet.sendAll(address, all.map(countKeysInSlot));
  return new Map(all.map((slot, i) => [slot, counts[i] ?? 0] as const).filter(([, keys]) => keys > 0));
}

function hasSlotStats({ product, release: { major, minor } }: ServerFacts): boolean {
  return product === 'valkey' ? major >= 8 : major > 8 || (major === 8 && minor >= 2);
}
