/** Since which release servers do what not all of them do. What only one place asks about stands there. */
import type { Product, ServerFacts } from './server-facts.ts';

export type Release = readonly [major: number, minor: number];

/** By product; one that is not named never does it. */
export type Since = Readonly<Partial<Record<Product, Release>>>;

/** Servers move slots by themselves: CLUSTER MIGRATION with Redis, CLUSTER MIGRATESLOTS with Valkey. */
export const ATOMIC_MIGRATION: Since = { redis: [8, 4], valkey: [9, 0] };
/** CLUSTER SLOT-STATS. */
export const SLOT_STATS: Since = { redis: [8, 2], valkey: [8, 0] };
/** CLUSTER ADDSLOTSRANGE and DELSLOTSRANGE. Valkey began with 7.2. */
export const SLOT_RANGES: Since = { redis: [7, 0], valkey: [7, 2] };

export function isSince(
  { product, release }: Pick<ServerFacts, 'product' | 'release'>,
  since: Since,
): boolean {
  const first = since[product];
  return first !== undefined && isAtLeast(release, first);
}

export function isAtLeast({ major, minor }: ServerFacts['release'], [first, firstMinor]: Release): boolean {
  return major > first || (major === first && minor >= firstMinor);
}
