/** What this run has begun by atomic migration, so that it is not taken for somebody else's. */
import type { Migration } from '../../../resp/commands/atomic-migration.ts';
import type { NodeId } from '../../../topology/node.ts';
import type { SlotSet } from '../../../topology/slot-set.ts';
import { Gates } from '../moves-per-node.ts';

/** Which slots go, and between which nodes. */
interface MovedBetween {
  readonly from: { readonly id: NodeId };
  readonly to: { readonly id: NodeId };
  readonly slots: SlotSet;
}

export class OwnMigrations {
  /** For nodes that take part in one move at a time, however many passages may be under way. */
  readonly turns = new Gates(1);
  readonly #moves = new Set<MovedBetween>();

  /** From before it is begun: others that look meanwhile see it, and must know whose it is. */
  async during<T>(move: MovedBetween, work: () => Promise<T>): Promise<T> {
    this.#moves.add(move);
    try {
      return await work();
    } finally {
      this.#moves.delete(move);
    }
  }

  has(migration: Migration): boolean {
    return [...this.#moves].some(move => isOf(migration, move));
  }
}

/** Exactly these slots, between exactly these nodes. */
export function isOf({ source, target, slots }: Migration, move: MovedBetween): boolean {
  return source === move.from.id && target === move.to.id && slots.equals(move.slots);
}
