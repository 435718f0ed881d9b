/** Counts keys slot by slot, on many nodes at once. */
import { countKeysInSlot } from '../resp/commands.ts';
import type { Fleet } from '../resp/fleet.ts';
import type { Census } from '../topology/census.ts';
import type { Address, NodeId } from '../topology/node.ts';
import type { Slot, SlotSet } from '../topology/slot-set.ts';

export interface CensusRequest {
  readonly id: NodeId;
  readonly address: Address;
  readonly slots: SlotSet;
}

/**
 * Commands in flight on one connection. All 16384 at once would fill the node's reply buffer for us and hold up its
 * other clients for milliseconds; a few thousand cost four round trips and let others in between.
 */
const BATCH = 4096;

export async function takeCensus(fleet: Fleet, requests: readonly CensusRequest[]): Promise<Census> {
  const counted = await Promise.all(
    requests.map(async ({ id, address, slots }) => {
      const keys = new Map<Slot, number>();
      const all = [...slots];
      for (let from = 0; from < all.length; from += BATCH) {
        const batch = all.slice(from, from + BATCH);
        const counts = await Promise.all(batch.map(slot => fleet.send(address, countKeysInSlot(slot))));
        batch.forEach((slot, i) => {
          const count = counts[i] ?? 0;
          if (count > 0) keys.set(slot, count);
        });
      }
      return [id, keys] as const;
    }),
  );
  return new Map(counted);
}
