/** What broken work has left behind, and `fix`, which mends it and is stopped in its turn. */
import { SimulatedClient } from '../support/simulated/client.ts';
import { SimulatedCluster } from '../support/simulated/cluster.ts';
import { keysIn } from '../support/simulated/key-names.ts';
import { decideFix } from './fix.ts';
import { breakOff, leavesKeysAstray, type Mishap } from './run-with-fault.ts';
import { RESHARD, RESHARD_WITH_REPLICAS, type Scenario } from './scenarios.ts';

function fixAfter(broken: Scenario, mishap: Mishap, decide: typeof decideFix): Scenario {
  const { kind, at, afterwards = 'comes back' } = mishap;
  return {
    name: `fix after ${broken.name}: ${kind} at ${at}, the node ${afterwards}`,
    hasReplicas: broken.hasReplicas,
    prepare: async seed => {
      const job = await broken.prepare(seed);
      await breakOff(job, mishap);
      return { ...job, decide, goOn: () => decide, keysAreAstray: leavesKeysAstray(mishap) };
    },
  };
}

/** Before any key has gone, with some of them gone, and while owners change. */
const BREAKS: readonly (readonly [Scenario, Mishap])[] = [
  [RESHARD, { kind: 'killed', at: 36 }],
  [RESHARD, { kind: 'killed-after', at: 60 }],
  [RESHARD, { kind: 'killed', at: 74 }],
  [RESHARD, { kind: 'crash-within', at: 56 }],
  [RESHARD, { kind: 'torn', at: 56 }],
  [RESHARD_WITH_REPLICAS, { kind: 'crash', at: 40, afterwards: 'is replaced by its replica' }],
  [RESHARD_WITH_REPLICAS, { kind: 'crash-after', at: 60, afterwards: 'is replaced by its replica' }],
  [RESHARD_WITH_REPLICAS, { kind: 'crash-after', at: 74, afterwards: 'is replaced by its replica' }],
];

/** Between the same two nodes some slots are to go on, and keys of as many others are to come back. */
export const fixBothWays = (slotsEach: number): Scenario => ({
  name: `fix of moves between two nodes, ${slotsEach} slots to be finished and ${slotsEach} undone`,
  hasReplicas: false,
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
  ...BREAKS.map(([broken, mishap]) => fixAfter(broken, mishap, decideFix)),
  fixBothWays(3),
];
