/** All that is known of single slots which something is wrong with: who claims them, who has them open, who holds keys. */
import { type Census, countedAt } from '../../topology/census.ts';
import type { Finding } from '../../topology/finding.ts';
import { type NodeId, slotsOf } from '../../topology/node.ts';
import { bySlot, SLOT_COUNT, type Slot, SlotSet } from '../../topology/slot-set.ts';
import { type ClusterSnapshot, campsOf, primariesIn, viewOf } from '../../topology/snapshot.ts';

export interface SlotScene {
  readonly slot: Slot;
  /** The primary that answers and that is believed to own it. */
  readonly owner?: NodeId;
  /** Others that claim it too. */
  readonly rivals: readonly NodeId[];
  /** The owner, where it does not answer and nobody else claims the slot. */
  readonly silent?: NodeId;
  /** Marks on primaries: by node, where the slot goes or comes from. */
  readonly migrating: ReadonlyMap<NodeId, NodeId>;
  readonly importing: ReadonlyMap<NodeId, NodeId>;
  /**
   * Whom those who import it take for its owner. A source that fails over takes the claim with it, and whoever imports a
   * slot does not hear who owns it now.
   */
  readonly heard: ReadonlyMap<NodeId, NodeId | undefined>;
  /** Replicas with marks, each with its primary. */
  readonly markedReplicas: ReadonlyMap<NodeId, NodeId | undefined>;
  /** Keys by primary; who has none is left out. */
  readonly keys: ReadonlyMap<NodeId, number>;
}

interface Draft {
  readonly slot: Slot;
  readonly claimants: NodeId[];
  readonly migrating: Map<NodeId, NodeId>;
  readonly importing: Map<NodeId, NodeId>;
  readonly heard: Map<NodeId, NodeId | undefined>;
  readonly markedReplicas: Map<NodeId, NodeId | undefined>;
  readonly keys: Map<NodeId, number>;
}

/** Only slots of which something is to be told: marked, claimed by none or several, or with keys outside their owner. */
export function slotScenes(
  snapshot: ClusterSnapshot,
  census: Census,
  findings: readonly Finding[],
): SlotScene[] {
  const drafts = draftAll(snapshot, census);
  const silent = bySlot(
    findings.flatMap(({ kind, nodes: [owner], slots }) =>
      kind === 'owner-unreachable' && owner ? [[owner, slots] as const] : [],
    ),
  );
  return [...drafts]
    .sort((a, b) => a.slot - b.slot)
    .map(({ claimants, ...draft }) => {
      const [owner, ...rivals] = claimants.length < 2 ? claimants : byBelief(claimants, draft, snapshot);
      const dead = owner ? undefined : silent[draft.slot];
      return { ...draft, rivals, ...(owner && { owner }), ...(dead && { silent: dead }) };
    });
}

function draftAll(snapshot: ClusterSnapshot, census: Census): Iterable<Draft> {
  const primaries = primariesIn(snapshot);
  const claims = new Uint16Array(SLOT_COUNT);
  for (const { self } of primaries) for (const s of self.slots) claims[s] = (claims[s] ?? 0) + 1;
  const drafts = new Map<Slot, Draft>();
  const draft = (slot: Slot): Draft => {
    const known = drafts.get(slot);
    if (known) return known;
    const made: Draft = {
      slot,
      claimants: primaries.filter(({ self }) => self.slots.has(slot)).map(({ id }) => id),
      migrating: new Map(),
      importing: new Map(),
      heard: new Map(),
      markedReplicas: new Map(),
      keys: new Map(),
    };
    drafts.set(slot, made);
    return made;
  };
  for (const slot of SlotSet.all) if (claims[slot] !== 1) draft(slot);
  for (const { id, self, open, nodes } of snapshot.views) {
    for (const state of ['migrating', 'importing'] as const) {
      for (const [slot, peer] of open[state]) {
        if (self.role === 'replica') draft(slot).markedReplicas.set(id, self.primary);
        else draft(slot)[state].set(id, peer);
      }
    }
    const ownerOf = (slot: Slot) => nodes.find(node => slotsOf(node).has(slot));
    for (const slot of open.importing.keys()) draft(slot).heard.set(id, ownerOf(slot)?.id);
  }
  const held = primaries.map(({ id, self }) => ({ id, self, keys: countedAt(census, id)?.bySlot ?? [] }));
  for (const { self, keys } of held) for (const [slot] of keys) if (!self.slots.has(slot)) draft(slot);
  // Whoever holds keys in one of these, its owner too.
  for (const { id, keys } of held) for (const [slot, count] of keys) drafts.get(slot)?.keys.set(id, count);
  return drafts.values();
}

/**
 * Who is to be believed of several that claim a slot. The newest epoch, before all: that claim is the one which the
 * servers themselves would settle on. Where epochs are equal, whom more of the others believe; then who holds more keys;
 * then the smaller id, which is the one that would take a new epoch if the two met.
 */
function byBelief(
  claimants: readonly NodeId[],
  { slot, keys }: Omit<Draft, 'claimants'>,
  snapshot: ClusterSnapshot,
): NodeId[] {
  const others = campsOf(snapshot.views.filter(({ id }) => !claimants.includes(id)));
  const rank = (id: NodeId) => {
    const supporters = others.filter(({ nodes }) =>
      nodes.some(node => node.id === id && slotsOf(node).has(slot)),
    );
    return {
      id,
      epoch: viewOf(snapshot, id)?.self.configEpoch ?? 0,
      support: supporters.reduce((sum, camp) => sum + camp.views.length, 0),
      keys: keys.get(id) ?? 0,
    };
  };
  return claimants
    .map(rank)
    .sort((a, b) => b.epoch - a.epoch || b.support - a.support || b.keys - a.keys || (a.id < b.id ? -1 : 1))
    .map(({ id }) => id);
}
