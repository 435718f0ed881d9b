/** Why something is not done. A refusal is a value: all of them are told at once, with what overrides them. */
import { type Found, findNode } from '../topology/find-node.ts';
import type { Finding } from '../topology/finding.ts';
import type { Address, NodeId } from '../topology/node.ts';
import type { OfKind } from '../topology/of-kind.ts';
import type { WrongAddress } from '../topology/proof-of-life.ts';
import type { SlotSet } from '../topology/slot-set.ts';
import type { ClusterSnapshot, Product } from '../topology/snapshot.ts';
import type { FailoverRefusal } from './failover/refusal.ts';
import type { SituationKind } from './fix/situation-kinds.ts';
import type { LackOfMemory } from './memory.ts';

export type Refusal =
  | FailoverRefusal
  // A node that is to join
  | OfKind<'silent', { node: Address; reason: string; hasNoCluster?: boolean }>
  | OfKind<'same-node', { nodes: readonly Address[] }>
  | OfKind<'knows-others', { node: Address; others: number }>
  | OfKind<'holds-keys', { node: Address; keys: number }>
  | OfKind<'owns-slots', { node: Address; slots: SlotSet }>
  | OfKind<'is-replica', { node: Address }>
  | OfKind<'has-epoch', { node: Address; epoch: number }>
  /** `differing`: the cluster has libraries of these names, or others only. */
  | OfKind<'has-functions', { node: Address; libraries: readonly string[]; differing: boolean }>
  | OfKind<'tls-differs', { node: Address; tlsBus: boolean }>
  // Nodes that do not go together
  | OfKind<'tls-mixed', { withTls: readonly Address[]; without: readonly Address[] }>
  /** `cluster`: what they are to join. */
  | OfKind<'products-mixed', { redis: readonly Address[]; valkey: readonly Address[]; cluster?: Product }>
  | OfKind<'replica-older', { node: NodeId; primary: NodeId }>
  | OfKind<'loopback-mixed', { loopback: readonly Address[] }>
  /** `replicas`: of each primary; absent where the primaries were named. */
  | OfKind<'too-few-primaries', { nodes: number; replicas?: number; primaries: number }>
  | OfKind<'wrong-roles', { problem: string }>
  // A cluster that is to change
  | OfKind<'cluster-damaged', { findings: readonly Finding[] }>
  | OfKind<'no-such-node' | 'no-such-primary', { word: string }>
  | OfKind<'replica-elsewhere', { node: Address }>
  | OfKind<'ambiguous-node', { word: string; matches: readonly NodeId[] }>
  | OfKind<
      | 'not-a-primary'
      | 'does-not-answer'
      | 'still-loading'
      | 'functions-hidden'
      | 'only-node'
      | 'replicates-itself'
      | 'no-primary-left',
      { node: NodeId }
    >
  | OfKind<'has-slots', { node: NodeId; slots: SlotSet }>
  /** The owner of the slots does not answer (it may live all the same), and nobody else has their keys. */
  | OfKind<'last-copy', { node: NodeId; primary: NodeId; lives?: true; slots: SlotSet }>
  /** It lives, and another node answers where it is looked for. */
  | OfKind<'wrong-address', { wrong: WrongAddress }>
  | OfKind<'working-cluster', { keys: number }>
  | OfKind<'several-clusters', { groups: readonly (readonly Address[])[] }>
  | OfKind<'has-stray-keys', { node: NodeId; keys: number }>
  | OfKind<'has-replicas', { node: NodeId; replicas: readonly NodeId[] }>
  | OfKind<'no-owner'>
  /** Slots and keys are the business of primaries. `refusing`: these answered, and would not talk to us. */
  | OfKind<'no-primary-answers', { refusing?: readonly NodeId[] }>
  // Slots that are to move
  /** A replica, or nobody knows what. */
  | OfKind<'cannot-own-slots', { node: NodeId }>
  | OfKind<'source-is-target', { node: NodeId }>
  | OfKind<'too-few-slots', { sources: readonly NodeId[]; available: number; wanted: number }>
  | OfKind<'slots-unowned', { slots: SlotSet }>
  /** Several nodes claim them, or they are on their way to somebody already. Nothing overrides it. */
  | OfKind<'slots-in-doubt', { slots: SlotSet }>
  /** It cannot read what the source packs for it. */
  | OfKind<'target-older', { node: NodeId; source: NodeId }>
  /** What would come does not fit within its maxmemory. */
  | OfKind<'no-room', { node: NodeId } & LackOfMemory>
  /** Without one there is nothing to choose between. */
  | OfKind<'no-other-primary'>
  /** What was asked, and nobody was there to answer. */
  | OfKind<'nobody-to-ask', { open: readonly ReshardDetail[] }>
  | OfKind<'not-understood', { open: readonly ReshardDetail[]; answers: number }>
  /** None was named when asked for. */
  | OfKind<'no-sources'>
  | OfKind<'two-weights', { node: NodeId; weights: readonly number[] }>
  | OfKind<'all-weights-zero'>
  // Keys that are to come from elsewhere
  | OfKind<'same-cluster' | 'source-replica', { node: Address }>
  | OfKind<'source-damaged', { findings: readonly Finding[] }>
  | OfKind<'source-newer', { node: NodeId; source: Address; version: string }>
  /** What leaves the source would be thrown away there (`evicts`), or not be taken. */
  | OfKind<'target-full', { node: NodeId; bytes: number; most: number; evicts: boolean }>
  /** The login of the cluster would go to the source in plain text. */
  | OfKind<'login-in-clear', { source: Address }>
  /** It speaks no TLS with the nodes that it sends keys to, and these speak nothing else. */
  | OfKind<'source-sends-plain', { source: Address }>
  /** `more` than these were found. */
  | OfKind<'databases-clash', { keys: readonly SharedKey[]; more: number }>
  | OfKind<'plan-outdated', { differences: readonly PlanDifference[] }>;

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
  | OfKind<'slots-elsewhere', { slots: SlotSet; from: NodeId; to: NodeId; owner?: NodeId }>
  | OfKind<'target-gone' | 'target-replica', { node: NodeId }>
  /** Slots that the plan leaves alone. It can be carried out all the same, and leads to something else. */
  | OfKind<'owner-changed', { slots: SlotSet; was: NodeId; owner?: NodeId }>
  /** `fix` would do more than was written down. */
  | OfKind<'situation-new', { situation: SituationKind; nodes: readonly NodeId[]; slots: SlotSet }>;

/** What is done, unless something stands against it. */
export type Decision<P> = OfKind<'refused', { refusals: readonly Refusal[] }> | OfKind<'plan', { plan: P }>;

/** A node as somebody names it, or else a refusal more. */
export function findNamed(snapshot: ClusterSnapshot, word: string, refusals: Refusal[]): NodeId | undefined {
  const found = findNode(snapshot, word);
  if (found.kind === 'found') return found.id;
  refusals.push(notFound(found, word));
  return undefined;
}

export function notFound(found: Exclude<Found, { kind: 'found' }>, word: string): Refusal {
  return found.kind === 'none'
    ? { kind: 'no-such-node', word }
    : { kind: 'ambiguous-node', word, matches: found.matches };
}
