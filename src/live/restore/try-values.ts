/**
 * Whether a node takes the values of a backup, tried without writing anything: a value whose time is up already is looked
 * at by the server like all others, and then not kept.
 */
import { restorePayload } from '../../rdb/payload.ts';
import { ServerRefusalError } from '../../resp/errors.ts';
import type { Fleet } from '../../resp/fleet.ts';
import { restoreValue } from '../../resp/restore-commands.ts';
import { keySlot } from '../../topology/key-slot.ts';
import type { Address } from '../../topology/node.ts';
import { SLOT_COUNT, type SlotSet } from '../../topology/slot-set.ts';
import type { CheckedDump } from './check-dump.ts';

/** One millisecond after 1970 began. */
const LONG_AGO_MS = 1;
/** A node with a single slot is found by so many tries, as good as always. */
const MOST_TRIES = 64 * SLOT_COUNT;

export interface Unfit {
  readonly type: number;
  readonly rdbVersion: number;
  /** The server's own words. */
  readonly text: string;
}

/** What the node refuses; nothing, where it takes all. */
export async function tryValues(
  fleet: Fleet,
  node: { readonly address: Address; readonly slots: SlotSet },
  dumps: readonly CheckedDump[],
): Promise<Unfit[]> {
  const key = unusedKey(node.slots);
  if (!key) return [];
  const trials = new Map(
    dumps.flatMap(({ rdbVersion, samples }) =>
      samples.map(({ type, value }) => [`${rdbVersion}:${type}`, { type, rdbVersion, value }] as const),
    ),
  );
  const unfit: Unfit[] = [];
  for (const { type, rdbVersion, value } of trials.values()) {
    const payload = restorePayload(type, value, rdbVersion);
    try {
      await fleet.send(node.address, restoreValue(key, { payload, expiresAtMs: LONG_AGO_MS }, false));
    } catch (error) {
      if (!(error instanceof ServerRefusalError)) throw error;
      unfit.push({ type, rdbVersion, text: error.text });
    }
  }
  return unfit;
}

function unusedKey(slots: SlotSet): Buffer | undefined {
  for (let i = 0; i < MOST_TRIES; i++) {
    const key = Buffer.from(`slotctl:restore:trial:${i}`);
    if (slots.has(keySlot(key))) return key;
  }
  return undefined;
}
