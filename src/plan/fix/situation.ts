/**
 * What `fix` finds a cluster in, and what is done about it. It holds what its sentences need: how a cluster gets there, what is
 * done, what could be lost.
 */
import type { NodeId } from '../../topology/node.ts';
import { SlotSet } from '../../topology/slot-set.ts';
import type { ClusterSnapshot } from '../../topology/snapshot.ts';
import type { Measure } from './phases.ts';
import type { SituationKind } from './situation-kinds.ts';

/** Why nothing is done about it now. */
export type Obstacle =
  /** --cluster-fix-with-unreachable-masters does it all the same. */
  | 'unreachable-owner'
  /** We cannot reach a node that the others hear well: it is no dead one. */
  | 'still-heard'
  /** It answered, and would not talk to us: it lives. */
  | 'refused-us'
  /** Nobody who answers has the keys, and somebody who lives and does not answer us may. */
  | 'copy-out-of-reach'
  /** A replica of nobody has keys, and nobody owns the slots that they may be in. */
  | 'stranded-copy'
  /** A node that is down would take the slots, without their keys, when it comes back. */
  | 'may-return'
  /** Nobody can. */
  | 'no-remedy'
  /** It passes, or somebody else is at it. */
  | 'wait'
  /** The next round does it, by what this one brings to light. */
  | 'later'
  /** Keys cannot move while the cluster is down, and it stays down until something else is mended. */
  | 'cluster-down'
  /** The keys of a node that takes part could not be counted. */
  | 'uncounted'
  /** The keys would not fit within the maxmemory of the node that they belong to. */
  | 'no-room';

export interface Situation {
  readonly kind: SituationKind;
  readonly slots: SlotSet;
  /** In the order in which the sentences of the kind name them. */
  readonly nodes: readonly NodeId[];
  /** Keys that are not where they belong, as far as they were counted. */
  readonly keys: number;
  /** Keys in these slots that are where they belong. */
  readonly keysAtOwner: number;
  readonly measures: readonly Measure[];
  readonly obstacle?: Obstacle;
  /** What only the kind itself understands: an error message of a server, or what is special about these slots. */
  readonly detail?: string;
}

/** About no slots and no keys, and nothing is done about it, unless it says otherwise. */
export function situation(
  kind: SituationKind,
  nodes: readonly NodeId[],
  facts: Partial<Omit<Situation, 'kind' | 'nodes'>> = {},
): Situation {
  return { kind, nodes, slots: SlotSet.empty, keys: 0, keysAtOwner: 0, measures: [], ...facts };
}

/** Everybody whose slots or role others may have to hear of. */
export function concernedBy(situations: readonly Situation[], { views }: ClusterSnapshot): NodeId[] {
  const named = new Set(situations.filter(({ obstacle }) => !obstacle).flatMap(({ nodes }) => nodes));
  return views.map(({ id }) => id).filter(id => named.has(id));
}
