/** What is in all files of a backup, slot by slot: what it takes in memory, and a key of each slot to ask for. */
import { addMemory } from '../../plan/transfer/restore-room.ts';
import type { KeyFacts } from '../../rdb/listener.ts';
import type { Key } from '../../resp/commands/slots.ts';
import { keySlot } from '../../topology/key-slot.ts';
import { SLOT_COUNT } from '../../topology/slot-set.ts';

export interface SampleKey {
  readonly database: number;
  readonly slot: number;
  readonly name: Key;
}

/** Longer ones would make the sample large. */
const LONGEST_SAMPLE = 1024;

export class BackupCensus {
  readonly memory = new Float64Array(SLOT_COUNT);
  /** One key of each slot, each as likely as any other of that slot. Only of those that stay. */
  readonly #samples: (SampleKey | undefined)[] = [];
  readonly #seen = new Uint32Array(SLOT_COUNT);
  /** Of the file at hand. */
  readonly #bytes = new Float64Array(SLOT_COUNT);
  readonly #keys = new Float64Array(SLOT_COUNT);

  note({ database, key, bytes, expiresAtMs }: KeyFacts): void {
    const slot = keySlot(key);
    this.#bytes[slot] = (this.#bytes[slot] ?? 0) + bytes;
    this.#keys[slot] = (this.#keys[slot] ?? 0) + 1;
    if (expiresAtMs !== undefined || key.length > LONGEST_SAMPLE) return;
    const seen = (this.#seen[slot] ?? 0) + 1;
    this.#seen[slot] = seen;
    if (seen === 1 || Math.random() * seen < 1)
      this.#samples[slot] = { database, slot, name: Buffer.from(key) };
  }

  endFile(usedMemoryBytes: number | undefined): void {
    const file = { bytes: this.#bytes, keys: this.#keys };
    addMemory(this.memory, { ...file, ...(usedMemoryBytes !== undefined && { usedMemoryBytes }) });
    this.#bytes.fill(0);
    this.#keys.fill(0);
  }

  get samples(): readonly SampleKey[] {
    return this.#samples.flatMap(sample => sample ?? []);
  }
}
