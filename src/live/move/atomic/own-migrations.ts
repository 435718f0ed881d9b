/** What this run has begun by atomic migration, so that it is not taken for somebody else's. */
import type { Migration } from '../../../resp/commands/atomic-migration.ts';
import type { NodeId } from '../../../topology/node.ts';
import type { SlotSet } from '../../../topology/slot-set.ts';
import { Gates } from '../gates.ts';

interface Route {
  readonly from: { readonly id: NodeId };
  readonly to: { readonly id: NodeId };
  readonly slots: SlotSet;
}

export class OwnMigrations {
  /** For nodes that take part in one move at a time, however many passages may be under way. */
  readonly turns = new Gates(1);
  readonly #routes = new Set<Route>();

  /** From before it is begun: others that look meanwhile see it, and must know whose it is. */
  async during<T>(route: Route, work: () => Promise<T>): Promise<T> {
    this.#routes.add(route);
    try {
      return await work();
    } finally {
      this.#routes.delete(route);
    }
  }

  has(migration: Migration): boolean {
    return [...this.#routes].some(route => isOf(migration, route));
  }
}

/** Exactly these slots, between exactly these nodes. */
export function isOf({ source, target, slots }: Migration, route: Route): boolean {
  return source === route.from.id && target === route.to.id && slots.equals(route.slots);
}
