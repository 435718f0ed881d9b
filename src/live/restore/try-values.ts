/**
 * Whether a node takes the values of a backup, tried without writing anything: a value whose time is up already is looked
 * at by the server like all others, and then not kept.
 */
import { restorePayload } from '../../rdb/payload.ts';
import { restoreValue } from '../../resp/commands/restore.ts';
import { ServerRefusalError } from '../../resp/errors.ts';
import type { Fleet } from '../../resp/fleet.ts';
import type { Address } from '../../topology/node.ts';
import type { Slot, SlotSet } from '../../topology/slot-set.ts';
import { mayPassSoon, type Persisting, persist } from '../keys/retry-refusals.ts';
import type { CheckedDump } from './check-dump.ts';
import { unusedKey } from './unused-key.ts';

/** One millisecond after 1970 began. */
const LONG_AGO_MS = 1;

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
  waiting: Persisting,
): Promise<Unfit[]> {
  const key = unusedKey(slot => node.slots.has(slot as Slot), 'slotctl:restore:trial:');
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
      const attempt = restoreValue(key, { payload, expiresAtMs: LONG_AGO_MS }, false);
      await persist(() => fleet.send(node.address, attempt), waiting);
    } catch (error) {
      // What passes by itself says nothing of the value.
      if (mayPassSoon(error) || !(error instanceof ServerRefusalError)) throw error;
      unfit.push({ type, rdbVersion, text: error.text });
    }
  }
  return unfit;
}
