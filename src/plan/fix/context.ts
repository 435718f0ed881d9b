/** What all rules of `fix` look at, beside the slots that they are about. */
import type { Census } from '../../topology/census.ts';
import type { NodeId } from '../../topology/node.ts';
import type { Obstacle } from './situation.ts';

/** Who is in whose place, where nodes have failed over or are down. */
export interface Succession {
  /** The primary of a node that is a replica now; else itself. */
  readonly successorOf: (id: NodeId) => NodeId;
  /** A primary that does not answer, and whose slots others have. */
  readonly isReplaced: (id: NodeId) => boolean;
  /**
   * Whether slots that leave this node may be taken by one that is down. Valkey since 8.0 has whoever imports a slot take
   * it over, in a new epoch, as soon as it hears that the node which it comes from owns it no more; whoever owns it then
   * deletes its keys. An old target that comes back still has its marks, until it hears that it is a replica.
   */
  readonly mayReclaim: (source: NodeId) => boolean;
}

export interface FixContext extends Succession {
  /** Primaries that answer. */
  readonly primaries: ReadonlySet<NodeId>;
  /** Everybody who answers. */
  readonly answering: ReadonlySet<NodeId>;
  readonly census: Census;
  /** Whether the person accepts what nodes that do not answer may hold. */
  readonly withUnreachable: boolean;
  /** Why a node that does not answer is not to be given up even so. */
  readonly standingFor: (id: NodeId) => Obstacle | undefined;
}
