/**
 * Slots that nobody serves get an owner: whoever holds their keys, and where nobody does, everybody a fair share in as few
 * runs as can be. What a node that does not answer owns is its own until the person says otherwise.
 */
import { countedAt } from '../../topology/census.ts';
import { groupBy } from '../../topology/group-by.ts';
import { formatAddress, type NodeId } from '../../topology/node.ts';
import { hearersOf, wrongAddresses } from '../../topology/proof-of-life.ts';
import { type Slot, SlotSet } from '../../topology/slot-set.ts';
import { type ClusterSnapshot, type NodeView, replicasOf, viewOf } from '../../topology/snapshot.ts';
import { shareOut } from '../slots/give-unowned-slots.ts';
import { marked, stable } from './bring-keys-home.ts';
import type { FixContext } from './context.ts';
import { hasLivingReplica, livingHolders, silentPrimaries, strandedCopies } from './out-of-reach.ts';
import { type Obstacle, type Situation, situation } from './situation.ts';
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
  const dead = deadOwners(unowned, snapshot, context);
  const orphaned = unowned.filter(({ silent }) => !silent);
  const open = [...orphaned, ...unowned.filter(({ silent }) => silent && dead.given.has(silent))];
  if (open.length === 0) return dead;
  const hindered = hindrances(open, orphaned, snapshot, context);
  if (hindered.length > 0) return { ...dead, situations: [...dead.situations, ...hindered] };
  const held = open.filter(({ keys }) => keys.size > 0);
  const empty = open.filter(({ keys }) => keys.size === 0);
  const byKeys = new Map(held.map(scene => [scene.slot, mostKeys(scene)]));
  const shares = shareOut(slotsIn(empty), byKeys, snapshot);
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

/** What keeps open slots from being given to anybody: keys that may be in them, and that nobody would bring there. */
function hindrances(
  open: readonly SlotScene[],
  orphaned: readonly SlotScene[],
  snapshot: ClusterSnapshot,
  context: FixContext,
): Situation[] {
  const { census, primaries, withUnreachable } = context;
  const blockedBy = (obstacle: Obstacle, nodes: readonly NodeId[], detail?: string) => [
    situation('uncovered-empty', nodes, { slots: slotsIn(open), obstacle, ...(detail && { detail }) }),
  ];
  const outOfReach = livingHolders(snapshot);
  if (outOfReach.length > 0) return blockedBy('copy-out-of-reach', outOfReach, 'not asked');
  const silent = withUnreachable ? [] : silentPrimaries(snapshot);
  if (silent.length > 0) return blockedBy('unreachable-owner', silent, 'not asked');
  const stranded = withUnreachable || orphaned.length === 0 ? [] : strandedCopies(snapshot);
  if (stranded.length > 0) return blockedBy('stranded-copy', stranded, 'stranded');
  const hidden = hiddenKeys(open, snapshot, context);
  if (hidden.length > 0) return hidden;
  const uncounted = [...primaries].filter(id => !countedAt(census, id));
  return uncounted.length > 0 ? blockedBy('uncounted', uncounted) : [];
}

function slotsIn(scenes: readonly SlotScene[]): SlotSet {
  return SlotSet.of(...scenes.map(({ slot }) => slot));
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
  return [...groupBy(scenes, ({ slot }) => owners.get(slot))].map(([node, group]) => {
    const slots = slotsIn(group);
    return situation(kind, [node], {
      slots,
      keys: sum(group.flatMap(({ keys }) => [...keys.values()])),
      keysAtOwner: sum(group.map(({ keys }) => keys.get(node) ?? 0)),
      measures: [{ phase: 'cover', step: { kind: 'claim-slots', node, slots } }],
    });
  });
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((all, number) => all + number, 0);
}

/** Who is where the owner was: it was reset, or started without its files, and will not come back as what it was. */
function replacementOf(node: NodeId, snapshot: ClusterSnapshot): { readonly detail?: string } {
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
  const owners = new Map<Slot, NodeId>();
  const given = new Set<NodeId>();
  const situations = [...groupBy(unowned, ({ silent }) => silent)].map(([node, scenes]): Situation => {
    const heir = heirOf(node, snapshot);
    const facts = {
      slots: slotsIn(scenes),
      keys: sum(scenes.flatMap(scene => [...scene.keys.values()])),
      keysAtOwner: heir?.server.keys ?? 0,
      ...replacementOf(node, snapshot),
    };
    const nodes = heir ? [node, heir.id] : [node];
    const isRefused = snapshot.unreachable.some(({ id, refused }) => id === node && refused);
    const obstacle = withUnreachable || isRefused ? standingFor(node, snapshot) : 'unreachable-owner';
    if (obstacle) return situation('owner-dead', nodes, { ...facts, obstacle });
    if (!heir && hasLivingReplica(node, snapshot))
      return situation('owner-dead', nodes, { ...facts, obstacle: 'copy-out-of-reach' });
    if (!heir) {
      given.add(node);
      return situation('owner-dead', nodes, facts);
    }
    for (const { slot } of scenes) owners.set(slot, heir.id);
    const step = { kind: 'take-over', node: heir.id, primary: node } as const;
    return situation('owner-dead', nodes, { ...facts, measures: [{ phase: 'cover', step }] });
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
  const isPrimary = (hearer: NodeId) => viewOf(snapshot, hearer)?.self.role === 'primary';
  return hearersOf(snapshot, id).some(isPrimary) ? 'still-heard' : undefined;
}

/** Of those that have keys, or of all where none has any, the replica that has received most. */
function heirOf(primary: NodeId, snapshot: ClusterSnapshot): NodeView | undefined {
  const replicas = replicasOf(snapshot, primary);
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
  return [...primaries].flatMap(node => {
    const held = countedAt(census, node);
    if (!held || held.hidden === 0) return [];
    const isMarked = ({ importing, migrating }: SlotScene) => importing.has(node) && !migrating.has(node);
    const slots = slotsIn(scenes.filter(scene => !isMarked(scene)));
    const leaving = slotsIn(scenes.filter(({ migrating }) => migrating.has(node)));
    const peer = views.find(({ id }) => id !== node && primaries.has(id))?.id;
    if (!peer || slots.size === 0) return [];
    const detail = 'without an owner that answers';
    const hidden = revealing(node, peer, slots, { keys: held.hidden, leaving });
    return [{ ...hidden, slots: slotsIn(scenes), detail }];
  });
}

/** A mark of the other kind hides this one. */
export function revealing(
  node: NodeId,
  peer: NodeId,
  slots: SlotSet,
  { keys, leaving = SlotSet.empty }: { readonly keys: number; readonly leaving?: SlotSet },
): Situation {
  const measures = [
    ...(leaving.size > 0 ? [stable(node, leaving, 'close')] : []),
    marked('importing', node, peer, slots, 'mark'),
  ];
  return situation('keys-hidden', [node], { slots, keys, measures });
}
