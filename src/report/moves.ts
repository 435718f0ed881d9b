/** Slots that are about to move: the classic lines, then who gives what to whom. */
import type { MovePlan } from '../plan/move-plan.ts';
import type { SlotMove } from '../plan/step.ts';
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

export interface Moved {
  readonly slots: number;
  readonly of: number;
  readonly keys: number;
  readonly ms: number;
}

/** What has become of one move. */
export function movedLine({ from, to }: SlotMove, moved: Moved, names: NodeNames): string {
  const { slots, of, keys, ms } = moved;
  const part = slots === of ? count(slots, 'slot') : `${slots} of ${count(of, 'slot')}`;
  return `Moved ${part} from ${names.of(from)} to ${names.of(to)}: ${count(keys, 'key')}, ${rate(keys, ms)} keys/s.`;
}

/** How far all moves are, and how long the rest takes if it goes on so. */
export function remainingText({ slots, of, keys, ms }: Moved): string {
  const left = slots > 0 ? `, ${Math.ceil((ms * (of - slots)) / slots / 1000)} s left` : '';
  return `${slots} of ${count(of, 'slot')}, ${count(keys, 'key')}, ${rate(keys, ms)} keys/s${left}`;
}

function rate(keys: number, ms: number): number {
  return ms > 0 ? Math.round((keys * 1000) / ms) : 0;
}

function text(lines: readonly string[]): string {
  return `${lines.join('\n')}\n`;
}
