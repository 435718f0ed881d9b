/** Why a move of slots, or of keys alone, stops. What was moved is moved; what is open is said. */
import type { Address, NodeId } from '../../topology/node.ts';
import type { OfKind } from '../../topology/of-kind.ts';
import type { Alarm } from '../../topology/server-changes.ts';
import type { Slot, SlotSet } from '../../topology/slot-set.ts';

/** Keys are given as they can be shown; `message` and `phase` are the words of a server, or of the connection to it. */
export type MoveProblem =
  | OfKind<'node', { node: string; message: string }>
  | OfKind<'file', { message: string }>
  | OfKind<'silent', { node: NodeId }>
  /** Nobody knows by which address the others reach this node. */
  | OfKind<'no-meeting-place', { node: NodeId }>
  /** No more keys are to be sent to a node, or from it. */
  | OfKind<'alarm', { node: string; alarm: Alarm }>
  | OfKind<'another-slotctl', { slots: SlotSet; at: readonly Address[] }>
  /** `why` is absent where the person has stopped it. `isReplaced`: one of the two has become a replica. */
  | OfKind<
      'slots-open',
      { why?: MoveProblem; slots: SlotSet; from: Address; to: Address; isReplaced: boolean }
    >
  | OfKind<'rights-missing', { refusals: readonly { at: Address; messages: readonly string[] }[] }>
  | SlotProblem
  | KeyProblem
  | MigrationProblem;

/** Slots that are not ours to move, or not any more. */
type SlotProblem =
  | OfKind<'not-owned', { at: Address; slots: readonly Slot[] }>
  | OfKind<'moved-by-others', { slots: readonly Slot[] }>
  /** Their keys have gone to the target, whose marks or whose peer's are others now. */
  | OfKind<'marks-changed', { to: Address; slots: readonly Slot[] }>
  /** Somebody was quicker by a moment. */
  | OfKind<'just-taken', { slots: readonly Slot[] }>
  /** Not handed over: the old owner would delete the keys. */
  | OfKind<'keys-left', { at: Address; slots: readonly Slot[] }>
  | OfKind<'replicas-behind', { of: Address; caughtUp: number; wanted: number }>;

type KeyProblem =
  /** Two values for one key, and no word on which is right. */
  | OfKind<'keys-clash', { at: Address; keys: readonly string[] }>
  | RescueProblem
  | OfKind<'giants', { giants: readonly { key: string; bytes: number }[]; nodeTimeoutMs: number }>
  /** Clients change it again and again. */
  | OfKind<'restless-key', { key: string; nodes: readonly [string, string] }>
  | OfKind<'owner-unreachable', { holder: Address }>;

/** What keeps a value from the disk, and so from being overwritten. */
export type RescueProblem =
  | OfKind<'too-big-to-rescue', { node: string; key: string; file: string }>
  | OfKind<'not-rescued', { message: string }>;

/** What stands against atomic migration, and what may become of one. */
type MigrationProblem =
  | OfKind<'no-atomic-migration'>
  /** It was asked for, and MIGRATE may work. */
  | OfKind<'only-by-migrate', { why: MoveProblem }>
  /** `from` and `to` are empty where the server does not tell them. */
  | OfKind<'migrating-already', { at: Address; slots: SlotSet; from: string; to: string; name: string }>
  | OfKind<'owner-changed', { at: Address; slots: SlotSet; owner?: string }>
  | OfKind<'owner-disputed', { at: Address; slots: SlotSet; owner?: string; claimedBy: Address }>
  /** The servers log in at each other as a user who may not do there what is needed. */
  | OfKind<'not-let-in', { at: Address; from: Address; user: string; message: string }>
  | OfKind<'slots-open-already', { at: Address; slots: SlotSet }>
  | OfKind<'garbles-with-threads', { version: string }>
  | OfKind<'cannot-save', { at: Address }>
  | OfKind<'wants-replicas', { at: Address }>
  | OfKind<'same-epoch'>
  | OfKind<'not-begun', { node: string; message: string }>
  | OfKind<'unknown-where-begun', { at: Address }>
  /** The order is out, and nobody says whether it has arrived. The two are commands. */
  | OfKind<'begun-perhaps', { why?: MoveProblem; at: Address; tells: string; callsOff: string }>
  | OfKind<'of-another-owner', { slots: SlotSet; owner: string; from: NodeId }>
  | MigrationCourse;

/** What has become of one that was begun. */
type MigrationCourse =
  | OfKind<'migration-forgotten', { at: Address }>
  | OfKind<'migration-failed', { message: string }>
  | OfKind<'migration-failed-often', { times: number; message: string }>
  | OfKind<'migration-cancelled', { message: string }>
  | OfKind<'migration-too-long', { minutes: number; phase: string }>
  /** The two ends do not say the same of it. */
  | OfKind<
      'done-and-not',
      { done: Address; not: Address; slots: SlotSet; state: 'failed' | 'cancelled'; message: string }
    >
  /** Why it could not go on, and what became of it then. */
  | OfKind<'given-up', { why: MoveProblem; end: MoveProblem }>
  | OfKind<'called-off'>
  | OfKind<'not-called-off', { message: string } & StillRunning>
  | OfKind<'goes-on-anyway', { phase: string }>
  | OfKind<'hands-over', { phase: string }>
  /** Calling it off would call off these too. */
  | OfKind<'spared', { others: readonly MigrationOfOthers[] } & StillRunning>;

/** How the person calls it off. */
export interface StillRunning {
  readonly slots: SlotSet;
  readonly at: Address;
  readonly callsOff: string;
}

export interface MigrationOfOthers {
  readonly slots: SlotSet;
  readonly target: string;
}
