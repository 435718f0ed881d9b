/**
 * How long a server may be silent before the others take it for dead: what a MIGRATE must stay below, and what limits a key's
 * size. A source does nothing else while it waits for the target in a MIGRATE: where that hangs, all clients of the source wait
 * with it, and the others would take the source for dead too; two of three primaries that are silent leave nobody to vote
 * for a successor of either. What is given up early is tried again.
 */

import type { Note } from '../../plan/note.ts';
import { configGet } from '../../resp/commands/membership.ts';
import type { Fleet } from '../../resp/fleet.ts';
import type { Address } from '../../topology/node.ts';
import { ifTold } from '../look/look-at-node.ts';

export interface NodeTimeout {
  readonly node: Address;
  readonly ms: number;
  /** The node does not tell. */
  readonly isAssumed: boolean;
}

/** As low as people set it; too low costs a few MIGRATEs that are tried again, too high takes two primaries down. */
const ASSUMED_MS = 2000;

export async function nodeTimeoutAt(fleet: Fleet, node: Address): Promise<NodeTimeout> {
  const told = Number(await ifTold(fleet.send(node, configGet('cluster-node-timeout'))));
  return told > 0 ? { node, ms: told, isAssumed: false } : { node, ms: ASSUMED_MS, isAssumed: true };
}

/**
 * What servers may wait for each other in one MIGRATE: half the shortest of these. `note`: told what had to be assumed.
 */
export function migrateTimeoutMs(
  wantedMs: number,
  timeouts: readonly NodeTimeout[],
  note: (note: Note) => void,
): number {
  const ms = Math.min(wantedMs, ...timeouts.map(timeout => Math.ceil(timeout.ms / 2)));
  const silent = timeouts.find(({ isAssumed }) => isAssumed);
  if (silent) note({ kind: 'node-timeout-assumed', node: silent.node, assumedMs: silent.ms, waitMs: ms });
  return ms;
}
