/** Who owns which slot, as one node believes it. */
import { SLOT_COUNT } from '../../../src/topology/slot-set.ts';

const BYTES = SLOT_COUNT / 8;

export function hasBit(bits: Uint8Array, slot: number): boolean {
  return ((bits[slot >> 3] ?? 0) & (1 << (slot & 7))) !== 0;
}

/** Slots that stand in one and not in the other. */
export function differences(a: Uint8Array, b: Uint8Array): number[] {
  const slots: number[] = [];
  if (Buffer.compare(a, b) === 0) return slots;
  for (let byte = 0; byte < BYTES; byte++) {
    if (a[byte] === b[byte]) continue;
    for (let slot = 8 * byte; slot < 8 * byte + 8; slot++)
      if (hasBit(a, slot) !== hasBit(b, slot)) slots.push(slot);
  }
  return slots;
}

interface Claim {
  readonly bits: Buffer;
  count: number;
  /** As CLUSTER NODES writes it; made when asked for. */
  text: string | undefined;
}

export class SlotTable {
  readonly #owners = new Array<string | undefined>(SLOT_COUNT).fill(undefined);
  readonly #claims = new Map<string, Claim>();
  #assigned = 0;

  ownerOf(slot: number): string | undefined {
    return this.#owners[slot];
  }

  assign(slot: number, owner: string): void {
    this.release(slot);
    this.#owners[slot] = owner;
    const claim = this.#claims.get(owner) ?? { bits: Buffer.alloc(BYTES), count: 0, text: undefined };
    this.#claims.set(owner, claim);
    claim.bits[slot >> 3] = (claim.bits[slot >> 3] ?? 0) | (1 << (slot & 7));
    claim.count++;
    claim.text = undefined;
    this.#assigned++;
  }

  release(slot: number): void {
    const owner = this.#owners[slot];
    const claim = owner === undefined ? undefined : this.#claims.get(owner);
    if (!claim) return;
    this.#owners[slot] = undefined;
    claim.bits[slot >> 3] = (claim.bits[slot >> 3] ?? 0) & ~(1 << (slot & 7));
    claim.count--;
    claim.text = undefined;
    this.#assigned--;
  }

  releaseAllOf(owner: string): void {
    if (this.countOf(owner) === 0) return;
    for (let slot = 0; slot < SLOT_COUNT; slot++) if (this.#owners[slot] === owner) this.release(slot);
  }

  giveAllOf(owner: string, heir: string): void {
    if (this.countOf(owner) === 0) return;
    for (let slot = 0; slot < SLOT_COUNT; slot++) if (this.#owners[slot] === owner) this.assign(slot, heir);
  }

  clear(): void {
    this.#owners.fill(undefined);
    this.#claims.clear();
    this.#assigned = 0;
  }

  get isComplete(): boolean {
    return this.#assigned === SLOT_COUNT;
  }

  get assigned(): number {
    return this.#assigned;
  }

  countOf(owner: string): number {
    return this.#claims.get(owner)?.count ?? 0;
  }

  get owners(): string[] {
    return [...this.#claims].filter(([, { count }]) => count > 0).map(([owner]) => owner);
  }

  /** Live: whoever keeps them makes a copy. */
  bitsOf(owner: string): Buffer {
    return this.#claims.get(owner)?.bits ?? NO_BITS;
  }

  /** `0-99 200`, and nothing for nobody. */
  textOf(owner: string): string {
    const claim = this.#claims.get(owner);
    if (!claim || claim.count === 0) return '';
    claim.text ??= rangesOf(claim.bits)
      .map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`))
      .join(' ');
    return claim.text;
  }
}

const NO_BITS = Buffer.alloc(BYTES);

function rangesOf(bits: Uint8Array): [first: number, last: number][] {
  const ranges: [number, number][] = [];
  let first = -1;
  for (let slot = 0; slot <= SLOT_COUNT; slot++) {
    // Most bytes go on as the one before has ended.
    if (slot % 8 === 0 && bits[slot >> 3] === (first === -1 ? 0 : 0xff)) {
      slot += 7;
      continue;
    }
    const set = slot < SLOT_COUNT && hasBit(bits, slot);
    if (set && first === -1) first = slot;
    if (set || first === -1) continue;
    ranges.push([first, slot - 1]);
    first = -1;
  }
  return ranges;
}
