/** The clock of the servers, by which keys end: ours may be hours off, and take those for gone that live. */

import { serverTime } from '../../resp/commands/restore.ts';
import { NodeError, ServerRefusalError } from '../../resp/errors.ts';
import type { Fleet } from '../../resp/fleet.ts';
import type { Address } from '../../topology/node.ts';

/** Of several, the one that is furthest behind. Where none may be asked it is ours. */
export async function serverClock(
  fleet: Fleet,
  nodes: readonly Address[],
  nowMs: () => number,
): Promise<() => number> {
  const offsets = await Promise.all(
    nodes.map(async node => {
      try {
        return [(await fleet.send(node, serverTime())) - nowMs()];
      } catch (error) {
        // Nobody who lacks the right, and no node that is gone just now, keeps a restore from being done.
        if (error instanceof ServerRefusalError || error instanceof NodeError) return [];
        throw error;
      }
    }),
  );
  const known = offsets.flat();
  const offset = known.length === 0 ? 0 : Math.min(...known);
  return () => nowMs() + offset;
}
