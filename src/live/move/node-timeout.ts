/** How long a server may be silent before the others take it for dead: what a MIGRATE must stay below, and what limits a key's size. */
import type { Fleet } from '../../resp/fleet.ts';
import { configGet } from '../../resp/membership-commands.ts';
import { type Address, formatAddress } from '../../topology/node.ts';
import { ifTold } from '../look.ts';

export interface NodeTimeout {
  readonly ms: number;
  /** A sentence for the person, where the node does not tell. */
  readonly assumption?: string;
}

/** As low as people set it; too low costs a few MIGRATEs that are tried again, too high takes two primaries down. */
const ASSUMED_MS = 2000;

export async function nodeTimeoutAt(fleet: Fleet, at: Address): Promise<NodeTimeout> {
  const told = Number(await ifTold(fleet.send(at, configGet('cluster-node-timeout'))));
  if (told > 0) return { ms: told };
  const assumption =
    `${formatAddress(at)} does not tell its cluster-node-timeout (+config|get): it is taken to be ${ASSUMED_MS} ms, ` +
    `so servers wait for each other ${migrateTimeoutMs(Infinity, { ms: ASSUMED_MS })} ms in a MIGRATE at most`;
  return { ms: ASSUMED_MS, assumption };
}

/** What servers may wait for each other in one MIGRATE. */
export function migrateTimeoutMs(wantedMs: number, { ms }: NodeTimeout): number {
  return Math.min(wantedMs, Math.ceil(ms / 2));
}
