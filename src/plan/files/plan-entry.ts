/**
 * Where a plan file says that the cluster is. Whoever applies it may log in there, so it is host and port and nothing
 * else: a URI could bring a login of its own, and a path means something else on another machine.
 */
import { formatAddress } from '../../topology/node.ts';
import { addressBook, type ClusterSnapshot } from '../../topology/snapshot.ts';
import { readText, wrong } from './read-value.ts';

const HOST_AND_PORT = /^(?:\[[^\s/@[\]\p{C}]{1,255}\]|[^\s/@[\]\p{C}]{1,255}):\d{1,5}$/u;

/** Absent where the cluster was reached by a unix socket and the node announces no address. */
export function entryPlace(snapshot: ClusterSnapshot): string | undefined {
  const asked = addressBook(snapshot).get(snapshot.entry);
  const announced = snapshot.views.find(({ id }) => id === snapshot.entry)?.self.address;
  const place = asked?.port === 0 ? announced : asked;
  return place && formatAddress(place);
}

export function readEntry(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  // Not shown: there may be a password in it.
  if (typeof value === 'string' && /[/@]/.test(value))
    wrong('entry', 'is no host:port; a URI, a login or a path may not stand there');
  return readText(value, HOST_AND_PORT, 'entry');
}
