/** A look at a cluster that is known already, while nodes come and go. */
import { NodeError } from '../../resp/errors.ts';
import type { Fleet } from '../../resp/fleet.ts';
import type { ClusterSnapshot } from '../../topology/snapshot.ts';
import { EntryNodeError, inspect } from './inspect.ts';

/**
 * Through the entry node, or another one where that is gone. A node that was away for a moment is asked again, and not
 * taken for one that does not answer. Undefined where nobody answers.
 */
export async function inspectAgain(
  fleet: Fleet,
  { views, unreachable }: ClusterSnapshot,
): Promise<ClusterSnapshot | undefined> {
  const places = views.map(({ address }) => address);
  for (const address of [...places, ...unreachable.flatMap(({ address }) => address ?? [])])
    fleet.renew(address);
  for (const first of ['entry' as const, ...places]) {
    try {
      return await inspect(fleet, undefined, first);
    } catch (error) {
      if (!(error instanceof EntryNodeError || error instanceof NodeError)) throw error;
    }
  }
  return undefined;
}
