/** What went where, so that it can be counted there, and sent again when a node turns out to have lost it. */
import type { NodeId } from '../../topology/node.ts';
import { SLOT_COUNT, type Slot, SlotSet } from '../../topology/slot-set.ts';

export class SentLog {
  /** Keys without a time to live that have to be in a slot. */
  readonly #lasting = new Uint32Array(SLOT_COUNT);
  readonly #slotsOf = new Map<NodeId, Uint8Array>();

  note(slot: number, node: NodeId | undefined, isLasting: boolean): void {
    if (isLasting) this.#lasting[slot] = (this.#lasting[slot] ?? 0) + 1;
    if (node === undefined) return;
    const slots = this.#slotsOf.get(node) ?? new Uint8Array(SLOT_COUNT);
    this.#slotsOf.set(node, slots);
    slots[slot] = 1;
  }

  /** These are sent again, and counted again. */
  forget(slots: SlotSet): void {
    for (const slot of slots) {
      this.#lasting[slot] = 0;
      for (const of of this.#slotsOf.values()) of[slot] = 0;
    }
  }

  lastingIn(slot: Slot): number {
    return this.#lasting[slot] ?? 0;
  }

  get sent(): Map<NodeId, SlotSet> {
    return new Map([...this.#slotsOf].map(([id, slots]) => [id, slotsWhere(slots)] as const));
  }

  /** Those in which something has to be. */
  get slots(): SlotSet {
    return slotsWhere(this.#lasting);
  }
}

function slotsWhere(marks: Uint8Array | Uint32Array): SlotSet {
  const slots: number[] = [];
  for (let slot = 0; slot < marks.length; slot++) if (marks[slot]) slots.push(slot);
  return SlotSet.of(...slots);
}
