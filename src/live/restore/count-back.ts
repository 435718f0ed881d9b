/**
 * Whether what was restored is there: by slots for all of it, and key by key for a sample, since clients that write to the
 * same slots make up in number for what is lost. Where either gives rise to doubt, every key of those slots is asked for.
 * Keys with a time to live are left out: they may have gone in the meantime by right.
 */
import { RdbWalker } from '../../rdb/walker.ts';
import type { Key } from '../../resp/commands/slots.ts';
import { isRefused } from '../../resp/errors.ts';
import type { Fleet } from '../../resp/fleet.ts';
import { keySlot } from '../../topology/key-slot.ts';
import { type Slot, SlotSet } from '../../topology/slot-set.ts';
import { type ClusterSnapshot, coveredSlots } from '../../topology/snapshot.ts';
import type { Routes } from '../keys/routes.ts';
import { takeCensus } from '../look/census.ts';
import { absentKeys } from './absent-keys.ts';
import type { SampleKey } from './backup-census.ts';
import { piecesOf } from './read-backup.ts';
import type { CheckedBackup } from './restore-backup.ts';
import { keyId, nameIn, type SentLog } from './sent-log.ts';

/** So many are asked for at a time; more of them are not held. */
const KEYS_AT_A_TIME = 20_000;
const MOST_EXAMPLES = 5;

export interface CountedBack {
  /** Without those that no node took. */
  readonly missing: number;
  readonly examples: readonly Key[];
  /** Why something could not be counted or asked for, where a server has said it. */
  readonly uncounted: ReadonlySet<string | undefined>;
}

export interface ToCount {
  readonly folder: string;
  readonly backup: CheckedBackup;
  readonly routes: Routes;
  readonly log: SentLog;
}

export async function countBack(
  fleet: Fleet,
  now: ClusterSnapshot,
  { folder, backup, routes, log }: ToCount,
): Promise<CountedBack> {
  const { short, lacking, uncounted } = await countSlots(fleet, now, log);
  try {
    const samples = backup.census.samples.filter(
      sample => log.lastingIn(sample.slot as Slot) > 0 && !log.hasRefused(sample),
    );
    const { absent, unasked } = await absentKeys(fleet, routes, samples);
    const doubtful = [...absent, ...unasked].map(({ slot }) => slot);
    const slots = SlotSet.union([short, SlotSet.of(...doubtful)]);
    if (slots.size === 0) return { missing: 0, examples: [], uncounted };
    return { ...(await askForAll(fleet, { folder, backup, routes, log }, slots)), uncounted };
  } catch (error) {
    if (!isRefused(error, 'no-permission')) throw error;
    return { missing: lacking, examples: [], uncounted: uncounted.add(error.message) };
  }
}

interface CountedSlots {
  /** With fewer keys than they should have. */
  readonly short: SlotSet;
  readonly lacking: number;
  readonly uncounted: Set<string | undefined>;
}

async function countSlots(fleet: Fleet, now: ClusterSnapshot, log: SentLog): Promise<CountedSlots> {
  const wanted = log.slots;
  const unowned = wanted.without(coveredSlots(now));
  const requests = now.views.flatMap(view => {
    if (view.self.role !== 'primary') return [];
    const slots = view.self.slots.intersect(wanted);
    return slots.size > 0 ? [{ view, slots }] : [];
  });
  const census = await takeCensus(fleet, requests);
  const short: number[] = [...unowned];
  let lacking = [...unowned].reduce((sum, slot) => sum + log.lastingIn(slot), 0);
  const uncounted = new Set<string | undefined>();
  for (const { view, slots } of requests) {
    const counts = census.get(view.id);
    if (!counts || 'reason' in counts) {
      uncounted.add(counts?.reason);
      continue;
    }
    for (const slot of slots) {
      const less = log.lastingIn(slot) - (counts.bySlot.get(slot) ?? 0);
      if (less <= 0) continue;
      short.push(slot);
      lacking += less;
    }
  }
  return { short: SlotSet.of(...short), lacking, uncounted };
}

async function askForAll(
  fleet: Fleet,
  { folder, backup, routes, log }: ToCount,
  slots: SlotSet,
): Promise<Omit<CountedBack, 'uncounted'>> {
  const absent = new Set<string>();
  const waiting = new Map<string, SampleKey>();
  const ask = async () => {
    const asked = await absentKeys(fleet, routes, [...waiting.values()]);
    for (const key of [...asked.absent, ...asked.unasked]) absent.add(keyId(key));
    waiting.clear();
  };
  for (const { file } of backup.dumps) {
    const walker = new RdbWalker({
      key: ({ database, key, expiresAtMs }) => {
        const slot = keySlot(key);
        if (expiresAtMs !== undefined || !slots.has(slot)) return;
        const own = { database, slot, name: Buffer.from(key) };
        if (!log.hasRefused(own)) waiting.set(keyId(own), own);
      },
    });
    for await (const piece of piecesOf(folder, file)) {
      walker.push(piece);
      if (waiting.size >= KEYS_AT_A_TIME) await ask();
    }
    await ask();
  }
  const examples = [...absent].slice(0, MOST_EXAMPLES);
  return { missing: absent.size, examples: examples.map(nameIn) };
}
