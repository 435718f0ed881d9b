/** What comes of the keys of a backup on their way into a cluster. */
import type { Address, NodeId } from '../../topology/node.ts';
import type { OfKind } from '../../topology/of-kind.ts';
import { type Alarm, changeOf } from '../../topology/server-changes.ts';
import { SlotSet } from '../../topology/slot-set.ts';
import { type ClusterSnapshot, type NodeView, viewOf } from '../../topology/snapshot.ts';

export type RestoreEvent =
  /** So many bytes of all files have been read, and so many keys sent. */
  | OfKind<'read', { bytes: number; of: number; restored: number }>
  /** The key is there with another value, and is left as it is. */
  | OfKind<'exists', { key: Buffer; database: number }>
  /** The node does not take the value. */
  | OfKind<'refused', { key: Buffer; database: number; problem: string }>
  | OfKind<'library', { node: string; name: string; outcome: LibraryOutcome }>;

/** Nodes that had keys of the backup, and may not have them any more. */
export interface RestoreDoubts {
  /** What was sent to them, or all that they own where that is not known. */
  readonly slots: SlotSet;
  readonly nodes: readonly NodeId[];
}

/**
 * In doubt is what was sent to a node that was started again since it was first looked at, does not answer, or is no
 * primary any more: of what it had said yes to, who took over need not have all. Where slots have moved on from a primary
 * that is one still, the keys went with them.
 */
export function restoreDoubts(
  sent: ReadonlyMap<NodeId, SlotSet>,
  first: ReadonlyMap<NodeId, NodeView>,
  now: ClusterSnapshot,
): RestoreDoubts {
  const doubtful = [...sent].filter(([id, slots]) => {
    if (slots.size === 0) return false;
    const [then, view] = [first.get(id), viewOf(now, id)];
    if (view?.self.role !== 'primary') return true;
    return then !== undefined && changeOf(then, view.server)?.kind === 'restarted';
  });
  return {
    slots: SlotSet.union(doubtful.map(([, slots]) => slots)),
    nodes: doubtful.map(([id]) => id),
  };
}

/** Why it stops. What has arrived has arrived. */
export type RestoreProblem =
  /** No node took them; and the last reason, where there is one. */
  | OfKind<
      'untaken',
      { keys: number; waitedMs: number; trouble?: { node: string; message: string } | undefined }
    >
  /** A node evicts, or has no room for more. */
  | OfKind<'alarm', { alarm: Exclude<Alarm, { kind: 'restarted' }> }>
  /** It is at its limit, and refuses what comes. */
  | OfKind<'full', { at: Address }>;

/** Why a value that had been kept was not put back. */
export type PutBackFailure =
  | OfKind<'no-owner', { slot: number }>
  | OfKind<'node', { node: string; message: string }>;

/** Why a file of a backup is not restored. `message`: what its format has wrong, or what is not known of it. */
export type DumpDamage =
  | OfKind<'format', { message: string }>
  | OfKind<'unreadable', { message: string }>
  | OfKind<'size', { bytes: number; saved: number }>
  | OfKind<'keys', { keys: number; saved: number }>
  /** It is not the one that was saved. */
  | OfKind<'sha256'>;

/** `differs`: another one of that name is there, and stays. */
export type LibraryOutcome = 'loaded' | 'there' | 'differs';

export interface RestoreTally {
  restored: number;
  /** Their time was up before they could be restored. */
  expired: number;
  /** With the same value. */
  same: number;
  /** With another one, which stays. */
  existing: number;
  refused: number;
}

export function noTally(): RestoreTally {
  return { restored: 0, expired: 0, same: 0, existing: 0, refused: 0 };
}

/** All keys that have been dealt with in one way or another. */
export function dealtWith({ restored, expired, same, existing, refused }: RestoreTally): number {
  return restored + expired + same + existing + refused;
}

/** `refused`: after what was in doubt was sent again; a node that has taken over may take less than its primary, or more. */
export function lastTally(tally: RestoreTally, refused: number): RestoreTally {
  const restored = Math.max(0, tally.restored + tally.refused - refused);
  return { ...tally, restored, refused };
}
