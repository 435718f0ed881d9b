/** What has become of the node timeout everywhere: the lines that scripts know, and a table of old and new. */
import type { TimeoutAt, TimeoutProblem } from '../../plan/timeout-at.ts';
import type { Paint } from '../paint.ts';
import { NO_ADDRESS, nameOf } from './call.ts';
import { columns } from './columns.ts';
import { sentences } from './sentences.ts';

export function timeoutHeading(paint: Paint): string {
  return `${paint.heading('>>> Reconfiguring node timeout in every cluster node...')}\n`;
}

export function timeoutLine({ node, problem }: TimeoutAt, paint: Paint): string {
  return problem === undefined
    ? `*** New timeout set for ${nameOf(node)}\n`
    : `${paint.bad(`ERR setting node-timeout for ${nameOf(node)}: ${describeTimeoutProblem(problem)}`)}\n`;
}

export function timeoutTail(all: readonly TimeoutAt[], paint: Paint): string {
  const failed = all.filter(({ problem }) => problem !== undefined).length;
  const rows = all.map(({ node, beforeMs, nowMs, saved }) => [
    nameOf(node),
    ms(beforeMs),
    ms(nowMs),
    saved ? 'yes' : 'no',
  ]);
  const tally = `>>> New node timeout set. ${all.length - failed} OK, ${failed} ERR.`;
  return `${[paint.heading(tally), ...columns(['node', 'before', 'now', 'saved'], rows, paint)].join('\n')}\n`;
}

export function timeoutPreview(all: readonly TimeoutAt[], timeoutMs: number, paint: Paint): string {
  const rows = all.map(({ node, beforeMs, problem }) => [
    nameOf(node),
    ms(beforeMs),
    problem === undefined ? `${timeoutMs} ms` : describeTimeoutProblem(problem),
  ]);
  return `${columns(['node', 'now', 'then'], rows, paint).join('\n')}\n`;
}

export const describeTimeoutProblem = sentences<TimeoutProblem>({
  node: ({ message }) => message,
  'no-address': () => NO_ADDRESS,
  'other-value': ({ setMs, nowMs }) => `it was set to ${setMs} ms, but now says ${nowMs ?? 'nothing'}`,
  'not-saved': ({ message }) => `in force, but lost at its next restart: ${message}`,
});

function ms(value: number | undefined): string {
  return value === undefined ? '-' : `${value} ms`;
}
