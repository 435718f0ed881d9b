/** How many keys each node holds in each of the slots that were asked about. */
import type { NodeId } from './node.ts';
import { type Slot, SlotSet } from './slot-set.ts';
import { type ClusterSnapshot, primariesIn } from './snapshot.ts';

export interface CountedKeys {
  /** Slots without keys are left out. */
  readonly bySlot: ReadonlyMap<Slot, number>;
  /** Keys that the node has and shows in no slot: Redis since 8.4 denies having keys in slots that it does not own. */
  readonly hidden: number;
}

/** Why a node's keys could not be counted. */
export interface UncountedKeys {
  readonly reason: string;
}

export type NodeCensus = CountedKeys | UncountedKeys;

export type Census = ReadonlyMap<NodeId, NodeCensus>;

/** Nothing where they were not counted, or could not be. */
export function countedAt(census: Census, id: NodeId): CountedKeys | undefined {
  const held = census.get(id);
  return held && 'bySlot' in held ? held : undefined;
}

export interface StrayKeys {
  readonly node: NodeId;
  /** Empty where the node does not tell. */
  readonly slots: SlotSet;
  readonly keys: number;
}

/**
 * Keys in slots that their holder neither owns nor imports. Clients are sent elsewhere for them, so nobody reads
 * them, and the next move of such a slot meets them as a conflict.
 */
export function strayKeys(snapshot: ClusterSnapshot, census: Census): StrayKeys[] {
  return primariesIn(snapshot).flatMap(({ id, self, open }) => {
    const held = countedAt(census, id);
    if (!held) return [];
    const stray = [...held.bySlot].filter(([slot]) => !self.slots.has(slot) && !open.importing.has(slot));
    const keys = stray.reduce((sum, [, count]) => sum + count, held.hidden);
    return keys === 0 ? [] : [{ node: id, slots: SlotSet.of(...stray.map(([slot]) => slot)), keys }];
  });
}
