/** Slots that are about to move: the classic lines, then who gives what to whom. */
import type { MovePlan } from '../plan/move-plan.ts';
import type { SlotMove } from '../plan/step.ts';
import type { NodeId } from '../topology/node.ts';
import { columns } from './columns.ts';
import { showSlots } from './finding-text.ts';
import { remarkLines } from './membership.ts';
import { bytes, count, NodeNames } from './names.ts';
import type { Paint } from './paint.ts';

export function renderReshard(plan: MovePlan, paint: Paint): string {
  const total = slotsIn(plan.moves);
  return text([
    `Ready to move ${count(total, 'slot')}.`,
    '',
    ...moveTable(plan, paint),
    ...remarkLines(plan, paint),
  ]);
}

export function renderRebalance(plan: MovePlan, totalWeight: number, paint: Paint): string {
  const nodes = new Set(plan.moves.flatMap(({ from, to }) => [from, to]));
  const names = new NodeNames(plan.before);
  return text([
    paint.heading(`>>> Rebalancing across ${nodes.size} nodes. Total weight = ${totalWeight.toFixed(2)}`),
    ...plan.moves.map(
      ({ from, to, slots }) => `Moving ${slots.size} slots from ${names.of(from)} to ${names.of(to)}`,
    ),
    '',
    ...moveTable(plan, paint),
    ...remarkLines(plan, paint),
  ]);
}

function moveTable(plan: MovePlan, paint: Paint): string[] {
  const names = new NodeNames(plan.before);
  const rows = plan.moves.map(move => {
    const { keys, size } = estimate(plan, move);
    return [
      names.of(move.from),
      names.of(move.to),
      `${move.slots.size}`,
      keys === undefined ? '?' : `~${keys}`,
      size === undefined ? '?' : `~${bytes(size)}`,
      showSlots(move.slots),
    ];
  });
  const { before, after } = plan.fragments;
  return [
    ...columns(['from', 'to', 'slots', 'keys', 'bytes', 'which'], rows, paint),
    `The slot map has ${count(before, 'run')} of slots now, and ${after} then.`,
  ];
}

/** By the share of the source's slots: keys are spread evenly, as a rule. */
function estimate({ before }: MovePlan, { from, slots }: SlotMove): { keys?: number; size?: number } {
  const view = before.views.find(({ id }) => id === from);
  const owned = view?.self.role === 'primary' ? view.self.slots.size : 0;
  const { keys, usedMemoryBytes } = view?.server ?? {};
  if (owned === 0) return {};
  const share = slots.size / owned;
  return {
    ...(keys !== undefined && { keys: Math.round(keys * share) }),
    ...(usedMemoryBytes !== undefined && { size: Math.round(usedMemoryBytes * share) }),
  };
}

export function slotsIn(moves: readonly SlotMove[]): number {
  return moves.reduce((sum, { slots }) => sum + slots.size, 0);
}

/** How far the moves of one pair have come. */
export function movedLine(
  from: NodeId,
  to: NodeId,
  { slots, of, keys, ms }: { slots: number; of: number; keys: number; ms: number },
  names: NodeNames,
): string {
  const rate = ms > 0 ? Math.round((keys * 1000) / ms) : 0;
  return `${names.of(from)} -> ${names.of(to)}: ${slots} of ${of} slots, ${count(keys, 'key')}, ${rate} keys/s`;
}

function text(lines: readonly string[]): string {
  return `${lines.join('\n')}\n`;
}
