/** Moves that the servers themselves have under way, or cannot bring to an end. */
import type { NodeId } from '../../topology/node.ts';
import { SlotSet } from '../../topology/slot-set.ts';
import { type Situation, situation } from './situation.ts';

/** What one end tells of an atomic slot migration. */
export interface NodeMigration {
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
export function migrationsLeft(migrations: readonly NodeMigration[]): Situation[] {
  return migrations.map(({ node, name, peer, slots, failing, message: detail }) => {
    const nodes = peer ? [node, peer] : [node];
    if (!failing) return situation('migration-running', nodes, { slots, detail, obstacle: 'wait' });
    const step = { kind: 'cancel-migration', node, ...(name && { name }) } as const;
    return situation('migration-failing', nodes, { slots, detail, measures: [{ phase: 'cancel', step }] });
  });
}

export function slotsOnTheirWay(migrations: readonly NodeMigration[]): SlotSet {
  return SlotSet.union(migrations.filter(({ failing }) => !failing).map(({ slots }) => slots));
}
