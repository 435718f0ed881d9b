/** Why a move of slots, or of keys alone, stops. What was moved is moved; what is open is said. */
import type { Address, NodeId } from '../../topology/node.ts';
import type { Alarm } from '../../topology/server-changes.ts';
import type { Slot, SlotSet } from '../../topology/slot-set.ts';

/** Keys are given as they can be shown; `message` and `phase` are the words of a server, or of the connection to it. */
export type MoveProblem =
  | { readonly kind: 'node'; readonly node: string; readonly message: string }
  | { readonly kind: 'file'; readonly message: string }
  | { readonly kind: 'silent'; readonly node: NodeId }
  /** Nobody knows by which address the others reach this node. */
  | { readonly kind: 'no-meeting-place'; readonly node: NodeId }
  /** No more keys are to be sent to a node, or from it. */
  | { readonly kind: 'alarm'; readonly node: string; readonly alarm: Alarm }
  | { readonly kind: 'another-slotctl'; readonly slots: SlotSet; readonly at: readonly Address[] }
  /** `why` is absent where the person has stopped it. `isReplaced`: one of the two has become a replica. */
  | {
      readonly kind: 'slots-open';
      readonly why?: MoveProblem;
      readonly slots: SlotSet;
      readonly from: Address;
      readonly to: Address;
      readonly isReplaced: boolean;
    }
  | {
      readonly kind: 'rights-missing';
      readonly refusals: readonly { readonly at: Address; readonly messages: readonly string[] }[];
    }
  | SlotProblem
  | KeyProblem
  | MigrationProblem;

/** Slots that are not ours to move, or not any more. */
type SlotProblem =
  | { readonly kind: 'not-owned'; readonly at: Address; readonly slots: readonly Slot[] }
  | { readonly kind: 'moved-by-others'; readonly slots: readonly Slot[] }
  /** Their keys have gone to the target, whose marks or whose peer's are others now. */
  | { readonly kind: 'marks-changed'; readonly to: Address; readonly slots: readonly Slot[] }
  /** Somebody was quicker by a moment. */
  | { readonly kind: 'just-taken'; readonly slots: readonly Slot[] }
  /** Not handed over: the old owner would delete the keys. */
  | { readonly kind: 'keys-left'; readonly at: Address; readonly slots: readonly Slot[] }
  | {
      readonly kind: 'replicas-behind';
      readonly of: Address;
      readonly caughtUp: number;
      readonly wanted: number;
    };

export type KeyProblem =
  /** Two values for one key, and no word on which is right. */
  | { readonly kind: 'keys-clash'; readonly at: Address; readonly keys: readonly string[] }
  | RescueProblem
  | {
      readonly kind: 'giants';
      readonly giants: readonly { readonly key: string; readonly bytes: number }[];
      readonly nodeTimeoutMs: number;
    }
  /** Clients change it again and again. */
  | { readonly kind: 'restless-key'; readonly key: string; readonly nodes: readonly [string, string] }
  | { readonly kind: 'owner-unreachable'; readonly holder: Address };

/** What keeps a value from the disk, and so from being overwritten. */
export type RescueProblem =
  | {
      readonly kind: 'too-big-to-rescue';
      readonly node: string;
      readonly key: string;
      readonly file: string;
    }
  | { readonly kind: 'not-rescued'; readonly message: string };

/** What stands against atomic migration, and what may become of one. */
export type MigrationProblem =
  | { readonly kind: 'no-atomic-migration' }
  /** It was asked for, and MIGRATE may work. */
  | { readonly kind: 'only-by-migrate'; readonly why: MoveProblem }
  /** `from` and `to` are empty where the server does not tell them. */
  | {
      readonly kind: 'migrating-already';
      readonly at: Address;
      readonly slots: SlotSet;
      readonly from: string;
      readonly to: string;
      readonly name: string;
    }
  | {
      readonly kind: 'owner-changed';
      readonly at: Address;
      readonly slots: SlotSet;
      readonly owner?: string;
    }
  | {
      readonly kind: 'owner-disputed';
      readonly at: Address;
      readonly slots: SlotSet;
      readonly owner?: string;
      readonly claimedBy: Address;
    }
  /** The servers log in at each other as a user who may not do there what is needed. */
  | {
      readonly kind: 'not-let-in';
      readonly at: Address;
      readonly from: Address;
      readonly user: string;
      readonly message: string;
    }
  | { readonly kind: 'slots-open-already'; readonly at: Address; readonly slots: SlotSet }
  | { readonly kind: 'garbles-with-threads'; readonly version: string }
  | { readonly kind: 'cannot-save'; readonly at: Address }
  | { readonly kind: 'wants-replicas'; readonly at: Address }
  | { readonly kind: 'same-epoch' }
  | { readonly kind: 'not-begun'; readonly node: string; readonly message: string }
  | { readonly kind: 'unknown-where-begun'; readonly at: Address }
  /** The order is out, and nobody says whether it has arrived. The two are commands. */
  | {
      readonly kind: 'begun-perhaps';
      readonly why?: MoveProblem;
      readonly at: Address;
      readonly tells: string;
      readonly callsOff: string;
    }
  | {
      readonly kind: 'of-another-owner';
      readonly slots: SlotSet;
      readonly owner: string;
      readonly from: NodeId;
    }
  | MigrationCourse;

/** What has become of one that was begun. */
export type MigrationCourse =
  | { readonly kind: 'migration-forgotten'; readonly at: Address }
  | { readonly kind: 'migration-failed'; readonly message: string }
  | { readonly kind: 'migration-failed-often'; readonly times: number; readonly message: string }
  | { readonly kind: 'migration-cancelled'; readonly message: string }
  | { readonly kind: 'migration-too-long'; readonly minutes: number; readonly phase: string }
  /** The two ends do not say the same of it. */
  | {
      readonly kind: 'done-and-not';
      readonly done: Address;
      readonly not: Address;
      readonly slots: SlotSet;
      readonly state: 'failed' | 'cancelled';
      readonly message: string;
    }
  /** Why it could not go on, and what became of it then. */
  | { readonly kind: 'given-up'; readonly why: MoveProblem; readonly end: MoveProblem }
  | { readonly kind: 'called-off' }
  | ({ readonly kind: 'not-called-off'; readonly message: string } & StillRunning)
  | { readonly kind: 'goes-on-anyway'; readonly phase: string }
  | { readonly kind: 'hands-over'; readonly phase: string }
  /** Calling it off would call off these too. */
  | ({ readonly kind: 'spared'; readonly others: readonly MigrationOfOthers[] } & StillRunning);

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
