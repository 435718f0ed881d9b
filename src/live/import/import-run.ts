/** What all parts of an import share: both ends, how much may be done at a time, and what has come of it so far. */

import type { MigrateLimits } from '../../plan/slots/move-settings.ts';
import type { ImportedDatabase, ImportPlan, SourceNode } from '../../plan/transfer/import.ts';
import type { ImportEvent } from '../../plan/transfer/import-events.ts';
import type { Key } from '../../resp/commands/slots.ts';
import type { Fleet } from '../../resp/fleet.ts';
import type { Address } from '../../topology/node.ts';
import type { Tell } from '../event-stream.ts';
import type { BatchSize } from '../keys/batch-size.ts';
import { showKey } from '../keys/big-keys.ts';
import type { Pace } from '../keys/pace.ts';
import type { RescueFile } from '../keys/rescue-file.ts';
import type { Routes } from '../keys/routes.ts';
import type { Guard } from '../watch/nodes.ts';
import type { CarriedKeys } from './carried-keys.ts';
import type { InFlight } from './in-flight.ts';
import type { Reach } from './source-reach.ts';
import type { Interruptions } from './waits.ts';

/** As the person wants it. */
export interface ImportSettings {
  readonly source: Fleet;
  readonly target: Fleet;
  readonly limits: MigrateLimits;
  /** The keys stay at the source. */
  readonly copy: boolean;
  /** Other values in the cluster give way. */
  readonly replace: boolean;
  /** Each key is told by its name. */
  readonly tellsKeys: boolean;
  readonly nowMs: () => number;
}

export interface ImportRun extends ImportSettings {
  readonly plan: ImportPlan;
  readonly routes: Routes;
  readonly pace: Pace;
  /** What gives way is written to it first. Where there is none, it is gone without a trace. */
  readonly rescue?: RescueFile;
  readonly tally: Tally;
  /** What the cluster has been given. */
  readonly carried: CarriedKeys;
  /** What was found to stay at the source. */
  readonly left: CarriedKeys;
  /** Over the nodes that get keys; absent while nothing is sent. */
  readonly guard?: Pick<Guard, 'alarm'>;
  /**
   * When all is gone through another time: whether all was gone through before. What has been carried, and is still there, is
   * not sent once more.
   */
  readonly earlier?: 'whole' | 'in-part';
  readonly tell: Tell<ImportEvent>;
  readonly interruptions: Interruptions;
}

/** One database of one node of the source. */
export interface DatabaseWork {
  readonly run: ImportRun;
  readonly node: SourceNode;
  readonly database: ImportedDatabase;
  readonly averageBytes: number;
  readonly batchSize: BatchSize;
  readonly turns: Turns;
  readonly inFlight: InFlight;
  readonly reach: Reach;
  /**
   * What was written to the cluster for keys that were changed at the source meanwhile; by their names as latin1. Undefined
   * where the cluster had the key before.
   */
  readonly overtaken: Map<string, Buffer | undefined>;
  /** Keys that were changed each time they were read; by their names as latin1. */
  readonly restless: Map<string, Key>;
  /** What a key is called in the cluster. */
  readonly nameOf: (key: Key) => Key;
}

/**
 * A source does one MIGRATE after another, whatever the number of lanes: the time in which one waits for that of the other
 * lane is not its own.
 */
export class Turns {
  #lastEndedAt = 0;

  /** Returns how long it took once it was its turn. */
  end(beganAt: number, endedAt: number): number {
    const tookMs = endedAt - Math.max(beganAt, this.#lastEndedAt);
    this.#lastEndedAt = endedAt;
    return tookMs;
  }
}

/** Counts as they go; no key counts twice. */
export interface Tally {
  carried: number;
  /** Of these: with a time to live. */
  expiring: number;
  alreadyThere: number;
  overwritten: number;
  clashing: number;
  outvoted: number;
  giants: number;
  /** Changed at the source each time they were read. */
  restless: number;
}

export function emptyTally(): Tally {
  return {
    carried: 0,
    expiring: 0,
    alreadyThere: 0,
    overwritten: 0,
    clashing: 0,
    outvoted: 0,
    giants: 0,
    restless: 0,
  };
}

/**
 * What the cluster has by that name may be what was brought in an earlier round, and a client may have changed it since: where
 * nobody knows, it is not written over.
 */
export function mayReplace(key: Key, { nameOf, run }: DatabaseWork): boolean {
  return run.replace && !(run.earlier && run.carried.isUnknown(nameOf(key)));
}

/** And what is there is not kept in a file first. */
export function overwritesAtOnce(keys: readonly Key[], work: DatabaseWork): boolean {
  return !work.run.rescue && keys.every(key => mayReplace(key, work));
}

/** What is removed by a node of a cluster, by MIGRATE or in one transaction, is of one slot. */
export function goesBySlot({ plan, copy }: ImportRun): boolean {
  return plan.source.cluster !== undefined && !(plan.throughHere && copy);
}

export function isStopping({ interruptions }: Pick<ImportRun, 'interruptions'>): boolean {
  return interruptions.soon.aborted;
}

export function tellArrived(
  keys: readonly Key[],
  to: { readonly address: Address },
  { database, nameOf, inFlight, run }: DatabaseWork,
): void {
  const fresh = keys.filter(key => {
    const expiresAtMs = inFlight.expiryOf(key);
    const isFresh = run.carried.add(nameOf(key), database.into, expiresAtMs);
    if (isFresh && expiresAtMs !== Infinity) run.tally.expiring++;
    return isFresh;
  });
  if (fresh.length === 0) return;
  run.tally.carried += fresh.length;
  const names = run.tellsKeys ? { names: fresh.map(showKey) } : {};
  run.tell({ kind: 'carried', keys: fresh.length, to: to.address, ...names });
}

/** They are gone from the source, and nobody has said that they are in the cluster: they are looked for by their names. */
export function doubtArrival(keys: readonly Key[], { nameOf, run }: DatabaseWork): void {
  for (const key of keys) run.carried.doubt(nameOf(key));
}

/** Those that have not been counted yet among what stays at the source. */
export function newlyLeft(keys: readonly Key[], { database, node, run }: DatabaseWork): Key[] {
  const at = Buffer.from(`${node.address.host} ${node.address.port} `);
  return keys.filter(key => run.left.add(Buffer.concat([at, key]), database.database, Infinity));
}
