/**
 * Slots that have an owner, and are open, claimed by others too, or have keys elsewhere. The owner is who is configured to
 * be: what it says of itself, in the newest epoch. Keys decide nothing here; they follow.
 */
import { countedAt } from '../../topology/census.ts';
import type { NodeId } from '../../topology/node.ts';
import { SlotSet } from '../../topology/slot-set.ts';
import { type Case, gathered, marked, type OwnedScene, stable } from './bring-keys-home.ts';
import type { FixContext } from './context.ts';
import { halfMoved, targetOf } from './half-moved.ts';
import { type Situation, situation } from './situation.ts';

export function openSituations(scenes: readonly OwnedScene[], context: FixContext): Situation[] {
  const groups = new Map<string, { first: Case; slots: number[]; keys: number; keysAtOwner: number }>();
  for (const scene of scenes) {
    for (const found of casesOf(scene, context)) {
      const key = [found.kind, found.obstacle, found.variant, ...found.nodes].join();
      const group = groups.get(key) ?? { first: found, slots: [], keys: 0, keysAtOwner: 0 };
      group.slots.push(scene.slot);
      group.keys += found.keys;
      group.keysAtOwner += found.keysAtOwner;
      groups.set(key, group);
    }
  }
  return [...groups.values()].map(({ first, slots: list, keys, keysAtOwner }) => {
    const { kind, nodes, obstacle, detail } = first;
    const slots = SlotSet.of(...list);
    const measures = obstacle ? { obstacle } : { measures: first.measures(slots) };
    return situation(kind, nodes, { slots, keys, keysAtOwner, ...measures, ...(detail && { detail }) });
  });
}

function casesOf(scene: OwnedScene, context: FixContext): Case[] {
  const goal = targetOf(scene, context);
  if (goal) return [halfMoved(scene, goal, context), ...marksBut(scene, goal, context), ...onReplicas(scene)];
  return [
    ...scene.rivals.map(rival => claimedTwice(scene, rival, context)),
    ...migratingOwner(scene, context),
    ...marksBut(scene, undefined, context),
    ...strays(scene),
    ...onReplicas(scene),
  ];
}

function claimedTwice({ owner, keys }: OwnedScene, rival: NodeId, { census }: FixContext): Case {
  const held = keys.get(rival) ?? 0;
  return {
    kind: 'claimed-twice',
    nodes: [owner, rival],
    keys: held,
    keysAtOwner: keys.get(owner) ?? 0,
    ...(!countedAt(census, rival) && { obstacle: 'uncounted' }),
    variant: `${held > 0}`,
    measures: slots => [
      ...(held > 0
        ? [
            marked('migrating', rival, owner, slots, 'mark'),
            { phase: 'move', step: { kind: 'gather-keys', from: rival, to: owner, slots } } as const,
          ]
        : []),
      { phase: 'tell', step: { kind: 'tell-owner', node: rival, owner, slots } },
    ],
  };
}

/** The owner gives the slot away, to nobody who could be found to have got any of it. */
function migratingOwner(scene: OwnedScene, { answering, withUnreachable, standingFor }: FixContext): Case[] {
  const { owner, migrating, keys } = scene;
  const target = migrating.get(owner);
  if (!target) return [];
  const close = (slots: SlotSet) => [stable(owner, slots, 'close')];
  const facts = { nodes: [owner, target], keys: 0, keysAtOwner: keys.get(owner) ?? 0, measures: close };
  if (answering.has(target)) return [{ ...facts, kind: 'migrating-only' }];
  const obstacle = withUnreachable ? standingFor(target) : 'unreachable-owner';
  return [{ ...facts, kind: 'target-dead', ...(obstacle && { obstacle }) }];
}

/** What is open on primaries that neither own nor claim the slot. */
function marksBut(scene: OwnedScene, goal: NodeId | undefined, { census }: FixContext): Case[] {
  const { owner, rivals, migrating, importing, keys } = scene;
  const others = [...new Set([...importing.keys(), ...migrating.keys()])].filter(
    id => id !== goal && !rivals.includes(id) && (id !== owner || importing.has(id)),
  );
  return others.map(node => {
    const held = node === owner ? 0 : (keys.get(node) ?? 0);
    const keysAtOwner = keys.get(owner) ?? 0;
    if (held > 0) {
      const isImporting = importing.has(node) && !migrating.has(node);
      return gathered('importing-with-keys', scene, node, { held, isImporting });
    }
    return {
      kind: importing.has(node) ? 'importing-only' : 'mark-left',
      nodes: [node, importing.get(node) ?? migrating.get(node) ?? owner],
      keys: 0,
      keysAtOwner,
      ...(!countedAt(census, node) && { obstacle: 'uncounted' }),
      measures: slots => [stable(node, slots, 'close')],
    };
  });
}

function strays(scene: OwnedScene): Case[] {
  const { owner, rivals, migrating, importing, keys } = scene;
  return [...keys]
    .filter(([id]) => id !== owner && !rivals.includes(id) && !importing.has(id) && !migrating.has(id))
    .map(([id, held]) => gathered('keys-astray', scene, id, { held, isImporting: false }));
}

/** Valkey copies marks to replicas; a SETSLOT that failed at the primary may have left them there. Told to the primary. */
function onReplicas({ markedReplicas, migrating, importing }: OwnedScene): Case[] {
  return [...markedReplicas]
    .filter(([, primary]) => !primary || !(migrating.has(primary) || importing.has(primary)))
    .map(([replica, primary]) => ({
      kind: 'open-on-replica',
      nodes: primary ? [replica, primary] : [replica],
      keys: 0,
      keysAtOwner: 0,
      ...(!primary && { obstacle: 'no-remedy' }),
      measures: slots => (primary ? [stable(primary, slots, 'close')] : []),
    }));
}
