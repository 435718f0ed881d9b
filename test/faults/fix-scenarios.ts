/** What broken work has left behind, and `fix`, which mends it and is stopped in its turn. */
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

export const FIX_SCENARIOS: readonly Scenario[] = BREAKS.map(([broken, mishap]) =>
  fixAfter(broken, mishap, decideFix),
);
