/**
 * Keys on their way from node to node: both ends are watched while they go, and in the end it is told which nodes have
 * lost keys meanwhile, and how many of those that were counted beforehand are nowhere any more.
 */
import type { Loss } from '../../plan/slots/loss.ts';
import type { SlotMove } from '../../plan/step.ts';
import type { Fleet } from '../../resp/fleet.ts';
import { formatAddress, type NodeId } from '../../topology/node.ts';
import { isEvicting, type ServerChange } from '../../topology/server-changes.ts';
import { type Slot, SlotSet } from '../../topology/slot-set.ts';
import { type ClusterSnapshot, type NodeView, ownClaims } from '../../topology/snapshot.ts';
import type { KeyCounts } from '../keys/count-keys.ts';
import { takeCensus } from '../look/census.ts';
import { EntryNodeError, inspect } from '../look/inspect.ts';
import { AlarmError } from '../move/move-error.ts';
import { type Guard, NodeWatch, unlessSilent } from './nodes.ts';

/** What those who send keys have to do with the watch. */
export interface Trip {
  /** The first look is over, and what is there already is counted. Nothing is sent before. */
  readonly ready: Promise<void>;
  /** To be asked before each portion; throws where no more is to be sent. */
  expectCalm(): void;
  /** After a failure: whoever did not answer may have been started again. */
  lookAgain(): Promise<void>;
  /** The keys that are to go, as the source has counted them. */
  counted(keys: KeyCounts): void;
  end(): void;
}

interface Journey extends SlotMove {
  /** At both ends before anything went; absent where nobody could count them. */
  keys?: KeyCounts;
  /** Of the target, where an earlier run had brought some; undefined where it could not count them. */
  there: Promise<KeyCounts | undefined>;
}

export class TransferWatch {
  readonly #fleet: Fleet;
  readonly #views: ReadonlyMap<NodeId, NodeView>;
  readonly #watch: NodeWatch;
  readonly #records: Journey[] = [];

  constructor(fleet: Fleet, before: ClusterSnapshot, options: { readonly mayEvict: boolean }) {
    this.#fleet = fleet;
    this.#views = new Map(before.views.map(view => [view.id, view]));
    this.#watch = new NodeWatch(fleet, before, options);
  }

  /** `shared`: slots in which the target may have keys already. */
  begin(move: SlotMove, shared: SlotSet): Trip {
    const there = unlessSilent(this.#count(move.to, shared));
    const record: Journey = { ...move, there };
    this.#records.push(record);
    let guard: Guard | undefined;
    let isOver = false;
    const begins = this.#watch.over({ sources: [move.from], targets: [move.to] }).then(begun => {
      guard = begun;
      if (isOver) guard.end();
    });
    const ready = Promise.all([begins, there]).then(() => {});
    // Waited for by those who send; who never comes so far does not mind.
    ready.catch(() => {});
    return {
      ready,
      expectCalm: () => {
        const alarm = guard?.alarm;
        // A node that is full has room for slots without keys.
        if (alarm?.kind === 'full' && record.keys?.size === 0) return;
        if (alarm) throw new AlarmError(this.#addressOf(alarm.node), alarm);
      },
      lookAgain: async () => guard?.look(),
      counted: keys => {
        record.keys = keys;
      },
      end: () => {
        isOver = true;
        guard?.end();
      },
    };
  }

  /** Once all is over. */
  async losses(): Promise<Loss[]> {
    const changes = await this.#watch.changes(this.#records.flatMap(({ from, to }) => [from, to]));
    return Promise.all(changes.map(change => this.#lossBy(change)));
  }

  async #lossBy(change: ServerChange): Promise<Loss> {
    const { node } = change;
    const role = this.#records.some(({ to }) => to === node) ? 'target' : 'source';
    const server = this.#views.get(node)?.server;
    const { maxMemoryBytes: mostBytes, evictionPolicy: policy } = server?.vitals ?? {};
    if (change.kind === 'evicted') {
      // A source that does so all the time does it for its clients.
      const isUsual = role === 'source' && server !== undefined && isEvicting(server);
      return {
        ...change,
        role,
        isUsual,
        ...(mostBytes !== undefined && { mostBytes }),
        ...(policy && { policy }),
      };
    }
    const found = await this.#missingOf(this.#records.filter(({ from, to }) => from === node || to === node));
    return { ...change, role, ...found };
  }

  /**
   * Of what was counted, slot by slot, so that what clients add in one does not hide what is gone from another. Nothing where
   * that cannot be told: somebody could not count, or no primary that answers owns a slot. Looked for on all primaries, since
   * another may be in the place of one by now.
   */
  async #missingOf(records: readonly Journey[]): Promise<{ counted: number; missing: number } | undefined> {
    const slots = SlotSet.union(records.map(record => record.slots));
    const held = await unlessSilent(this.#keysNow(slots));
    if (!held || records.some(({ keys }) => !keys)) return undefined;
    let [counted, missing] = [0, 0];
    for (const { slots: some, keys, there } of records) {
      const earlier = await there;
      if (!earlier) return undefined;
      for (const slot of some) {
        const before = of(keys, slot) + of(earlier, slot);
        counted += before;
        missing += Math.max(0, before - of(held, slot));
      }
    }
    return { counted, missing };
  }

  async #keysNow(slots: SlotSet): Promise<KeyCounts | undefined> {
    const snapshot = await this.#lookAgain();
    const owned = SlotSet.union(ownClaims(snapshot).values());
    if (slots.without(owned).size > 0) return undefined;
    const primaries = snapshot.views.filter(({ self }) => self.role === 'primary');
    const census = await takeCensus(
      this.#fleet,
      primaries.map(view => ({ view, slots })),
    );
    const sums = new Map<Slot, number>();
    for (const held of census.values()) {
      if ('reason' in held) return undefined;
      for (const [slot, keys] of held.bySlot) sums.set(slot, (sums.get(slot) ?? 0) + keys);
    }
    return sums;
  }

  /** By the entry node, or where that is silent by one of those that were part of it. */
  async #lookAgain(): Promise<ClusterSnapshot> {
    try {
      return await inspect(this.#fleet);
    } catch (error) {
      const [first] = this.#records.flatMap(({ to }) => this.#views.get(to)?.address ?? []);
      if (!(error instanceof EntryNodeError) || !first) throw error;
      return inspect(this.#fleet, undefined, first);
    }
  }

  /** In all databases, as the source counts. */
  async #count(id: NodeId, slots: SlotSet): Promise<KeyCounts | undefined> {
    const view = this.#views.get(id);
    if (!view || slots.size === 0) return new Map();
    const held = (await takeCensus(this.#fleet, [{ view, slots }])).get(id);
    return held && 'bySlot' in held ? held.bySlot : undefined;
  }

  #addressOf(id: NodeId): string {
    const view = this.#views.get(id);
    return view ? formatAddress(view.address) : id;
  }
}

function of(counts: KeyCounts | undefined, slot: Slot): number {
  return counts?.get(slot) ?? 0;
}

/** Slots that the target was importing before we began: an earlier run may have brought some of their keys. */
export function openAt({ views }: ClusterSnapshot, { to, slots }: SlotMove): SlotSet {
  const open = views.find(({ id }) => id === to)?.open.importing.keys() ?? [];
  return SlotSet.of(...open).intersect(slots);
}
