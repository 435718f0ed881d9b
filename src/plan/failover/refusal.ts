/** Why no failover is begun. */
import type { Finding } from '../../topology/finding.ts';
import type { NodeId } from '../../topology/node.ts';
import type { SlotSet } from '../../topology/slot-set.ts';

export interface SignOfLife {
  readonly refused?: 'login' | 'right';
  /** In its own words, or why it was not reached. */
  readonly reason: string;
  readonly heardBy: readonly NodeId[];
}

export type FailoverRefusal =
  | { readonly kind: 'replica-of-nobody'; readonly node: NodeId }
  /** It was, when the plan was made. */
  | { readonly kind: 'not-its-replica'; readonly node: NodeId; readonly primary: NodeId }
  /** Nobody who answers replicates it. */
  | { readonly kind: 'no-replica-answers'; readonly primary: NodeId }
  /** It gets no data now, or its first copy only; nothing that it could wait for. */
  | {
      readonly kind: 'replica-unlinked';
      readonly node: NodeId;
      readonly primary: NodeId;
      readonly syncing: boolean;
    }
  | {
      readonly kind: 'replica-too-far-behind';
      readonly node: NodeId;
      readonly primary: NodeId;
      readonly bytes: number;
      readonly most: number;
    }
  /** A failover without force is a matter between the two. */
  | {
      readonly kind: 'primary-silent';
      readonly node: NodeId;
      readonly primary: NodeId;
      /** It lives all the same: it refuses us, or others hear it. */
      readonly life?: SignOfLife;
    }
  | { readonly kind: 'no-majority'; readonly answering: number; readonly voters: number }
  /** Another replica of the same primary has received more, and the primary cannot give it the rest. */
  | {
      readonly kind: 'sibling-ahead';
      readonly node: NodeId;
      readonly sibling: NodeId;
      readonly bytes: number;
    }
  /** Its copy is not whole, or it was started anew with nothing: all keys of the shard would be lost. */
  | { readonly kind: 'replica-without-data'; readonly node: NodeId; readonly primary: NodeId }
  /** It holds no key at all, where its shard should have about so many. */
  | {
      readonly kind: 'replica-empty';
      readonly node: NodeId;
      readonly primary: NodeId;
      readonly expected: number;
      /** Whose keys say so. */
      readonly by: 'primary' | 'sibling' | 'other-shards';
    }
  /** Slots of the shard are on their way, and the marks of that do not survive. */
  | { readonly kind: 'shard-in-motion'; readonly primary: NodeId; readonly slots: SlotSet }
  /** Something that is no reason against one failover, and against many. */
  | { readonly kind: 'in-doubt'; readonly findings: readonly Finding[] }
  /** A shard whose primary is to be another one, and nobody is fit. */
  | {
      readonly kind: 'nobody-as-wanted';
      readonly primary: NodeId;
      readonly versions: readonly string[];
      readonly hosts: readonly string[];
    };
