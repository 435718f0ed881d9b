/** Keys of a cluster on paper: what becomes of them while a plan is carried out, and what servers tell of them. */
import type { Plan, Step } from '../../src/plan/step.ts';
import type { Census } from '../../src/topology/census.ts';
import type { NodeId } from '../../src/topology/node.ts';
import type { Slot } from '../../src/topology/slot-set.ts';
import type { ClusterSnapshot } from '../../src/topology/snapshot.ts';

/** How many keys each primary holds in each slot, whatever it tells of them. */
export type PaperKeys = Map<NodeId, Map<Slot, number>>;

export class KeyLoss extends Error {}

/** As Redis since 8.4 tells it where `hides`: nothing of single slots that a node neither owns nor imports. */
export function censusOf({ views }: ClusterSnapshot, keys: PaperKeys, hides: boolean): Census {
  return new Map(
    views.flatMap(({ id, self, open }) => {
      if (self.role !== 'primary') return [];
      const held = [...(keys.get(id) ?? [])].filter(([, count]) => count > 0);
      const isShown = (slot: Slot) => !hides || self.slots.has(slot) || open.importing.has(slot);
      const hidden = held.filter(([slot]) => !isShown(slot)).reduce((sum, [, count]) => sum + count, 0);
      return [[id, { bySlot: new Map(held.filter(([slot]) => isShown(slot))), hidden }] as const];
    }),
  );
}

export function total(keys: PaperKeys): number {
  return [...keys.values()].flatMap(bySlot => [...bySlot.values()]).reduce((sum, count) => sum + count, 0);
}

/** Throws where a step would make a server delete keys. */
export function carryKeys(keys: PaperKeys, { stages, before }: Plan): PaperKeys {
  const after: PaperKeys = new Map([...keys].map(([id, bySlot]) => [id, new Map(bySlot)]));
  for (const step of stages.flat()) carry(after, step, before);
  return after;
}

function carry(keys: PaperKeys, step: Step, { views }: ClusterSnapshot): void {
  switch (step.kind) {
    case 'move-slots':
    case 'gather-keys':
      for (const slot of step.slots) {
        const gone = keys.get(step.from)?.get(slot) ?? 0;
        const home = keys.get(step.to) ?? new Map<Slot, number>();
        home.set(slot, (home.get(slot) ?? 0) + gone);
        keys.set(step.to, home);
        keys.get(step.from)?.delete(slot);
      }
      return;
    case 'tell-owner': {
      const self = views.find(({ id }) => id === step.node)?.self;
      for (const slot of step.slots) {
        // Whoever never owned it keeps what it has.
        if (self?.role !== 'primary' || !self.slots.has(slot)) continue;
        const left = keys.get(step.node)?.get(slot) ?? 0;
        if (left > 0 && step.node !== step.owner)
          throw new KeyLoss(`${step.node} would delete ${left} keys in slot ${slot}`);
      }
      return;
    }
    case 'take-over': {
      keys.set(step.node, new Map(keys.get(step.primary) ?? []));
      keys.delete(step.primary);
      return;
    }
    case 'replicate':
      keys.delete(step.node);
      return;
    default:
  }
}
