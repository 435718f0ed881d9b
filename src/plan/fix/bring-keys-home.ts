/** How keys are brought to the owner of their slots, from a node that holds them and is none of the owner's. */
import type { NodeId } from '../../topology/node.ts';
import type { SlotSet } from '../../topology/slot-set.ts';
import type { Measure } from './phases.ts';
import type { Obstacle } from './situation.ts';
import type { SituationKind } from './situation-kinds.ts';
import type { SlotScene } from './slot-scenes.ts';

/** What is the case with one slot; slots with the same case make one situation. */
export interface Case {
  readonly kind: SituationKind;
  readonly nodes: readonly NodeId[];
  readonly keys: number;
  readonly keysAtOwner: number;
  readonly obstacle?: Obstacle;
  readonly detail?: string;
  /** Told apart where the measures differ. */
  readonly variant?: string;
  readonly measures: (slots: SlotSet) => Measure[];
}

export interface OwnedScene extends SlotScene {
  readonly owner: NodeId;
  /** Nobody owns the slot yet; it is given to the owner by the same plan. */
  readonly isNew: boolean;
}

export function gathered(
  kind: SituationKind,
  { owner, keys, migrating, importing, heard, isNew }: OwnedScene,
  holder: NodeId,
  { held, isImporting }: { readonly held: number; readonly isImporting: boolean },
): Case {
  const facts = { kind, nodes: [holder, owner], keys: held, keysAtOwner: keys.get(owner) ?? 0 };
  const isLeaving = migrating.has(holder);
  // A node that imports a slot does not hear who owns it, and would go on saying that the cluster is down.
  const inform = (slots: SlotSet): Measure =>
    urgent({ phase: 'inform', step: { kind: 'tell-owner', node: holder, owner, slots } });
  const leaving = (slots: SlotSet) => (isLeaving ? [stable(holder, slots, 'cancel')] : []);
  if (isNew) {
    return {
      ...facts,
      variant: `new ${isLeaving}`,
      measures: slots => [
        ...leaving(slots).map(urgent),
        // Before anybody owns the slots, so that whoever comes after an interruption sees that there are keys.
        urgent(marked('importing', holder, owner, slots, 'close')),
        inform(slots),
        ...gathering(holder, owner, slots),
      ],
    };
  }
  // Valkey since 8.0 has whoever imports a slot take it over as soon as it hears that the node which it comes from owns
  // others now and not this one; then the owner deletes its keys. So the mark names the owner before anybody claims a slot.
  const isMisled = isImporting && importing.get(holder) !== owner;
  const isMistaken = heard.has(holder) && heard.get(holder) !== owner;
  return {
    ...facts,
    variant: `${isImporting} ${isLeaving} ${isMisled} ${isMistaken}`,
    measures: slots => [
      ...leaving(slots),
      ...(isMisled ? [urgent(marked('importing', holder, owner, slots, 'close'))] : []),
      ...(isMistaken ? [inform(slots)] : []),
      ...gathering(holder, owner, slots, isImporting),
    ],
  };
}

/** Whoever does not own a slot can only be made to send its keys away while it is marked as importing it. */
function gathering(from: NodeId, to: NodeId, slots: SlotSet, isImporting = false): Measure[] {
  return [
    ...(isImporting ? [] : [marked('importing', from, to, slots, 'mark')]),
    { phase: 'move', step: { kind: 'gather-keys', from, to, slots } },
    stable(from, slots, 'tell'),
  ];
}

export function urgent(measure: Measure): Measure {
  return { ...measure, isUrgent: true };
}

export function stable(node: NodeId, slots: SlotSet, phase: Measure['phase']): Measure {
  return { phase, step: { kind: 'set-slots', node, state: 'stable', slots } };
}

export function marked(
  state: 'importing' | 'migrating',
  node: NodeId,
  peer: NodeId,
  slots: SlotSet,
  phase: Measure['phase'],
): Measure {
  return { phase, step: { kind: 'set-slots', node, state, peer, slots } };
}
