/**
 * Moves that were begun and are to be finished, also where an end has failed over since. Redis tells replicas nothing of open
 * slots. A replica that takes over from a target has the keys, and the owner sends clients to the old one, which sends them
 * back; one that takes over from a source answers for keys that have gone as if they had never been. To bring keys home an
 * owner would have to close its slots first, and clients would write onto nothing until they are there; so the move goes
 * on instead, with the marks set so that every key is found from then on.
 */
import { countedAt } from '../../topology/census.ts';
import type { ClusterNode, NodeId } from '../../topology/node.ts';
import { isSince } from '../../topology/releases.ts';
import type { SlotSet } from '../../topology/slot-set.ts';
import { believedNodes, type ClusterSnapshot, viewOf } from '../../topology/snapshot.ts';
import { type Case, marked, type OwnedScene, stable, urgent } from './bring-keys-home.ts';
import type { FixContext, Succession } from './context.ts';
import type { Measure } from './phases.ts';

export function successionIn(snapshot: ClusterSnapshot): Succession {
  const nodes = believedNodes(snapshot);
  const ownsNothing = (node: ClusterNode | undefined) =>
    node?.role === 'primary' && node.slots.size === 0 && !viewOf(snapshot, node.id);
  const isAnyDown = [...nodes.values()].some(ownsNothing);
  return {
    successorOf: id => {
      const node = nodes.get(id);
      return (node?.role === 'replica' && node.primary) || id;
    },
    isReplaced: id => ownsNothing(nodes.get(id)) && nodes.get(id)?.health === 'failed',
    mayReclaim: source => {
      const server = viewOf(snapshot, source)?.server;
      return isAnyDown && server !== undefined && isSince(server, { valkey: [8, 0] });
    },
  };
}

/** To whom a move of the owner is under way that can simply be finished. */
export function targetOf(scene: OwnedScene, context: FixContext): NodeId | undefined {
  const { owner, migrating, importing, keys, rivals } = scene;
  const named = migrating.get(owner);
  const target = named ? heirTo(named, scene, context) : forgottenTarget(scene, context);
  if (!target || target === owner || !context.primaries.has(target) || rivals.length > 0) return undefined;
  // Where a third node has keys too they are all brought back: the owner takes them only while it gives none away.
  if ([...keys.keys()].some(id => id !== owner && id !== target)) return undefined;
  return importing.has(target) || mayHoldKeys(target, scene, context) ? target : undefined;
}

function mayHoldKeys(id: NodeId, { keys }: OwnedScene, { census }: FixContext): boolean {
  return keys.has(id) || countedAt(census, id)?.hidden !== 0;
}

/**
 * While an old target is down nobody says who was its replica. But where others have its slots, and of them just one may have
 * keys of this slot, it has got them from there.
 */
function heirTo(named: NodeId, scene: OwnedScene, context: FixContext): NodeId {
  if (!context.isReplaced(named)) return context.successorOf(named);
  const [heir, ...others] = [...context.primaries].filter(
    id => id !== scene.owner && mayHoldKeys(id, scene, context),
  );
  return heir && others.length === 0 ? heir : named;
}

/**
 * Who has got keys from the one whose place the owner has taken. A mark that names the owner itself says nothing of the
 * kind: it may be from keys on their way home.
 */
function forgottenTarget(
  { owner, migrating, importing, keys, isNew }: OwnedScene,
  { answering, successorOf }: FixContext,
): NodeId | undefined {
  if (isNew || importing.has(owner)) return undefined;
  // An old source that hears of its successor from the target first, which does not know of these slots, and is not to
  // follow others goes on as a primary without slots, and with its marks.
  const hasGivenWay = (source: NodeId, to: NodeId) =>
    source !== owner &&
    (successorOf(source) === owner || !answering.has(source) || migrating.get(source) === to);
  const [target, ...others] = [...importing].flatMap(([id, source]) =>
    keys.has(id) && !migrating.has(id) && hasGivenWay(source, id) ? [id] : [],
  );
  return others.length === 0 ? target : undefined;
}

export function halfMoved(
  scene: OwnedScene,
  target: NodeId,
  { census, withUnreachable, mayReclaim }: FixContext,
): Case {
  const { owner, importing, migrating, heard, keys } = scene;
  const [there, here] = [keys.get(target) ?? 0, keys.get(owner) ?? 0];
  const hides = (countedAt(census, target)?.hidden ?? 0) > 0;
  const named = migrating.get(owner);
  const isMisled = importing.has(target) && importing.get(target) !== owner;
  const facts = {
    isReady: importing.get(target) === owner && !migrating.has(target),
    isMisled,
    isLeaving: migrating.has(target),
    // A node that imports a slot does not hear who owns it, and takes no keys while it believes that nobody does.
    isMistaken: heard.has(target) && heard.get(target) !== owner,
    isForgotten: named === undefined,
    isRenamed: named !== undefined && named !== target,
    // While the owner has no mark, clients may make keys there that the target has.
    mayClash: (there > 0 || hides) && (here > 0 || named === undefined),
  };
  return {
    kind: 'half-moved',
    nodes: [owner, target],
    keys: there,
    keysAtOwner: here,
    ...(!withUnreachable && mayReclaim(owner) && { obstacle: 'may-return' }),
    ...(facts.isForgotten && { detail: 'the owner has forgotten it' }),
    variant: JSON.stringify(facts),
    measures: slots => finishing(owner, target, slots, facts),
  };
}

function finishing(
  owner: NodeId,
  target: NodeId,
  slots: SlotSet,
  facts: Readonly<
    Record<
      'isReady' | 'isMisled' | 'isLeaving' | 'isMistaken' | 'isForgotten' | 'isRenamed' | 'mayClash',
      boolean
    >
  >,
): Measure[] {
  const expecting = marked('importing', target, owner, slots, 'close');
  const sending = (phase: Measure['phase']) => urgent(marked('migrating', owner, target, slots, phase));
  const isUrgent = facts.isMisled || facts.isRenamed;
  return [
    ...(facts.isLeaving ? [stable(target, slots, 'cancel')] : []),
    // First of all: until then clients miss the keys that have gone, and make new ones. The target expects them already.
    ...(facts.isForgotten ? [sending('close')] : []),
    ...(facts.isReady ? [] : [isUrgent ? urgent(expecting) : expecting]),
    ...(facts.isMistaken
      ? [urgent({ phase: 'inform', step: { kind: 'tell-owner', node: target, owner, slots } })]
      : []),
    // Not before the target expects them: it would send clients back, and they come again.
    ...(facts.isRenamed ? [sending('mark')] : []),
    ...(facts.mayClash
      ? [{ phase: 'compare', step: { kind: 'settle-keys', owner, other: target, slots } } as const]
      : []),
    { phase: 'move', step: { kind: 'move-slots', from: owner, to: target, slots } },
  ];
}
