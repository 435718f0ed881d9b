/** What all parts of an import share: both ends, how much may be done at a time, and what has come of it so far. */
import type { ImportEvent, ImportPlan } from '../../plan/import.ts';
import type { Fleet } from '../../resp/fleet.ts';
import type { Key } from '../../resp/slot-commands.ts';
import type { Address } from '../../topology/node.ts';
import type { Tell } from '../event-stream.ts';
import { showKey } from '../move/big-keys.ts';
import type { Pace } from '../move/pace.ts';
import type { RescueFile } from '../rescue-file.ts';
import type { Routes } from './routes.ts';

export interface ImportLimits {
  /** Keys in the first MIGRATE; afterwards time decides. */
  readonly firstBatch: number;
  /** How long one MIGRATE may hold up the clients of both ends. */
  readonly maxBlockMs: number;
  /** What servers wait for each other in one MIGRATE. */
  readonly timeoutMs: number;
  readonly allowBlocking: boolean;
}

export interface ImportRun {
  readonly plan: ImportPlan;
  readonly source: Fleet;
  readonly target: Fleet;
  readonly routes: Routes;
  readonly limits: ImportLimits;
  readonly pace: Pace;
  /** The keys stay at the source. */
  readonly copy: boolean;
  /** Other values in the cluster give way: into this file first, or, where there is none, without a trace. */
  readonly replace: boolean;
  readonly rescue?: RescueFile;
  /** Each key is told by its name. */
  readonly tellsKeys: boolean;
  readonly tally: Tally;
  readonly tell: Tell<ImportEvent>;
  readonly nowMs: () => number;
  /** True once nothing new may be begun. */
  readonly isStopping: () => boolean;
}

/** Counts as they go. */
export interface Tally {
  carried: number;
  alreadyThere: number;
  overwritten: number;
  clashing: number;
  outvoted: number;
  giants: number;
}

export function emptyTally(): Tally {
  return { carried: 0, alreadyThere: 0, overwritten: 0, clashing: 0, outvoted: 0, giants: 0 };
}

export function tellArrived(keys: readonly Key[], to: { readonly address: Address }, run: ImportRun): void {
  if (keys.length === 0) return;
  run.tally.carried += keys.length;
  const names = run.tellsKeys ? { names: keys.map(showKey) } : {};
  run.tell({ kind: 'carried', keys: keys.length, to: to.address, ...names });
}

/** Why an import stops. What has arrived has arrived. */
export class ImportError extends Error {}
