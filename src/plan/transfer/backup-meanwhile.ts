/** What happened in a cluster while it was backed up, and leaves the dumps without keys, or with those of another shard. */
import { type Census, countedAt } from '../../topology/census.ts';
import { formatAddress, type NodeId, slotsOf } from '../../topology/node.ts';
import { type Doubt, doubtsBetween } from '../../topology/server-changes.ts';
import { type Slot, SlotSet } from '../../topology/slot-set.ts';
import { type ClusterSnapshot, primariesIn, viewOf } from '../../topology/snapshot.ts';
import type { BackupSource } from './backup.ts';

/** Slots that have another owner than before, or another one's share: then the dumps may both lack a key, or both have it. */
export function slotsMovedMeanwhile(before: ClusterSnapshot, after: ClusterSnapshot): SlotSet {
  // Shares and not owners: after a failover somebody else has the same share.
  const shares = (snapshot: ClusterSnapshot) =>
    new Map(snapshot.views.map(({ self }) => slotsOf(self)).map(slots => [`${slots}`, slots] as const));
  const [were, are] = [shares(before), shares(after)];
  return SlotSet.union([...are].filter(([share]) => !were.has(share)).map(([, slots]) => slots));
}

export type Restarted = Extract<Doubt, { kind: 'restarted' }>;

/** Sources, and those for whom they give their data: a replica copies what its primary has come back with. */
export function restartedSources(
  sources: readonly BackupSource[],
  before: ClusterSnapshot,
  now: ClusterSnapshot,
): readonly Restarted[] {
  const nodes = new Set(sources.flatMap(({ id, primary }) => [id, primary]));
  return doubtsBetween(before, now, nodes).filter(doubt => doubt.kind === 'restarted');
}

export interface GrownEpoch {
  readonly node: NodeId;
  readonly was: number;
  readonly is: number;
}

/**
 * Primaries, then as now, that have another config epoch: slots have come to them. A slot that went and came back has
 * everybody own what they owned before; but who gets one takes an epoch above all others, unless it has that already, so
 * on the way there or on the way back one has grown. Who took over from its primary has another epoch by right.
 */
export function grownEpochs(before: ClusterSnapshot, now: ClusterSnapshot): readonly GrownEpoch[] {
  return primariesIn(now).flatMap(({ id, self }) => {
    const then = viewOf(before, id)?.self;
    if (then?.role !== 'primary' || then.configEpoch === self.configEpoch) return [];
    return [{ node: id, was: then.configEpoch, is: self.configEpoch }];
  });
}

/** Slots that are open now and were not, or not in this way. One may be closed again before the last look. */
export function slotsOpenedMeanwhile(before: ClusterSnapshot, now: ClusterSnapshot): SlotSet {
  const were = openEnds(before);
  return SlotSet.of(...[...openEnds(now)].filter(([end]) => !were.has(end)).map(([, slot]) => slot));
}

function openEnds({ views }: ClusterSnapshot): Map<string, Slot> {
  return new Map(
    views.flatMap(({ id, open }) => [
      ...[...open.migrating].map(([slot, other]) => [`${id} ${slot} to ${other}`, slot] as const),
      ...[...open.importing].map(([slot, other]) => [`${id} ${slot} from ${other}`, slot] as const),
    ]),
  );
}

export interface Look {
  readonly snapshot: ClusterSnapshot;
  /** Keys in open slots, at those who import them. */
  readonly arrived: Census;
}

/**
 * Open slots of which keys may have gone from a node that had not given its data to one that had: those that were opened or
 * closed meanwhile, and those where keys arrived. Of a slot that was left open, and moves no more, nothing is missing.
 */
export function slotsOnTheWay(before: Look, after: Look): SlotSet {
  const [were, are] = [openIn(before), openIn(after)];
  const began = [...are].filter(([end, { keys }]) => keys > (were.get(end)?.keys ?? -1));
  const ended = [...were].filter(([end]) => !are.has(end));
  return SlotSet.of(...[...began, ...ended].map(([, { slot }]) => slot));
}

/** By the slot and the end that says so. */
function openIn({ snapshot, arrived }: Look): Map<string, { readonly slot: Slot; readonly keys: number }> {
  return new Map(
    snapshot.views.flatMap(({ id, open }) => {
      const counted = countedAt(arrived, id)?.bySlot;
      return [
        ...[...open.migrating.keys()].map(slot => [`from ${id} ${slot}`, { slot, keys: 0 }] as const),
        ...[...open.importing.keys()].map(
          slot => [`to ${id} ${slot}`, { slot, keys: counted?.get(slot) ?? 0 }] as const,
        ),
      ];
    }),
  );
}

/** Those who may have given the data of another shard, or of another node, than was meant. */
export function strayedSources(
  sources: readonly BackupSource[],
  snapshot: ClusterSnapshot,
): readonly BackupSource[] {
  const shareOf = (primary: NodeId) => {
    const view = viewOf(snapshot, primary);
    return view && `${slotsOf(view.self)}`;
  };
  return sources.filter(({ id, address, role, primary, slots }) => {
    const now = viewOf(snapshot, id);
    if (!now) return false;
    if (formatAddress(now.address) !== formatAddress(address)) return true;
    if (role !== 'replica' || now.self.role !== 'replica' || now.self.primary === primary) return false;
    // After a failover it follows another node, with the same share.
    return !now.self.primary || shareOf(now.self.primary) !== `${slots}`;
  });
}
