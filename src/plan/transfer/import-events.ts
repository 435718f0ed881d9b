/** How an import goes, and what comes of it. */
import type { Address } from '../../topology/node.ts';
import type { OfKind } from '../../topology/of-kind.ts';
import type { Alarm } from '../../topology/server-changes.ts';
import type { Note } from '../note.ts';
import type { MoveProblem, RescueProblem } from '../slots/move-problem.ts';
import type { ImportedDatabase } from './import.ts';

export type ImportEvent =
  | OfKind<'database-began', { database: ImportedDatabase }>
  /** `names`: as they can be shown; of each carried key, where somebody wants to know. */
  | OfKind<'carried', { keys: number; to: Address; names?: readonly string[] }>
  | OfKind<'clash', { key: string; database: number; node: Address }>
  | OfKind<'noted', { note: ImportNote }>
  /** Clients change them as they are read; they come last. */
  | OfKind<'restless', { keys: number }>
  /** A node of the cluster was started again, or another one took its place; `keys` are gone with it, and are sent again. */
  | OfKind<'sent-again', { nodes: readonly Address[]; keys: number }>
  /** It was started again, and has what it was given. */
  | OfKind<'kept', { nodes: readonly Address[] }>
  /** No more is sent. */
  | OfKind<'alarmed', { alarm: Alarm; node: Address }>
  /** `interrupted`: nobody is to blame. */
  | OfKind<'failed', { problem: ImportProblem }>
  | OfKind<'interrupted'>
  | OfKind<'counted', { result: ImportResult }>;

/** What the person should know of, and what does not stop the work. Keys are given as they can be shown. */
export type ImportNote =
  | Note
  | OfKind<'delivery-waits', { why: Delay }>
  | OfKind<'goes-on-there', { node: string; message: string }>
  /** Its keys are read again from the beginning. */
  | OfKind<'source-restarted'>
  | OfKind<'imports-alone', { key: string; bytes: number }>
  | OfKind<'stays-at-source', { key: string; bytes: number; nodeTimeoutMs: number }>;

/** Why keys are not taken for a moment. `said`: by this node, or by a source of a node. */
export type Delay =
  | OfKind<'no-owner'>
  /** Somebody has removed them in the cluster when they were about to be compared. */
  | OfKind<'keys-gone'>
  | OfKind<'said', { node?: string; message: string }>;

/**
 * Why it stops. What has arrived has arrived. `message` is in the words of a server, or of the connection to it;
 * `hint`: what is likely to be wrong.
 */
export type ImportProblem =
  | Extract<MoveProblem, { kind: 'node' }>
  | OfKind<'entry-node', { message: string }>
  | OfKind<'source', { at: Address; message: string }>
  /** It does not come to an end of its keys. */
  | OfKind<'endless-scan', { at: string; cursor: string }>
  /** This node no longer has all the keys of its slots. */
  | OfKind<'source-slots-moving', { node: string }>
  | OfKind<'migrate-refused', { node: string; message: string }>
  | OfKind<'keys-refused', { at: Address; message: string; hint?: 'version' | 'rights' | 'login' }>
  /** After it was tried for long. `outOfReach`: where the source does not get through to. */
  | OfKind<'keys-not-accepted', { why: Delay; outOfReach?: { host: string; port: number } }>
  | RescueProblem;

export interface ImportResult {
  /** Keys that were sent and taken. No key counts twice. */
  readonly carried: number;
  /** Of these and others: the cluster had them already, with the same value. */
  readonly alreadyThere: number;
  /** Of these: the cluster had another value, which is in the rescue file. */
  readonly overwritten: number;
  /** The cluster has another value; both are kept. */
  readonly clashing: number;
  /** Another database has the key, and wins. */
  readonly outvoted: number;
  /** Too big to be moved without holding up the servers. */
  readonly giants: number;
  /** Changed at the source each time they were read. */
  readonly restless: number;
  /** Nobody and nothing has ended it before its end. */
  readonly isWhole: boolean;
  readonly source: { readonly before: number; readonly after: number };
  readonly cluster: { readonly before: number; readonly after: number };
  readonly check: ImportCheck;
  /** By nodes of the cluster, and of the source. */
  readonly evicted: number;
  readonly evictedAtSource: number;
  /** Nodes of the cluster, and of the source, that were started again. */
  readonly restarted: readonly Address[];
  readonly restartedSources: readonly Address[];
  /** Keys that sources had before they were started again, and that were not found afterwards; absent where nobody knows. */
  readonly lostAtSource?: number;
  /** Slots went from node to node of the source, and perhaps past us. */
  readonly sourceMoved?: boolean;
  /** Where values of the cluster are that gave way. */
  readonly rescueFile?: string;
}

/** Keys that were carried were looked for in the cluster afterwards. */
export interface ImportCheck {
  /** As many as there are memory for: all, or one of so many. */
  readonly oneOf: number;
  /** Of all, as far as can be told from those. */
  readonly missing: number;
  readonly expired: number;
  /** By clients of a source that keeps its keys: neither end has them. */
  readonly deleted: number;
  /** Their nodes did not answer. */
  readonly unseen: number;
  /** By how many the counts of the slots are short of what they should be; 0 where all were looked for. */
  readonly short: number;
}

/** Keys that left a source which was started again, or were never found there any more. */
export function lostAtSource(
  { carried, clashing, giants, outvoted, restless, source, check, restartedSources, isWhole }: ImportResult,
  {
    copy,
    expires,
    expiring,
  }: {
    readonly copy: boolean;
    /** Keys with a time to live: at the source beforehand, and of those that were carried. */
    readonly expires: number;
    readonly expiring: number;
  },
): number | undefined {
  if (restartedSources.length === 0) return 0;
  // Some of them may have been found, and carried, twice.
  if (check.oneOf > 1 || (copy && !isWhole)) return undefined;
  const known = copy ? carried + clashing + giants + outvoted + restless : carried + source.after;
  return Math.max(0, source.before - known - Math.max(0, expires - expiring));
}
