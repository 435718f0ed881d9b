/** Servers that do not go together, however well they speak to each other. */
import type { Candidate } from '../../topology/candidate.ts';
import type { Address, NodeId } from '../../topology/node.ts';
import { isAtLeast, type Release } from '../../topology/releases.ts';
import type { NodeView, Product, ServerFacts } from '../../topology/snapshot.ts';
import type { Refusal } from '../refusal.ts';

/** Redis and Valkey exchange bus messages and misunderstand each other’s addresses: clients are sent to nowhere. */
export function productsMixed(candidates: readonly Candidate[], cluster?: Product): Refusal[] {
  const of = (product: Product): Address[] =>
    candidates.filter(({ view }) => view.server.product === product).map(({ asked }) => asked);
  const [redis, valkey] = [of('redis'), of('valkey')];
  const mixed = (redis.length > 0 || cluster === 'redis') && (valkey.length > 0 || cluster === 'valkey');
  return mixed ? [{ kind: 'products-mixed', redis, valkey, ...(cluster && { cluster }) }] : [];
}

/**
 * The version that a server writes into what it packs, since the release at which it became so; found out on 7.0, 8.0,
 * 8.6, Valkey 8.0, 8.1 and 9.1. Of the others at least the one before is certain.
 */
const PAYLOADS: Readonly<Record<Product, readonly { readonly since: Release; readonly version: number }[]>> =
  {
    redis: [
      { since: [8, 6], version: 13 },
      { since: [7, 4], version: 12 },
      { since: [7, 2], version: 11 },
      { since: [7, 0], version: 10 },
      { since: [5, 0], version: 9 },
      { since: [4, 0], version: 8 },
    ],
    valkey: [
      { since: [9, 0], version: 80 },
      { since: [7, 2], version: 11 },
    ],
  };

/** After Redis and Valkey had parted, these numbers were given out by Redis alone. */
const REDIS_ONLY = 12;

/** Whether a server takes the values that another packs: it takes those of its own version and of all before. */
export function takesValuesOf(target: ServerFacts, source: ServerFacts): boolean {
  const [own, other] = [payloadOf(target), payloadOf(source)];
  if (target.product === 'valkey' && source.product === 'redis' && other >= REDIS_ONLY) return false;
  return other <= own;
}

function payloadOf({ product, release }: ServerFacts): number {
  return PAYLOADS[product].find(({ since }) => isAtLeast(release, since))?.version ?? 0;
}

/** A newer server's snapshot is not read by an older one. */
export function isOlder(replica: ServerFacts, primary: ServerFacts): boolean {
  const { major, minor } = primary.release;
  return replica.product === primary.product && !isAtLeast(replica.release, [major, minor]);
}

/** Replicas that could not read what their primaries send. */
export function olderReplicas(
  views: readonly Pick<NodeView, 'id' | 'server'>[],
  pairs: Iterable<readonly [replica: NodeId, primary: NodeId]>,
): Refusal[] {
  const servers = new Map(views.map(({ id, server }) => [id, server]));
  return [...pairs].flatMap(([node, primary]): Refusal[] => {
    const [own, source] = [servers.get(node), servers.get(primary)];
    return own && source && isOlder(own, source) ? [{ kind: 'replica-older', node, primary }] : [];
  });
}
