/** Counts keys slot by slot, on many nodes at once. */
import { countKeysInSlot, dbsize, keysInOwnSlots, select } from '../../resp/commands/cluster.ts';
import { NodeError } from '../../resp/errors.ts';
import type { Fleet } from '../../resp/fleet.ts';
import type { Census, NodeCensus } from '../../topology/census.ts';
import type { Address } from '../../topology/node.ts';
import { isSince, SLOT_STATS } from '../../topology/releases.ts';
import { type Slot, SlotSet } from '../../topology/slot-set.ts';
import type { ClusterSnapshot, NodeView, ServerFacts } from '../../topology/snapshot.ts';

export interface CensusRequest {
  readonly view: NodeView;
  readonly slots: SlotSet;
}

/**
 * Commands in flight on one connection. All 16384 at once would fill the node's reply buffer for us and hold up its
 * other clients for milliseconds; a few thousand cost four round trips and let others in between.
 */
const BATCH = 4096;

export async function takeCensus(fleet: Fleet, requests: readonly CensusRequest[]): Promise<Census> {
  const counted = await Promise.all(
    requests.map(async request => [request.view.id, await countOnNode(fleet, request)] as const),
  );
  return new Map(counted);
}

/** A node that cannot be counted is no reason to know nothing of the others. */
async function countOnNode(fleet: Fleet, { view, slots }: CensusRequest): Promise<NodeCensus> {
  try {
    const bySlot = await countInSlots(fleet, view, slots);
    return { bySlot, hidden: hidesForeignKeys(view.server) ? await countForeign(fleet, view) : 0 };
  } catch (error) {
    if (!(error instanceof NodeError)) throw error;
    return { reason: error.message };
  }
}

/** Also in slots that the node does not own, of which its statistics tell nothing. Slots without keys are left out. */
export async function countInSlots(
  fleet: Fleet,
  view: NodeView,
  slots: SlotSet,
): Promise<ReadonlyMap<Slot, number>> {
  const bySlot = new Map<Slot, number>();
  const all = [...slots];
  // Counts are per database. Only Valkey 9 lets a cluster have more than database 0.
  for (const database of new Set([0, ...view.server.databases]))
    for (let from = 0; from < all.length; from += BATCH) {
      const batch = all.slice(from, from + BATCH);
      const where = { database, selects: database !== 0 };
      const counts = await countInDatabase(fleet, view.address, where, batch);
      for (const [i, slot] of batch.entries())
        if (counts[i]) bySlot.set(slot, (bySlot.get(slot) ?? 0) + counts[i]);
    }
  return bySlot;
}

/** `selects`: whether the connection may be in another one. It is left in database 0, where everybody expects it. */
export async function countInDatabase(
  fleet: Fleet,
  address: Address,
  { database, selects }: { readonly database: number; readonly selects: boolean },
  slots: readonly Slot[],
): Promise<number[]> {
  const selected = selects ? [fleet.send(address, select(database))] : [];
  const counting = fleet.sendAll(address, slots.map(countKeysInSlot));
  const restored = database === 0 ? [] : [fleet.send(address, select(0))];
  const [counts] = await Promise.all([counting, ...selected, ...restored]);
  return counts;
}

/** How many keys of open slots those have who import them. */
export function countArrivals(fleet: Fleet, { views }: ClusterSnapshot): Promise<Census> {
  const getting = views.filter(({ open }) => open.importing.size > 0);
  return takeCensus(
    fleet,
    getting.map(view => ({ view, slots: SlotSet.of(...view.open.importing.keys()) })),
  );
}

/** Redis 8.4 and later answer 0 for the keys in slots that they do not own; Valkey tells. */
export function hidesForeignKeys(server: ServerFacts): boolean {
  return isSince(server, { redis: [8, 4] });
}

/** All keys less those in slots that the node owns or imports, in one transaction so that no write comes between. */
export async function countForeign(fleet: Fleet, { address, self, open, server }: NodeView): Promise<number> {
  const own = self.role === 'primary' ? self.slots : SlotSet.empty;
  const shown = SlotSet.of(...open.importing.keys()).without(own);
  const counting = isSince(server, SLOT_STATS) ? [keysInOwnSlots()] : [...own].map(countKeysInSlot);
  const asked = [dbsize(), ...counting, ...[...shown].map(countKeysInSlot)];
  const [all = 0, ...counts] = await fleet.transact(address, asked);
  return Math.max(
    0,
    counts.reduce((left, count) => left - count, all),
  );
}
