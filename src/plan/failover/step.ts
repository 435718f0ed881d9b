/** What a plan holds where a replica is to become a primary. */
import type { NodeId } from '../../topology/node.ts';
import type { OfKind } from '../../topology/of-kind.ts';
import type { Refusal } from '../refusal.ts';

/** `graceful`: the primary stops and hands over. `force`: it is not asked, a majority is. `takeover`: nobody is. */
export type FailoverWay = 'graceful' | 'force' | 'takeover';

/** A replica becomes the primary of its shard. */
export type FailoverStep =
  /** Waits until nothing anywhere speaks against it. */
  | OfKind<'be-ready', { node: NodeId; primary: NodeId; maxLagBytes: number }>
  | OfKind<'fail-over', { node: NodeId; primary: NodeId; way: FailoverWay; maxLagBytes: number }>;

/** What the person should know before saying yes. */
export type FailoverRemark =
  /** Not in step when it takes over: what it has not received by then is gone. */
  | OfKind<'may-lose-writes', { primary: NodeId; node: NodeId }>
  /** Nobody is asked, so somebody else may believe otherwise. */
  | OfKind<'without-a-vote', { node: NodeId }>
  /** They are to replicate newer servers, whose snapshots they may be unable to read. */
  | OfKind<'older-than-primary', { nodes: readonly NodeId[] }>
  /** These do not answer, and hear of the new roles when they are back. */
  | OfKind<'hears-later', { nodes: readonly NodeId[] }>;

/** Why it did not come to its end. */
export type FailoverProblem =
  /**
   * It was told so many times to become a primary. Where it never was, it has not caught up before, or has no link to
   * its primary on the bus.
   */
  | OfKind<
      'not-promoted',
      { node: NodeId; way: FailoverWay; told: number; isDeaf: boolean; waitedMs: number }
    >
  /** This was in the way when the time was up. */
  | OfKind<'not-ready', { doubts: readonly Refusal[]; waitedMs: number }>;
