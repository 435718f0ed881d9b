/** Moves that the servers themselves have under way, or cannot bring to an end. */
import type { NodeId } from '../../topology/node.ts';
import { SlotSet } from '../../topology/slot-set.ts';
import type { Situation } from './situation.ts';

/** What one end tells of an atomic slot migration. */
export interface Migration {
  /** Who was asked, and who can call it off. */
  readonly node: NodeId;
  /** Redis calls off single ones, by this name; Valkey all that leave a node. */
  readonly name?: string;
  readonly peer?: NodeId;
  readonly slots: SlotSet;
  /** It has failed at least once, and is tried again and again. */
  readonly failing: boolean;
  readonly message: string;
}

/** One that gets on is let go on; nothing can be done to its slots meanwhile. */
export function migrationsLeft(migrations: readonly Migration[]): Situation[] {
  return migrations.map(({ node, name, peer, slots, failing, message }) => ({
    kind: failing ? 'migration-failing' : 'migration-running',
    nodes: peer ? [node, peer] : [node],
    slots,
    keys: 0,
    keysAtOwner: 0,
    detail: message,
    measures: failing
      ? [{ phase: 'cancel', step: { kind: 'cancel-migration', node, ...(name && { name }) } }]
      : [],
    ...(!failing && { obstacle: 'wait' }),
  }));
}

export function slotsOnTheirWay(migrations: readonly Migration[]): SlotSet {
  return SlotSet.union(migrations.filter(({ failing }) => !failing).map(({ slots }) => slots));
}
