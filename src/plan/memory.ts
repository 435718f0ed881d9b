/** What memory a server has for keys, and whether more fit in: for moves, imports and restores alike. */
import { limitedBytes } from '../topology/server-changes.ts';
import type { ServerFacts } from '../topology/snapshot.ts';

/** Of the limit: above it, nodes are sent no more (they count as full), and clients write meanwhile. */
const SPARE_SHARE = 0.03;

/** What the keys of a server take. */
export function dataBytes({ usedMemoryBytes = 0, vitals }: ServerFacts): number {
  return Math.max(0, usedMemoryBytes - (vitals?.baseBytes ?? 0));
}

export interface LackOfMemory {
  readonly policy: string;
  readonly usedBytes: number;
  readonly comingBytes: number;
  /** With the margins. */
  readonly neededBytes: number;
  readonly mostBytes: number;
}

/** What stays free on purpose. */
export interface Margins {
  /** Of what comes. */
  readonly growthShare?: number;
  /** Of the limit. */
  readonly spareShare?: number;
}

/** Undefined where it fits, and for a server without a limit. In memory as servers count it against their limit. */
export function lackOfMemory(
  server: ServerFacts,
  coming: number,
  { growthShare = 0, spareShare = SPARE_SHARE }: Margins = {},
): LackOfMemory | undefined {
  const { evictionPolicy: policy = 'noeviction' } = server.vitals ?? {};
  const mostBytes = server.vitals?.maxMemoryBytes ?? server.evictsAboveBytes;
  if (mostBytes === undefined) return undefined;
  const [usedBytes, comingBytes] = [limitedBytes(server), Math.ceil(coming)];
  const neededBytes = Math.ceil(usedBytes + comingBytes * (1 + growthShare) + mostBytes * spareShare);
  return neededBytes > mostBytes ? { policy, usedBytes, comingBytes, neededBytes, mostBytes } : undefined;
}
