/** What has become of the node timeout at one node. */
import type { Called } from '../topology/node-order.ts';

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
  | { readonly kind: 'node'; readonly message: string }
  | { readonly kind: 'no-address' }
  /** It was set, and the node says something else. */
  | { readonly kind: 'other-value'; readonly setMs: number; readonly nowMs?: number }
  | { readonly kind: 'not-saved'; readonly message: string };
