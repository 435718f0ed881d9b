/** Slots that are about to move: the classic lines, then who gives what to whom. */
import type { MovePlan } from '../../plan/slots/move-plan.ts';
import type { SlotMove } from '../../plan/step.ts';
import type { NodeId } from '../../topology/node.ts';
import type { SlotSet } from '../../topology/slot-set.ts';
import { believedNodes } from '../../topology/snapshot.ts';
import type { Paint } from '../paint.ts';
import { columns, textOf } from './columns.ts';
import { showSlots } from './finding.ts';
import { remarkLines } from './membership.ts';
import { bytes, count, NodeNames } from './names.ts';
import { nodeLines } from './nodes.ts';

export function renderReshard(plan: MovePlan, paint: Paint): string {
  return textOf([`Ready to move ${count(slotsIn(plan.moves), 'slot')}.`, '', ...moveTable(plan, paint)]);
}

/** The same with the lines that scripts look for in the plans of redis-cli. */
export function renderClassicReshard(plan: MovePlan, paint: Paint): string {
  const nodes = believedNodes(plan.before);
  const listed = (ids: Iterable<NodeId>) =>
    nodeLines(plan.before, new Map([...nodes].filter(([id]) => new Set(ids).has(id))), paint).map(
      line => `    ${line}`,
    );
  return textOf([
    '',
    `Ready to move ${slotsIn(plan.moves)} slots.`,
    '  Source nodes:',
    ...listed(plan.moves.map(({ from }) => from)),
    '  Destination node:',
    ...listed(plan.moves.map(({ to }) => to)),
    '  Resharding plan:',
    ...plan.moves.flatMap(({ from, slots }) =>
      [...slots].map(slot => `    Moving slot ${slot} from ${from}`),
    ),
    '',
    ...moveTable(plan, paint),
  ]);
}

export interface Shares {
  /** Primaries that share the slots; some may get none. */
  readonly nodes: number;
  readonly totalWeight: number;
}

export function renderRebalance(plan: MovePlan, { nodes, totalWeight }: Shares, paint: Paint): string {
  const names = new NodeNames(plan.before);
  return textOf([
    paint.heading(`>>> Rebalancing across ${nodes} nodes. Total weight = ${totalWeight.toFixed(2)}`),
    ...plan.moves.map(
      ({ from, to, slots }) => `Moving ${slots.size} slots from ${names.of(from)} to ${names.of(to)}`,
    ),
    '',
    ...moveTable(plan, paint),
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
      `~${duration(likelyMs(move.slots.size, keys, size))}`,
      showSlots(move.slots),
    ];
  });
  const { before, after } = plan.fragments;
  return [
    ...columns(['from', 'to', 'slots', 'keys', 'bytes', 'time', 'which'], rows, paint),
    `The slot map has ${count(before, 'run')} of slots now, and ${after} then.`,
    ...remarkLines(plan, paint),
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
    // An empty server uses memory too.
    ...(usedMemoryBytes !== undefined && { size: keys === 0 ? 0 : Math.round(usedMemoryBytes * share) }),
  };
}

/**
 * What one pair of servers is known to move in a second by MIGRATE, on one machine with two cores and a value of 100 bytes;
 * whichever takes longest. Clients that are busy, and a network, make it slower, and atomic migration makes it several
 * times faster: it says whether to wait, or to go home.
 */
const PER_SECOND = { slots: 10_000, keys: 50_000, size: 50 * 1024 * 1024 };

function likelyMs(slots: number, keys = 0, size = 0): number {
  const seconds = Math.max(slots / PER_SECOND.slots, keys / PER_SECOND.keys, size / PER_SECOND.size);
  return seconds * 1000;
}

/** Rounded up: nobody waits for a part of a second. */
function duration(ms: number): string {
  const seconds = Math.max(1, Math.ceil(ms / 1000));
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.ceil(seconds / 60);
  return minutes < 120 ? `${minutes} min` : `${Math.ceil(minutes / 60)} h`;
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

/** How far a move is, and how long the rest takes if it goes on so. */
export function movingLine(
  { before }: Pick<MovePlan, 'before'>,
  { from, to }: SlotMove,
  { slots, of, keys, ms }: Moved,
  names: NodeNames,
): string {
  const left = slots > 0 ? `, ${duration((ms * (of - slots)) / slots)} left` : '';
  const speed = `${rate(keys, ms)} keys/s, ${bytes(rate(keys * bytesPerKey(before, from), ms))}/s`;
  return `${names.of(from)} to ${names.of(to)}: ${slots} of ${count(of, 'slot')}, ${count(keys, 'key')}, ${speed}${left}`;
}

/** Memory of the source by its keys. */
function bytesPerKey({ views }: MovePlan['before'], id: SlotMove['from']): number {
  const { keys = 0, usedMemoryBytes = 0 } = views.find(view => view.id === id)?.server ?? {};
  return keys > 0 ? usedMemoryBytes / keys : 0;
}

/** The words for each slot that people look for in what the classic tools print. */
export function movedSlotLines({ from, to }: SlotMove, slots: SlotSet, names: NodeNames): string {
  return [...slots].map(slot => `Moving slot ${slot} from ${names.of(from)} to ${names.of(to)}\n`).join('');
}

/** In a second. */
export function rate(keys: number, ms: number): number {
  return ms > 0 ? Math.round((keys * 1000) / ms) : 0;
}
