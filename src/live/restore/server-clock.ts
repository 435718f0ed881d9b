/** The clock of the servers, by which keys end: ours may be hours off, and take those for gone that live. */

import { serverTime } from '../../resp/commands/restore.ts';
import type { Fleet } from '../../resp/fleet.ts';
import type { Address } from '../../topology/node.ts';
import { ifAnswered } from '../look/look-at-node.ts';

/** Of several, the one that is furthest behind. Where none may be asked it is ours. */
export async function serverClock(
  fleet: Fleet,
  nodes: readonly Address[],
  nowMs: () => number,
): Promise<() => number> {
  const offsets = await Promise.all(
    nodes.map(async node => {
      const time = await ifAnswered(fleet.send(node, serverTime()));
      // Nobody who lacks the right, and no node that is gone just now, keeps a restore from being done.
      return time === undefined ? [] : [time - nowMs()];
    }),
  );
  const known = offsets.flat();
  const offset = known.length === 0 ? 0 : Math.min(...known);
  return () => nowMs() + offset;
}
