/** The command by which a replica becomes a primary. */
import type { Command } from '../command.ts';
import { asOk } from '../reply.ts';

const WORDS = { graceful: [], force: ['FORCE'], takeover: ['TAKEOVER'] } as const;

/** Told to a replica. OK means that it has begun; it gives up by itself after five seconds. */
export function failover(way: keyof typeof WORDS): Command<void> {
  return { args: ['CLUSTER', 'FAILOVER', ...WORDS[way]], decode: asOk };
}
