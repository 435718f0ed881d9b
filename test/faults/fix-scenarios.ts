/** What broken work has left behind, and `fix`, which mends it and is stopped in its turn. */
import { SimulatedClient } from '../support/simulated/client.ts';
import { SimulatedCluster } from '../support/simulated/cluster.ts';
import { keysIn } from '../support/simulated/key-names.ts';
import { decideFix } from './fix.ts';
import { breakOff, leavesKeysAstray } from './run-with-fault.ts';
import {
  type Mishap,
  OF_KEYS,
  OF_MOVES,
  RESHARD,
  RESHARD_WITH_REPLICAS,
  type Scenario,
} from './scenarios.ts';

function fixAfter(broken: Scenario, mishap: Mishap, spares: Scenario['spares'] = []): Scenario {
  const { kind, among, at, afterwards = 'comes back' } = mishap;
  return {
    name: `fix after ${broken.name}: ${kind} at ${among?.source.trim() ?? 'MIGRATE'} ${at}, the node ${afterwards}`,
    hasReplicas: broken.hasReplicas,
    spares,
    prepare: async seed => {
      const job = await broken.prepare(seed);
      const { hit } = await breakOff(job, mishap);
      if (hit === undefined) throw new Error('nothing was broken');
      return { ...job, decide: decideFix, goOn: () => decideFix, keysAreAstray: leavesKeysAstray(mishap) };
    },
  };
}

const OPENS = / MIGRATING /;
const SENDS = /^MIGRATE /;
const HANDS_OVER = / NODE /;
const REPLACED = 'is replaced by its replica';

/** What is broken: before any key has gone, with some of them gone, and while owners change. */
const BREAKS: readonly (readonly [Scenario, Mishap, Scenario['spares']?])[] = [
  [RESHARD, { kind: 'killed', among: OPENS, at: 3 }],
  [RESHARD, { kind: 'killed-after', among: SENDS, at: 3 }],
  [RESHARD, { kind: 'killed', among: HANDS_OVER, at: 3 }, OF_KEYS],
  [RESHARD, { kind: 'crash-within', at: 2 }],
  [RESHARD, { kind: 'torn-killed', at: 2 }],
  [RESHARD_WITH_REPLICAS, { kind: 'crash', among: OPENS, at: 3, afterwards: REPLACED }, OF_MOVES],
  [RESHARD_WITH_REPLICAS, { kind: 'crash-after', among: SENDS, at: 3, afterwards: REPLACED }, OF_MOVES],
  [RESHARD_WITH_REPLICAS, { kind: 'crash-after', among: HANDS_OVER, at: 2, afterwards: REPLACED }, OF_KEYS],
];

/** Between the same two nodes some slots are to go on, and keys of as many others are to come back. */
export const fixBothWays = (slotsEach: number): Scenario => ({
  name: `fix of moves between two nodes, ${slotsEach} slots to be finished and ${slotsEach} undone`,
  hasReplicas: false,
  spares: [],
  prepare: seed => {
    const cluster = SimulatedCluster.formed({ primaries: 3, seed });
    const [source, target] = [cluster.node(0), cluster.node(1)];
    const forth = Array.from({ length: slotsEach }, (_, i) => i);
    const back = forth.map(slot => 100 + 2 * slot);
    const keys = keysIn([...forth, ...back], 4);
    const client = new SimulatedClient(cluster);
    client.fill(keys);
    for (const slot of [...forth, ...back]) target.importing.set(slot, source.id);
    for (const slot of forth) source.migrating.set(slot, target.id);
    // Half of the keys of each slot have gone.
    for (const key of keys.filter((_, i) => i % 2 === 0)) {
      const value = source.data.get(0, key);
      if (value) target.data.set(0, key, value);
      source.data.delete(0, key);
    }
    return { cluster, client, keys, decide: decideFix, goOn: () => decideFix, keysAreAstray: true };
  },
});

export const FIX_SCENARIOS: readonly Scenario[] = [
  ...BREAKS.map(([broken, mishap, spares]) => fixAfter(broken, mishap, spares)),
  fixBothWays(3),
];
