/** `info` as text: the classic lines, and a line for each node that did not answer. */
import { believedNodes, type ClusterSnapshot } from '../topology/snapshot.ts';
import { NodeNames, shortId } from './names.ts';
import { keyLines } from './nodes.ts';
import type { Paint } from './paint.ts';

export function renderInfo(snapshot: ClusterSnapshot, paint: Paint): string {
  return `${[...keyLines(snapshot, believedNodes(snapshot), paint), ...silentLines(snapshot, paint)].join('\n')}\n`;
}

export function silentLines(snapshot: ClusterSnapshot, paint: Paint): string[] {
  const names = new NodeNames(snapshot);
  return snapshot.unreachable.map(({ id, reason }) =>
    paint.bad(`[ERR] ${names.of(id)} (${shortId(id)}) could not be asked: ${reason}.`),
  );
}
