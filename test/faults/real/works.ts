/** What slotctl is doing when something happens to it or to the servers. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { SlotSet } from '../../../src/topology/slot-set.ts';
import { describe, runToEnd, start } from './program.ts';
import { numbersIn, type Scene, sometime } from './scene.ts';

export interface Work {
  readonly name: string;
  /** Slots in which clients have their keys; those named often are used more. */
  keySlots(scene: Scene): readonly number[];
  /** The words for it, once clients are at work. */
  begin(scene: Scene): Promise<readonly string[]>;
  /** How a person goes on after it was stopped, instead of by `fix`. */
  goOn?(scene: Scene): readonly string[];
}

const PLAN = 'plan.json';

/** Small windows make many moments in which something can happen. */
const FINELY = ['--window', '8', '--max-block-ms', '2'];

export function moverOptions({ mover }: Pick<Scene, 'mover'>): readonly string[] {
  return mover === 'migrate' ? ['--mover', mover, ...FINELY] : ['--mover', mover];
}

/** Most of the keys are where something happens. */
function mostlyIn(slots: readonly number[], { random }: Scene): number[] {
  const elsewhere = Array.from({ length: slots.length / 3 }, () => random.below(16384));
  return [...slots, ...elsewhere];
}

async function planned(scene: Scene, words: readonly string[]): Promise<boolean> {
  const run = await runToEnd([...words, '--plan-out', PLAN], scene.folder);
  if (run.code !== 0) throw new Error(`no plan: ${describe(run)}`);
  return existsSync(join(scene.folder, PLAN));
}

function applying(scene: Scene): readonly string[] {
  return ['apply', PLAN, scene.entry, '--yes', ...moverOptions(scene)];
}

export const RESHARD: Work = {
  name: 'reshard',
  keySlots: scene => mostlyIn(numbersIn(scene.slots), scene),
  async begin(scene) {
    const { entry, target, slots } = scene;
    await planned(scene, ['reshard', entry, '--slots', `${slots}`, '--cluster-to', target.id]);
    return applying(scene);
  },
  goOn: applying,
};

export const REBALANCE: Work = {
  name: 'rebalance',
  keySlots: ({ random }) => Array.from({ length: 600 }, () => random.below(16384)),
  async begin(scene) {
    const { entry, source, target, third } = scene;
    // One of the two has something to do, whatever the shares are now.
    for (const weights of [
      [1, 2, 3],
      [3, 1, 2],
    ]) {
      const shares = [source, target, third].map(({ id }, i) => `${id}=${weights[i]}`);
      if (await planned(scene, ['rebalance', entry, '--cluster-weight', ...shares])) return applying(scene);
    }
    throw new Error('there is nothing to rebalance');
  },
  goOn: applying,
};

const DAMAGED_SLOTS = 24;

/** A move that was killed, slots that nobody owns, with keys and without, and marks that mean nothing. */
export const FIX: Work = {
  name: 'fix',
  keySlots: scene => mostlyIn(numbersIn(scene.slots.union(disowned(scene))), scene),
  async begin(scene) {
    const { entry, target, source, third, slots, random, folder, bed } = scene;
    const words = ['reshard', entry, '--slots', `${slots}`, '--cluster-to', target.id, '--yes'];
    const move = start([...words, '--mover', 'migrate', ...FINELY], folder);
    await sometime(random, { from: 200, to: 700 });
    move.child.kill('SIGKILL');
    await move.ended;
    const lost = numbersIn(disowned(scene)).map(slot => `${slot}`);
    for (const { server } of await bed.owners())
      await Promise.all(lost.map(slot => server.send('CLUSTER', 'DELSLOTS', slot).catch(() => {})));
    const [idle] = numbersIn(third.slots.without(disowned(scene)));
    await target.server.send('CLUSTER', 'SETSLOT', `${idle}`, 'IMPORTING', third.id).catch(() => {});
    await source.server.send('CLUSTER', 'SETSLOT', `${idle}`, 'IMPORTING', third.id).catch(() => {});
    return ['fix', entry, '--yes', '--search-multiple-owners'];
  },
};

function disowned({ third }: Scene): SlotSet {
  return third.slots.take(DAMAGED_SLOTS);
}
