/** Why something is not done. A refusal is a value: all of them are told at once, with what overrides them. */
import type { Finding } from '../topology/finding.ts';
import type { Address, NodeId } from '../topology/node.ts';
import type { WrongAddress } from '../topology/proof-of-life.ts';
import type { SlotSet } from '../topology/slot-set.ts';
import type { Product } from '../topology/snapshot.ts';
import type { FailoverRefusal } from './failover/refusal.ts';
import type { SituationKind } from './fix/situation-kinds.ts';

export type Refusal =
  | FailoverRefusal
  // A node that is to join
  | {
      readonly kind: 'silent';
      readonly node: Address;
      readonly reason: string;
      readonly hasNoCluster?: boolean;
    }
  | { readonly kind: 'same-node'; readonly nodes: readonly Address[] }
  | { readonly kind: 'knows-others'; readonly node: Address; readonly others: number }
  | { readonly kind: 'holds-keys'; readonly node: Address; readonly keys: number }
  | { readonly kind: 'owns-slots'; readonly node: Address; readonly slots: SlotSet }
  | { readonly kind: 'is-replica'; readonly node: Address }
  | { readonly kind: 'has-epoch'; readonly node: Address; readonly epoch: number }
  /** `differing`: the cluster has libraries of these names, or others only. */
  | {
      readonly kind: 'has-functions';
      readonly node: Address;
      readonly libraries: readonly string[];
      readonly differing: boolean;
    }
  | { readonly kind: 'tls-differs'; readonly node: Address; readonly tlsBus: boolean }
  // Nodes that do not go together
  | {
      readonly kind: 'tls-mixed';
      readonly withTls: readonly Address[];
      readonly without: readonly Address[];
    }
  /** `cluster`: what they are to join. */
  | {
      readonly kind: 'products-mixed';
      readonly redis: readonly Address[];
      readonly valkey: readonly Address[];
      readonly cluster?: Product;
    }
  | { readonly kind: 'replica-older'; readonly node: NodeId; readonly primary: NodeId }
  | { readonly kind: 'loopback-mixed'; readonly loopback: readonly Address[] }
  | {
      readonly kind: 'too-few-primaries';
      readonly nodes: number;
      /** Of each primary; absent where the primaries were named. */
      readonly replicas?: number;
      readonly primaries: number;
    }
  | { readonly kind: 'wrong-roles'; readonly problem: string }
  // A cluster that is to change
  | { readonly kind: 'cluster-damaged'; readonly findings: readonly Finding[] }
  | { readonly kind: 'no-such-node'; readonly word: string }
  | { readonly kind: 'no-such-primary'; readonly word: string }
  | { readonly kind: 'replica-elsewhere'; readonly node: Address }
  | { readonly kind: 'ambiguous-node'; readonly word: string; readonly matches: readonly NodeId[] }
  | { readonly kind: 'not-a-primary'; readonly node: NodeId }
  | { readonly kind: 'does-not-answer'; readonly node: NodeId }
  | { readonly kind: 'has-slots'; readonly node: NodeId; readonly slots: SlotSet }
  /** The owner of the slots does not answer, and nobody else has their keys. */
  | {
      readonly kind: 'last-copy';
      readonly node: NodeId;
      readonly primary: NodeId;
      /** The owner lives, and gives no answer here. */
      readonly lives?: true;
      readonly slots: SlotSet;
    }
  /** It lives, and another node answers where it is looked for. */
  | { readonly kind: 'wrong-address'; readonly wrong: WrongAddress }
  | { readonly kind: 'still-loading'; readonly node: NodeId }
  | { readonly kind: 'functions-hidden'; readonly node: NodeId }
  | { readonly kind: 'working-cluster'; readonly keys: number }
  | { readonly kind: 'several-clusters'; readonly groups: readonly (readonly Address[])[] }
  | { readonly kind: 'has-stray-keys'; readonly node: NodeId; readonly keys: number }
  | { readonly kind: 'has-replicas'; readonly node: NodeId; readonly replicas: readonly NodeId[] }
  | { readonly kind: 'only-node'; readonly node: NodeId }
  | { readonly kind: 'replicates-itself'; readonly node: NodeId }
  | { readonly kind: 'no-owner' }
  /** Slots and keys are the business of primaries. */
  | {
      readonly kind: 'no-primary-answers';
      /** These answered, and would not talk to us. */
      readonly refusing?: readonly NodeId[];
    }
  | { readonly kind: 'no-primary-left'; readonly node: NodeId }
  // Slots that are to move
  /** A replica, or nobody knows what. */
  | { readonly kind: 'cannot-own-slots'; readonly node: NodeId }
  | { readonly kind: 'source-is-target'; readonly node: NodeId }
  | {
      readonly kind: 'too-few-slots';
      readonly sources: readonly NodeId[];
      readonly available: number;
      readonly wanted: number;
    }
  | { readonly kind: 'slots-unowned'; readonly slots: SlotSet }
  /** Several nodes claim them, or they are on their way to somebody already. Nothing overrides it. */
  | { readonly kind: 'slots-in-doubt'; readonly slots: SlotSet }
  /** It cannot read what the source packs for it. */
  | { readonly kind: 'target-older'; readonly node: NodeId; readonly source: NodeId }
  /** What would come does not fit within its maxmemory. */
  | {
      readonly kind: 'no-room';
      readonly node: NodeId;
      readonly policy: string;
      readonly usedBytes: number;
      readonly comingBytes: number;
      /** With margins. */
      readonly neededBytes: number;
      readonly mostBytes: number;
    }
  /** Without one there is nothing to choose between. */
  | { readonly kind: 'no-other-primary' }
  /** What was asked, and nobody was there to answer. */
  | { readonly kind: 'nobody-to-ask'; readonly open: readonly ReshardDetail[] }
  | { readonly kind: 'not-understood'; readonly open: readonly ReshardDetail[]; readonly answers: number }
  /** None was named when asked for. */
  | { readonly kind: 'no-sources' }
  | { readonly kind: 'two-weights'; readonly node: NodeId; readonly weights: readonly number[] }
  | { readonly kind: 'all-weights-zero' }
  // Keys that are to come from elsewhere
  | { readonly kind: 'same-cluster'; readonly node: Address }
  | { readonly kind: 'source-damaged'; readonly findings: readonly Finding[] }
  | { readonly kind: 'source-replica'; readonly node: Address }
  | {
      readonly kind: 'source-newer';
      readonly node: NodeId;
      readonly source: Address;
      readonly version: string;
    }
  /** What leaves the source would be thrown away there (`evicts`), or not be taken. */
  | {
      readonly kind: 'target-full';
      readonly node: NodeId;
      readonly bytes: number;
      readonly most: number;
      readonly evicts: boolean;
    }
  /** The login of the cluster would go to the source in plain text. */
  | { readonly kind: 'login-in-clear'; readonly source: Address }
  /** It speaks no TLS with the nodes that it sends keys to, and these speak nothing else. */
  | { readonly kind: 'source-sends-plain'; readonly source: Address }
  /** `more` than these were found. */
  | { readonly kind: 'databases-clash'; readonly keys: readonly SharedKey[]; readonly more: number }
  | { readonly kind: 'plan-outdated'; readonly differences: readonly PlanDifference[] };

/** One key of several databases that are to become one. */
export interface SharedKey {
  /** As it can be shown. */
  readonly key: string;
  readonly databases: readonly number[];
}

/** What a reshard must be told: how many slots, who gets them, whose they are. */
export type ReshardDetail = 'count' | 'to' | 'from';

/** What has changed since a plan was written down. */
export type PlanDifference =
  /** Slots that were to move, and are neither here nor there. Without an owner nobody has them. */
  | {
      readonly kind: 'slots-elsewhere';
      readonly slots: SlotSet;
      readonly from: NodeId;
      readonly to: NodeId;
      readonly owner?: NodeId;
    }
  | { readonly kind: 'target-gone'; readonly node: NodeId }
  | { readonly kind: 'target-replica'; readonly node: NodeId }
  /** Slots that the plan leaves alone. It can be carried out all the same, and leads to something else. */
  | {
      readonly kind: 'owner-changed';
      readonly slots: SlotSet;
      readonly was: NodeId;
      readonly owner?: NodeId;
    }
  /** `fix` would do more than was written down. */
  | {
      readonly kind: 'situation-new';
      readonly situation: SituationKind;
      readonly nodes: readonly NodeId[];
      readonly slots: SlotSet;
    };

/** What is done, unless something stands against it. */
export type Decision<P> =
  | { readonly kind: 'refused'; readonly refusals: readonly Refusal[] }
  | { readonly kind: 'plan'; readonly plan: P };
