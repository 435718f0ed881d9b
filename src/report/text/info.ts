/** `info` as text: the classic lines, and a line for each node that did not answer. */
import { formatAddress } from '../../topology/node.ts';
import { SLOT_COUNT } from '../../topology/slot-set.ts';
import { believedNodes, type ClusterSnapshot, coveredSlots } from '../../topology/snapshot.ts';
import type { Paint } from '../paint.ts';
import { NodeNames, shortId } from './names.ts';
import { keyLines } from './nodes.ts';

export function renderInfo(snapshot: ClusterSnapshot, paint: Paint): string {
  return `${[...keyLines(snapshot, believedNodes(snapshot), paint), ...problemLines(snapshot, paint)].join('\n')}\n`;
}

/** What a look at numbers alone would not show. */
export function problemLines(snapshot: ClusterSnapshot, paint: Paint): string[] {
  const names = new NodeNames(snapshot);
  const covered = coveredSlots(snapshot).size;
  const lines = snapshot.unreachable.map(({ id, address, reason }) => {
    const where = address ? formatAddress(address) : names.of(id);
    return paint.bad(`[ERR] ${where} (${shortId(id)}) could not be asked: ${reason}.`);
  });
  if (covered < SLOT_COUNT) {
    lines.push(
      paint.warning(`[WARNING] Only ${covered} of ${SLOT_COUNT} slots are owned by a node that answers.`),
    );
  }
  return lines;
}
