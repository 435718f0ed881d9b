/** What went where, so that it can be counted there, and sent again when a node turns out to have lost it. */
import type { Key } from '../../resp/commands/slots.ts';
import type { NodeId } from '../../topology/node.ts';
import { SLOT_COUNT, type Slot, SlotSet } from '../../topology/slot-set.ts';
import type { SampleKey } from './backup-census.ts';

/** More names of refused keys are not held. */
const MOST_NAMES = 100_000;

export class SentLog {
  /** Keys without a time to live that have to be in a slot. */
  readonly #lasting = new Uint32Array(SLOT_COUNT);
  readonly #slotsOf = new Map<NodeId, Uint8Array>();
  /** How often a node did not take a key, and which keys those are. */
  readonly #refused = new Uint32Array(SLOT_COUNT);
  readonly #refusedNames = new Map<string, number>();

  note(slot: number, node: NodeId, isLasting: boolean): void {
    if (isLasting) this.#lasting[slot] = (this.#lasting[slot] ?? 0) + 1;
    const slots = this.#slotsOf.get(node) ?? new Uint8Array(SLOT_COUNT);
    this.#slotsOf.set(node, slots);
    slots[slot] = 1;
  }

  /** It is nowhere to be counted. */
  refuse(key: SampleKey): void {
    this.#refused[key.slot] = (this.#refused[key.slot] ?? 0) + 1;
    if (this.#refusedNames.size < MOST_NAMES) this.#refusedNames.set(keyId(key), key.slot);
  }

  hasRefused(key: SampleKey): boolean {
    return this.#refusedNames.has(keyId(key));
  }

  get refused(): number {
    return this.#refused.reduce((sum, keys) => sum + keys, 0);
  }

  /** Whether hasRefused() knows all of them. */
  get knowsRefused(): boolean {
    return this.#refusedNames.size < MOST_NAMES;
  }

  /** These are sent again, and counted again. */
  forget(slots: SlotSet): void {
    for (const [name, slot] of this.#refusedNames) if (slots.has(slot)) this.#refusedNames.delete(name);
    for (const slot of slots) {
      this.#refused[slot] = 0;
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

/** A key that is in two files is one key. */
export function keyId({ database, name }: Pick<SampleKey, 'database' | 'name'>): string {
  return `${database} ${name.toString('latin1')}`;
}

export function nameIn(id: string): Key {
  return Buffer.from(id.slice(id.indexOf(' ') + 1), 'latin1');
}
