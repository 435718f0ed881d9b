/** A look at a cluster that is known already, while nodes come and go. */
import { NodeError } from '../../resp/errors.ts';
import type { Fleet } from '../../resp/fleet.ts';
import type { Address } from '../../topology/node.ts';
import type { ClusterSnapshot } from '../../topology/snapshot.ts';
import { EntryNodeError, inspect } from './inspect.ts';

/**
 * Through the entry node, or another one where that is gone. A node that was away for a moment is asked again, and not
 * taken for one that does not answer. Undefined where nobody answers.
 */
export async function inspectAgain(
  fleet: Fleet,
  known: readonly Address[],
): Promise<ClusterSnapshot | undefined> {
  for (const address of known) fleet.renew(address);
  for (const first of ['entry' as const, ...known]) {
    try {
      return await inspect(fleet, undefined, first);
    } catch (error) {
      if (!(error instanceof EntryNodeError || error instanceof NodeError)) throw error;
    }
  }
  return undefined;
}

export function placesIn({ views }: ClusterSnapshot): Address[] {
  return views.map(({ address }) => address);
}
