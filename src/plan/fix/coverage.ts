/**
 * Slots that nobody serves get an owner: whoever holds their keys, and where nobody does, everybody a fair share in as few
 * runs as can be. What a node that does not answer owns is its own until the person says otherwise.
 */
import { formatAddress, type NodeId } from '../../topology/node.ts';
import { hearersOf, wrongAddresses } from '../../topology/proof-of-life.ts';
import { type Slot, SlotSet } from '../../topology/slot-set.ts';
import type { ClusterSnapshot, NodeView } from '../../topology/snapshot.ts';
import { shareOut } from '../slots/share-out.ts';
import { marked } from './bring-keys-home.ts';
import type { FixContext } from './context.ts';
import { hasLivingReplica, livingHolders, silentPrimaries, strandedCopies } from './out-of-reach.ts';
import type { Obstacle, Situation } from './situation.ts';
import type { SlotScene } from './slot-scenes.ts';

export interface Coverage {
  readonly situations: readonly Situation[];
  /** Who is to own what nobody owns now. */
  readonly owners: ReadonlyMap<Slot, NodeId>;
}

/** `unowned`: scenes without an owner that answers. */
export function coverSlots(
  unowned: readonly SlotScene[],
  snapshot: ClusterSnapshot,
  context: FixContext,
): Coverage {
  const orphaned = unowned.filter(({ silent }) => !silent);
  const dead = deadOwners(unowned, snapshot, context);
  const open = [...orphaned, ...unowned.filter(({ silent }) => silent && dead.given.has(silent))];
  const outOfReach = livingHolders(snapshot);
  if (open.length > 0 && outOfReach.length > 0)
    return {
      situations: [
        ...dead.situations,
        { ...blockedBy('copy-out-of-reach', open, outOfReach), detail: 'not asked' },
      ],
      owners: dead.owners,
    };
  const silent = context.withUnreachable ? [] : silentPrimaries(snapshot);
  if (open.length > 0 && silent.length > 0)
    return {
      situations: [
        ...dead.situations,
        { ...blockedBy('unreachable-owner', open, silent), detail: 'not asked' },
      ],
      owners: dead.owners,
    };
  const stranded = context.withUnreachable ? [] : strandedCopies(snapshot);
  if (orphaned.length > 0 && stranded.length > 0)
    return {
      situations: [...dead.situations, { ...blockedBy('stranded-copy', open, stranded), detail: 'stranded' }],
      owners: dead.owners,
    };
  const hidden = hiddenKeys(open, snapshot, context);
  if (hidden.length > 0) return { situations: [...dead.situations, ...hidden], owners: dead.owners };
  const uncounted = [...context.primaries].filter(id => isUncounted(context, id));
  const held = open.filter(({ keys }) => keys.size > 0);
  const empty = open.filter(({ keys }) => keys.size === 0);
  if (uncounted.length > 0) {
    const blocked = open.length > 0 ? [blockedBy('uncounted', open, uncounted)] : [];
    return { situations: [...dead.situations, ...blocked], owners: dead.owners };
  }
  const byKeys = new Map(held.map(scene => [scene.slot, mostKeys(scene)]));
  const shares = shareOut(slotsOf(empty), byKeys, snapshot);
  const owners = new Map([...dead.owners, ...byKeys, ...shares]);
  return {
    owners,
    situations: [
      ...dead.situations,
      ...claims('uncovered-with-keys', held, owners),
      ...claims('uncovered-empty', empty, owners),
    ],
  };
}

function slotsOf(scenes: readonly SlotScene[]): SlotSet {
  return SlotSet.of(...scenes.map(({ slot }) => slot));
}

function isUncounted({ census }: FixContext, id: NodeId): boolean {
  const held = census.get(id);
  return !held || 'reason' in held;
}

function blockedBy(obstacle: Obstacle, scenes: readonly SlotScene[], nodes: readonly NodeId[]): Situation {
  const facts = { slots: slotsOf(scenes), keys: 0, keysAtOwner: 0, measures: [] };
  return { kind: 'uncovered-empty', nodes, ...facts, obstacle };
}

/** Of several with as many keys the smaller id, so that the plan is the same whoever was asked first. */
function mostKeys({ keys }: SlotScene): NodeId {
  const [[most]] = [...keys].sort(([a, mine], [b, theirs]) => theirs - mine || (a < b ? -1 : 1)) as [
    [NodeId, number],
  ];
  return most;
}

function claims(
  kind: 'uncovered-empty' | 'uncovered-with-keys',
  scenes: readonly SlotScene[],
  owners: ReadonlyMap<Slot, NodeId>,
): Situation[] {
  const groups = new Map<NodeId, SlotScene[]>();
  for (const scene of scenes) {
    const owner = owners.get(scene.slot);
    if (owner) groups.set(owner, [...(groups.get(owner) ?? []), scene]);
  }
  return [...groups].map(([node, group]) => {
    const slots = slotsOf(group);
    return {
      kind,
      nodes: [node],
      slots,
      keys: sum(group.flatMap(({ keys }) => [...keys.values()])),
      keysAtOwner: sum(group.map(({ keys }) => keys.get(node) ?? 0)),
      measures: [{ phase: 'cover', step: { kind: 'claim-slots', node, slots } }],
    };
  });
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((all, number) => all + number, 0);
}

/** Who is where the owner was: it was reset, or started without its files, and will not come back as what it was. */
function successorOf(node: NodeId, snapshot: ClusterSnapshot): { readonly detail?: string } {
  const silent = snapshot.unreachable.find(({ id }) => id === node);
  const at = silent?.address ?? silent?.lastAt;
  if (!silent?.replacedBy || !at || wrongAddresses(snapshot).some(wrong => wrong.node === node)) return {};
  return { detail: `${silent.replacedBy} at ${formatAddress(at)}` };
}

interface DeadOwners {
  readonly situations: readonly Situation[];
  /** By slot the replica that takes over. */
  readonly owners: ReadonlyMap<Slot, NodeId>;
  /** Whose slots are given to others. */
  readonly given: ReadonlySet<NodeId>;
}

function deadOwners(
  unowned: readonly SlotScene[],
  snapshot: ClusterSnapshot,
  { withUnreachable }: FixContext,
): DeadOwners {
  const groups = new Map<NodeId, SlotScene[]>();
  for (const scene of unowned)
    if (scene.silent) groups.set(scene.silent, [...(groups.get(scene.silent) ?? []), scene]);
  const owners = new Map<Slot, NodeId>();
  const given = new Set<NodeId>();
  const situations = [...groups].map(([node, scenes]): Situation => {
    const heir = heirOf(node, snapshot);
    const keys = sum(scenes.flatMap(scene => [...scene.keys.values()]));
    const slots = slotsOf(scenes);
    const facts = {
      kind: 'owner-dead',
      slots,
      keys,
      keysAtOwner: heir?.server.keys ?? 0,
      ...successorOf(node, snapshot),
    } as const;
    const nodes = heir ? [node, heir.id] : [node];
    const isRefused = snapshot.unreachable.some(({ id, refused }) => id === node && refused);
    const obstacle = withUnreachable || isRefused ? standingFor(node, snapshot) : 'unreachable-owner';
    if (obstacle) return { ...facts, nodes, measures: [], obstacle };
    if (!heir && hasLivingReplica(node, snapshot))
      return { ...facts, nodes, measures: [], obstacle: 'copy-out-of-reach' };
    if (!heir) {
      given.add(node);
      return { ...facts, nodes, measures: [] };
    }
    for (const { slot } of scenes) owners.set(slot, heir.id);
    const step = { kind: 'take-over', node: heir.id, primary: node } as const;
    return { ...facts, nodes, measures: [{ phase: 'cover', step }] };
  });
  return { situations, owners, given };
}

/**
 * Whether a node that does not answer us may all the same be alive. One that loads its data answers soon; one that refuses
 * our login lives; and one that the others hear goes on serving its clients, whose writes would be lost when it hears that
 * it has lost its slots.
 */
export function standingFor(id: NodeId, snapshot: ClusterSnapshot): Obstacle | undefined {
  const silent = snapshot.unreachable.find(node => node.id === id);
  if (silent?.loading) return 'wait';
  if (silent?.refused) return 'refused-us';
  const primaries = new Set(snapshot.views.flatMap(view => (view.self.role === 'primary' ? [view.id] : [])));
  return hearersOf(snapshot, id).some(hearer => primaries.has(hearer)) ? 'still-heard' : undefined;
}

/** Of those that have keys, or of all where none has any, the replica that has received most. */
function heirOf(primary: NodeId, { views }: ClusterSnapshot): NodeView | undefined {
  const replicas = views.filter(({ self }) => self.role === 'replica' && self.primary === primary);
  const offset = ({ server }: NodeView) => server.replication.offset;
  const full = replicas.filter(({ server }) => server.keys !== 0);
  const able = full.length > 0 ? full : replicas;
  return able.sort((a, b) => offset(b) - offset(a) || (a.id < b.id ? -1 : 1))[0];
}

/**
 * Redis since 8.4 denies having keys in slots that it neither owns nor imports, and tells only how many there are in all.
 * So a node that hides keys is made to show them before a slot is given to somebody else for want of a better claim.
 */
function hiddenKeys(
  scenes: readonly SlotScene[],
  { views }: ClusterSnapshot,
  { census, primaries }: FixContext,
): Situation[] {
  if (scenes.length === 0) return [];
  return [...primaries].flatMap(node => {
    const held = census.get(node);
    if (!held || 'reason' in held || held.hidden === 0) return [];
    const isMarked = ({ importing, migrating }: SlotScene) => importing.has(node) && !migrating.has(node);
    const slots = slotsOf(scenes.filter(scene => !isMarked(scene)));
    const leaving = slotsOf(scenes.filter(({ migrating }) => migrating.has(node)));
    const peer = views.find(({ id }) => id !== node && primaries.has(id))?.id;
    if (!peer || slots.size === 0) return [];
    const detail = 'without an owner that answers';
    const situation = revealing(node, peer, slots, { keys: held.hidden, leaving });
    return [{ ...situation, slots: slotsOf(scenes), detail }];
  });
}

/** A mark of the other kind hides this one. */
export function revealing(
  node: NodeId,
  peer: NodeId,
  slots: SlotSet,
  { keys, leaving = SlotSet.empty }: { readonly keys: number; readonly leaving?: SlotSet },
): Situation {
  const close = { kind: 'set-slots', node, state: 'stable', slots: leaving } as const;
  const measures = [
    ...(leaving.size > 0 ? [{ phase: 'close', step: close } as const] : []),
    marked('importing', node, peer, slots, 'mark'),
  ];
  return { kind: 'keys-hidden', nodes: [node], slots, keys, keysAtOwner: 0, measures };
}
