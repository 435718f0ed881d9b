/**
 * Whether targets have room for the keys that come to them. One without has them evicted while they arrive, and the source has
 * deleted them by then; with `noeviction` the move stops half-way.
 *
 * Model: what comes takes as much memory at the target as it takes at the source, whose data are its used memory less
 * what no keys take; so each key takes the average of its source. Needed are what the target uses now, what comes, and the
 * margins (memory.ts, and below), in memory as the servers count it against their limit. That leaves out buffers of replicas. What leaves a target by
 * the same plan is not counted: it may go later than the rest comes.
 */
import { type NodeId, slotsOf } from '../../topology/node.ts';
import type { Slot, SlotSet } from '../../topology/slot-set.ts';
import { type ClusterSnapshot, type NodeView, type ServerFacts, viewOf } from '../../topology/snapshot.ts';
import { dataBytes, lackOfMemory } from '../memory.ts';
import type { Refusal } from '../refusal.ts';
import type { SlotMove } from '../step.ts';

/**
 * Of what comes: tables that grow, the backlog, and what waits for clients. Pages that are copied while a child process saves are
 * memory of the machine, and do not count against the limit.
 */
const GROWTH_SHARE = 0.1;
/** Data that take less say nothing of how large keys are: it is connections and rounding. */
const LEAST_DATA_BYTES = 1024 * 1024;

/** Keys by slot, of each source; those that are absent could not be counted. */
export type MovingKeys = ReadonlyMap<NodeId, ReadonlyMap<Slot, number>>;

/** Moves to nodes that have a limit: whoever counts keys for `withoutRoom` counts these. */
export function movesIntoLimits({ views }: ClusterSnapshot, moves: readonly SlotMove[]): SlotMove[] {
  const limited = new Set(
    views.filter(({ server }) => server.vitals?.maxMemoryBytes !== undefined).map(({ id }) => id),
  );
  return moves.filter(({ to }) => limited.has(to));
}

export type NoRoom = Extract<Refusal, { kind: 'no-room' }>;

/** The targets of these moves that lack room, each with what it lacks. */
export function withoutRoom(
  snapshot: ClusterSnapshot,
  moves: readonly SlotMove[],
  keys: MovingKeys,
): NoRoom[] {
  return [...new Set(moves.map(({ to }) => to))].flatMap((node): NoRoom[] => {
    const target = viewOf(snapshot, node)?.server;
    const coming = moves.flatMap(({ from, to, slots }) => {
      const source = to === node ? viewOf(snapshot, from) : undefined;
      return source && mayHoldKeys(source, slots, keys.get(from))
        ? [{ source, slots, keys: keys.get(from) }]
        : [];
    });
    // Where no key comes, a full one gets no fuller.
    if (!target || coming.length === 0) return [];
    const comingBytes = coming.reduce(
      (sum, { source, slots, keys }) => sum + bytesOf(source, slots, keys),
      0,
    );
    const lack = lackOfMemory(target, comingBytes, { growthShare: GROWTH_SHARE });
    return lack ? [{ kind: 'no-room', node, ...lack }] : [];
  });
}

function mayHoldKeys(
  { server }: NodeView,
  slots: SlotSet,
  keys: ReadonlyMap<Slot, number> | undefined,
): boolean {
  const isCounted = keys && server.databases.every(database => database === 0);
  return isCounted ? [...slots].some(slot => (keys.get(slot) ?? 0) > 0) : server.keys !== 0;
}

/** By the keys that are in the slots, or by the slots' share of all that it owns. */
function bytesOf(source: NodeView, slots: SlotSet, keys: ReadonlyMap<Slot, number> | undefined): number {
  const { self, server } = source;
  if (keys && server.databases.every(database => database === 0)) {
    const coming = [...slots].reduce((sum, slot) => sum + (keys.get(slot) ?? 0), 0);
    return coming * averageBytes(server);
  }
  const owned = slotsOf(self).size;
  return owned === 0 ? 0 : (tellingBytes(server) * slots.size) / owned;
}

function averageBytes(server: ServerFacts): number {
  return tellingBytes(server) / Math.max(1, server.keys ?? 0);
}

function tellingBytes(server: ServerFacts): number {
  const data = dataBytes(server);
  return data < LEAST_DATA_BYTES ? 0 : data;
}
