/** What the person should know of while work is done, and what does not stop it. */
import type { Address } from '../topology/node.ts';
import type { SlotSet } from '../topology/slot-set.ts';
import type { MigrationOfOthers, MoveProblem } from './slots/move-problem.ts';

/** Keys are given as they can be shown; `message` is in the words of a server, or of the connection to it. */
export type Note =
  | { readonly kind: 'tries-again'; readonly node: string; readonly message: string }
  /** It does not tell its own. */
  | {
      readonly kind: 'node-timeout-assumed';
      readonly node: Address;
      readonly assumedMs: number;
      /** What servers wait for each other in one MIGRATE, by that. */
      readonly waitMs: number;
    }
  /** Other runs of slotctl cannot see what this one is at. */
  | { readonly kind: 'unseen-by-others'; readonly node: string; readonly message: string }
  | { readonly kind: 'learns-when-back'; readonly node: string; readonly message: string }
  | { readonly kind: 'state-unknown'; readonly nodes: readonly Address[] }
  /** Whoever joins was to be forgotten a moment ago. */
  | { readonly kind: 'awaits-end-of-ban' }
  | { readonly kind: 'deaf-replica' }
  | { readonly kind: 'failover-again' }
  /** Another value of the key gave way. */
  | { readonly kind: 'value-replaced'; readonly key: string; readonly node: string; readonly keptIn: string }
  | MoveNote;

export type MoveNote =
  | { readonly kind: 'goes-by-migrate'; readonly why: MoveProblem }
  /** Begun by a run that was killed, or by somebody who wants the same. */
  | { readonly kind: 'under-way-already'; readonly slots: SlotSet; readonly name: string }
  | { readonly kind: 'small-buffer'; readonly limitBytes: number; readonly estimatedBytes: number }
  /** A stream like this loses some by Valkey's migration. */
  | { readonly kind: 'pending-entries'; readonly key: string }
  | { readonly kind: 'goes-on-to-its-end'; readonly others: readonly MigrationOfOthers[] }
  /** The person has stopped it, and this stays. */
  | { readonly kind: 'stays'; readonly what: MoveProblem }
  | { readonly kind: 'moves-alone'; readonly key: string; readonly bytes: number }
  | { readonly kind: 'values-rescued'; readonly values: number; readonly node: string; readonly file: string }
  | { readonly kind: 'moved-by-then'; readonly node: string; readonly message: string }
  | { readonly kind: 'new-owner-untold'; readonly node: string; readonly message: string }
  | FunctionsNote;

/** Of the functions at a target, and the source's. */
export type FunctionsNote =
  | {
      readonly kind: 'functions-missing' | 'functions-different' | 'functions-replaced';
      readonly at: Address;
      readonly giver: Address;
      readonly names: readonly string[];
    }
  | { readonly kind: 'functions-copied'; readonly at: Address; readonly giver: Address }
  | {
      readonly kind: 'functions-refused';
      readonly at: Address;
      readonly giver: Address;
      readonly message: string;
    };
