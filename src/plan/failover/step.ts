/** What a plan holds where a replica is to become a primary. */
import type { NodeId } from '../../topology/node.ts';
import type { Refusal } from '../refusal.ts';

/** `graceful`: the primary stops and hands over. `force`: it is not asked, a majority is. `takeover`: nobody is. */
export type FailoverWay = 'graceful' | 'force' | 'takeover';

/** A replica becomes the primary of its shard. */
export type FailoverStep =
  /** Waits until nothing anywhere speaks against it. */
  | {
      readonly kind: 'be-ready';
      readonly node: NodeId;
      readonly primary: NodeId;
      readonly maxLagBytes: number;
    }
  | {
      readonly kind: 'fail-over';
      readonly node: NodeId;
      readonly primary: NodeId;
      readonly way: FailoverWay;
      readonly maxLagBytes: number;
    };

/** What the person should know before saying yes. */
export type FailoverRemark =
  /** Not in step when it takes over: what it has not received by then is gone. */
  | { readonly kind: 'may-lose-writes'; readonly primary: NodeId; readonly node: NodeId }
  /** Nobody is asked, so somebody else may believe otherwise. */
  | { readonly kind: 'without-a-vote'; readonly node: NodeId }
  /** They are to replicate newer servers, whose snapshots they may be unable to read. */
  | { readonly kind: 'older-than-primary'; readonly nodes: readonly NodeId[] }
  /** These do not answer, and hear of the new roles when they are back. */
  | { readonly kind: 'hears-later'; readonly nodes: readonly NodeId[] };

/** Why it did not come to its end. */
export type FailoverProblem =
  /**
   * It was told so many times to become a primary. Where it never was, it has not caught up before, or has no link to
   * its primary on the bus.
   */
  | {
      readonly kind: 'not-promoted';
      readonly node: NodeId;
      readonly way: FailoverWay;
      readonly told: number;
      readonly isDeaf: boolean;
      readonly waitedMs: number;
    }
  /** This was in the way when the time was up. */
  | { readonly kind: 'not-ready'; readonly doubts: readonly Refusal[]; readonly waitedMs: number };
