/** Servers that do not go together, however well they speak to each other. */
import type { Candidate } from '../topology/candidate.ts';
import type { Address } from '../topology/node.ts';
import type { Product, ServerFacts } from '../topology/snapshot.ts';
import type { Refusal } from './refusal.ts';

/** Redis and Valkey exchange bus messages and misunderstand each other’s addresses: clients are sent to nowhere. */
export function productsMixed(candidates: readonly Candidate[], cluster?: Product): Refusal[] {
  const of = (product: Product): Address[] =>
    candidates.filter(({ view }) => view.server.product === product).map(({ asked }) => asked);
  const [redis, valkey] = [of('redis'), of('valkey')];
  const mixed = (redis.length > 0 || cluster === 'redis') && (valkey.length > 0 || cluster === 'valkey');
  return mixed ? [{ kind: 'products-mixed', redis, valkey, ...(cluster && { cluster }) }] : [];
}

/** A newer server's snapshot is not read by an older one. */
export function isOlder(replica: ServerFacts, primary: ServerFacts): boolean {
  if (replica.product !== primary.product) return false;
  const [own, other] = [replica.release, primary.release];
  return own.major < other.major || (own.major === other.major && own.minor < other.minor);
}
