/** Why no failover is begun. */
import type { Finding } from '../../topology/finding.ts';
import type { NodeId } from '../../topology/node.ts';
import type { OfKind } from '../../topology/of-kind.ts';
import type { SlotSet } from '../../topology/slot-set.ts';

/** Of a node that gives no answer: it refuses us, or others hear it. */
export interface SignOfLife {
  readonly refused?: 'login' | 'right';
  /** In its own words, or why it was not reached. */
  readonly reason: string;
  readonly heardBy: readonly NodeId[];
}

export type FailoverRefusal =
  | OfKind<'replica-of-nobody', { node: NodeId }>
  /** It was, when the plan was made. */
  | OfKind<'not-its-replica', { node: NodeId; primary: NodeId }>
  /** Nobody who answers replicates it. */
  | OfKind<'no-replica-answers', { primary: NodeId }>
  /** It gets no data now, or its first copy only; nothing that it could wait for. */
  | OfKind<'replica-unlinked', { node: NodeId; primary: NodeId; syncing: boolean }>
  | OfKind<'replica-too-far-behind', { node: NodeId; primary: NodeId; bytes: number; most: number }>
  /** A failover without force is a matter between the two. `life`: it lives all the same. */
  | OfKind<'primary-silent', { node: NodeId; primary: NodeId; life?: SignOfLife }>
  | OfKind<'no-majority', { answering: number; voters: number }>
  /** Another replica of the same primary has received more, and the primary cannot give it the rest. */
  | OfKind<'sibling-ahead', { node: NodeId; sibling: NodeId; bytes: number }>
  /** Its copy is not whole, or it was started anew with nothing: all keys of the shard would be lost. */
  | OfKind<'replica-without-data', { node: NodeId; primary: NodeId }>
  /** It holds no key at all, where its shard should have about so many. `by`: whose keys say so. */
  | OfKind<
      'replica-empty',
      { node: NodeId; primary: NodeId; expected: number; by: 'primary' | 'sibling' | 'other-shards' }
    >
  /** Slots of the shard are on their way, and the marks of that do not survive. */
  | OfKind<'shard-in-motion', { primary: NodeId; slots: SlotSet }>
  /** Something that is no reason against one failover, and against many. */
  | OfKind<'in-doubt', { findings: readonly Finding[] }>
  /** A shard whose primary is to be another one, and nobody is fit. */
  | OfKind<'nobody-as-wanted', { primary: NodeId; versions: readonly string[]; hosts: readonly string[] }>;
