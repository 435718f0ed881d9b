/** What has become of the node timeout at one node. */
import type { Called } from '../topology/node-order.ts';
import type { OfKind } from '../topology/of-kind.ts';

export interface TimeoutAt {
  readonly node: Called;
  readonly beforeMs?: number;
  /** Absent where it was not to be set, or nobody knows whether it is. */
  readonly nowMs?: number;
  /** Whether it survives a restart; absent where nothing was set. */
  readonly saved?: boolean;
  readonly problem?: TimeoutProblem;
}

/** `message`: in the words of a server, or of the connection to it. */
export type TimeoutProblem =
  | OfKind<'node', { message: string }>
  | OfKind<'no-address'>
  /** It was set, and the node says something else. */
  | OfKind<'other-value', { setMs: number; nowMs?: number }>
  | OfKind<'not-saved', { message: string }>;
