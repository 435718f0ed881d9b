/** Shards that have lost most of their keys, which is rarely meant: a node that came back empty looks like that. */
import type { SlotSet } from '../../topology/slot-set.ts';
import type { ClusterSnapshot } from '../../topology/snapshot.ts';
import type { ExpectedDump, SavedDump } from '../files/backup-manifest.ts';

export interface Shrunk {
  /** Since the cluster was first looked at, or since the backup that is in the folder. */
  readonly since: 'first look' | 'last backup';
  /** Who gave the data; absent where it is the whole cluster, whose slots were shared out in another way. */
  readonly address?: string;
  readonly slots?: SlotSet;
  readonly were: number;
  readonly are: number;
}

/** Fewer come and go. All of them are never too few to ask. */
const FEW = 100;

export function hasShrunk(were: number, are: number): boolean {
  return are === 0 ? were > 0 : were >= FEW && 2 * are < were;
}

export function shrunkSinceLook(before: ClusterSnapshot, saved: readonly SavedDump[]): readonly Shrunk[] {
  const keys = new Map<string, number>(before.views.map(({ id, server }) => [id, server.keys ?? 0]));
  return saved.flatMap(dump => {
    const [were, are] = [keys.get(dump.primary) ?? 0, keysOf(dump)];
    if (are === undefined || !hasShrunk(were, are)) return [];
    return [{ since: 'first look', address: dump.address, slots: dump.slots, were, are }];
  });
}

/** Shard by shard where a shard has the slots that one had then, and all together. */
export function shrunkSinceBackup(
  earlier: readonly ExpectedDump[],
  saved: readonly SavedDump[],
): readonly Shrunk[] {
  const known = new Map(earlier.map(dump => [`${dump.slots}`, dump]));
  const shards = saved.flatMap((dump): Shrunk[] => {
    const [were, are] = [known.get(`${dump.slots}`)?.keys ?? 0, keysOf(dump)];
    if (dump.slots.size === 0 || are === undefined || !hasShrunk(were, are)) return [];
    return [{ since: 'last backup', address: dump.address, slots: dump.slots, were, are }];
  });
  if (shards.length > 0 || saved.some(dump => dump.keys === undefined)) return shards;
  const were = earlier.reduce((sum, { keys = 0 }) => sum + keys, 0);
  const are = saved.reduce((sum, dump) => sum + (keysOf(dump) ?? 0), 0);
  return hasShrunk(were, are) ? [{ since: 'last backup', were, are }] : [];
}

/** In all databases; undefined where the file holds what this version cannot read. */
export function keysOf({ keys }: SavedDump): number | undefined {
  return keys && Object.values(keys).reduce((sum, n) => sum + n, 0);
}
