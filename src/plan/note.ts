/** What the person should know of while work is done, and what does not stop it. */
import type { Address } from '../topology/node.ts';
import type { OfKind } from '../topology/of-kind.ts';
import type { SlotSet } from '../topology/slot-set.ts';
import type { MigrationOfOthers, MoveProblem } from './slots/move-problem.ts';

/** Keys are given as they can be shown; `message` is in the words of a server, or of the connection to it. */
export type Note =
  | OfKind<'tries-again', { node: string; message: string }>
  /** It does not tell its own. `waitMs`: what servers wait for each other in one MIGRATE, by that. */
  | OfKind<'node-timeout-assumed', { node: Address; assumedMs: number; waitMs: number }>
  /** Other runs of slotctl cannot see what this one is at. */
  | OfKind<'unseen-by-others', { node: string; message: string }>
  | OfKind<'learns-when-back', { node: string; message: string }>
  | OfKind<'state-unknown', { nodes: readonly Address[] }>
  /** Whoever joins was to be forgotten a moment ago. */
  | OfKind<'awaits-end-of-ban'>
  | OfKind<'deaf-replica'>
  | OfKind<'failover-again'>
  /** Another value of the key gave way. */
  | OfKind<'value-replaced', { key: string; node: string; keptIn: string }>
  | MoveNote;

type MoveNote =
  | OfKind<'goes-by-migrate', { why: MoveProblem }>
  /** Begun by a run that was killed, or by somebody who wants the same. */
  | OfKind<'under-way-already', { slots: SlotSet; name: string }>
  | OfKind<'small-buffer', { limitBytes: number; estimatedBytes: number }>
  /** A stream like this loses some by Valkey's migration. */
  | OfKind<'pending-entries', { key: string }>
  | OfKind<'goes-on-to-its-end', { others: readonly MigrationOfOthers[] }>
  /** The person has stopped it, and this stays. */
  | OfKind<'stays', { what: MoveProblem }>
  | OfKind<'moves-alone', { key: string; bytes: number }>
  | OfKind<'values-rescued', { values: number; node: string; file: string }>
  | OfKind<'moved-by-then', { node: string; message: string }>
  | OfKind<'new-owner-untold', { node: string; message: string }>
  | FunctionsNote;

/** Of the functions at a target, and the source's. */
type FunctionsNote =
  | OfKind<
      'functions-missing' | 'functions-different' | 'functions-replaced',
      { at: Address; giver: Address; names: readonly string[] }
    >
  | OfKind<'functions-copied', { at: Address; giver: Address }>
  | OfKind<'functions-refused', { at: Address; giver: Address; message: string }>;
