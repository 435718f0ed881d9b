/** Work that is stopped at every command: what it begins with, how it is planned, and how a person goes on with it. */
import { lookAtCluster } from '../../src/live/look/look-at-cluster.ts';
import { nameNode } from '../../src/live/look/name-node.ts';
import { probeUntilSettled } from '../../src/live/look/probe.ts';
import { planDocument, readPlanDocument } from '../../src/plan/files/plan-file.ts';
import { planCreate } from '../../src/plan/membership/create.ts';
import { planDelNode } from '../../src/plan/membership/del-node.ts';
import { placeOfApplicant, placesIn, readZoneMap } from '../../src/plan/placement/zone-map.ts';
import type { Decision } from '../../src/plan/refusal.ts';
import type { MovePlan } from '../../src/plan/slots/move-plan.ts';
import { USUAL_MANNER } from '../../src/plan/slots/move-settings.ts';
import { planRebalance } from '../../src/plan/slots/rebalance.ts';
import { planReshard } from '../../src/plan/slots/reshard.ts';
import { resumePlan } from '../../src/plan/slots/resume.ts';
import type { Plan } from '../../src/plan/step.ts';
import type { Fleet } from '../../src/resp/fleet.ts';
import { SlotSet } from '../../src/topology/slot-set.ts';
import { SimulatedClient } from '../support/simulated/client.ts';
import { simulatedClock } from '../support/simulated/clock.ts';
import { type Shape, SimulatedCluster } from '../support/simulated/cluster.ts';
import type { Fault } from '../support/simulated/fleet.ts';
import { keysIn } from '../support/simulated/key-names.ts';

/** Looks, and decides. */
export type Decide = (fleet: Fleet) => Promise<Decision<Plan>>;

/** One piece of work on one cluster. */
export interface Job {
  readonly cluster: SimulatedCluster;
  /** Somebody who uses these keys before and meanwhile. */
  readonly client: SimulatedClient;
  readonly keys: readonly string[];
  /** A node that does not own its slot has a key: if clients delete it at the owner, it comes back; nobody could know better. */
  readonly keysAreAstray?: boolean;
  readonly decide: Decide;
  /** What a person does after it was stopped. */
  readonly goOn: (plan: Plan) => Decide;
}

/** What becomes of a node that was lost. */
export type Afterwards = 'comes back' | 'is replaced by its replica';

export interface Mishap extends Omit<Fault, 'kind'> {
  readonly kind: Fault['kind'] | 'first Ctrl-C';
  readonly afterwards?: Afterwards;
}

export interface Scenario {
  readonly name: string;
  readonly hasReplicas: boolean;
  /** Faults that never strike here. */
  readonly spares: readonly Mishap['kind'][];
  prepare(seed: number): Job | Promise<Job>;
}

/** Where no keys are sent. */
export const OF_KEYS: Scenario['spares'] = ['crash-within', 'torn'];
/** And where nothing is that a first Ctrl-C keeps from being begun. */
export const OF_MOVES: Scenario['spares'] = [...OF_KEYS, 'first Ctrl-C'];

function used(cluster: SimulatedCluster, keys: readonly string[]): Pick<Job, 'cluster' | 'client' | 'keys'> {
  const client = new SimulatedClient(cluster);
  client.fill(keys);
  return { cluster, client, keys };
}

const MOVED = [0, 1, 2, 5, 9];
const SPREAD = [...MOVED, 3, 6000, 12_000];

/** `apply` of the plan that was written down. */
function applySaved(plan: Plan): Decide {
  const saved = readPlanDocument(planDocument(plan as MovePlan, 'reshard', USUAL_MANNER));
  return async fleet => resumePlan(saved, await lookAtCluster(fleet), false);
}

function reshard(name: string, shape: Partial<Shape>): Scenario {
  return {
    name,
    hasReplicas: (shape.replicasPerPrimary ?? 0) > 0,
    spares: [],
    prepare: seed => {
      const cluster = SimulatedCluster.formed({ primaries: 3, ...shape, seed });
      const to = cluster.node(1).id;
      const slots = SlotSet.of(...MOVED);
      return {
        ...used(cluster, keysIn(SPREAD, 3)),
        decide: async fleet =>
          planReshard({ ...(await lookAtCluster(fleet)), slots, to, despiteFindings: false }),
        goOn: applySaved,
      };
    },
  };
}

/** So many slots on each primary; the first is emptied, or all get the same. */
function rebalance(
  name: string,
  slots: readonly number[],
  filled: readonly number[],
  empties: boolean,
): Scenario {
  return {
    name,
    hasReplicas: false,
    spares: [],
    prepare: seed => {
      const cluster = SimulatedCluster.formed({ primaries: slots.length, slots, seed });
      const weights = empties ? [{ word: cluster.node(0).id, weight: 0 }] : [];
      const wishes = { weights, thresholdPercent: 0, useEmpty: false, despiteFindings: false };
      return {
        ...used(cluster, keysIn(filled, 3)),
        decide: async fleet => planRebalance({ ...(await lookAtCluster(fleet)), ...wishes }),
        goOn: applySaved,
      };
    },
  };
}

const create: Scenario = {
  name: 'create',
  hasReplicas: false,
  spares: OF_MOVES,
  prepare: seed => {
    const cluster = SimulatedCluster.lone(6, { seed });
    const asked = cluster.nodes.map(({ place: { host, port } }) => ({ host, port }));
    const zones = readZoneMap('');
    const decide: Decide = async fleet => {
      const nowMs = () => simulatedClock.nowMs;
      const nodes = await probeUntilSettled(fleet, asked, { timeoutMs: 60_000, nowMs });
      return planCreate({
        nodes,
        roles: { kind: 'counted', replicas: 1 },
        placeOf: node => placeOfApplicant(node, zones),
        allowFewPrimaries: false,
        allowMixed: false,
      });
    };
    return { ...used(cluster, []), decide, goOn: () => decide };
  },
};

/** A primary without slots, whose replica is given another. One that is forgotten is known by its address only. */
const delNode: Scenario = {
  name: 'del-node',
  hasReplicas: false,
  spares: OF_MOVES,
  prepare: seed => {
    const slots = [5462, 5461, 5461, 0];
    const cluster = SimulatedCluster.formed({ primaries: 4, slots, replicasPerPrimary: 1, seed });
    const victim = cluster.node(3);
    const word = victim.address;
    const decide: Decide = async fleet => {
      const { snapshot } = await lookAtCluster(fleet);
      const named = await nameNode(fleet, snapshot, word);
      return planDelNode({
        snapshot,
        word: named.word,
        ending: 'reset',
        keepData: false,
        placeOf: placesIn(snapshot, readZoneMap('')),
        ...(named.stranger && { stranger: named.stranger }),
      });
    };
    return { ...used(cluster, keysIn([0, 6000, 12_000], 2)), decide, goOn: () => decide };
  },
};

const VALKEY = { product: 'valkey', version: '9.1.0' } as const;

export const RESHARD = reshard('reshard', {});
export const RESHARD_WITH_REPLICAS = reshard('reshard with replicas', { replicasPerPrimary: 1 });

export const SCENARIOS: readonly Scenario[] = [
  RESHARD,
  RESHARD_WITH_REPLICAS,
  reshard('reshard with replicas, which Valkey tells of open slots', {
    replicasPerPrimary: 1,
    dialect: VALKEY,
  }),
  rebalance(
    'rebalance of two pairs',
    [4099, 4093, 4098, 4094],
    [0, 1, 4098, 8192, 8193, 12_291, 16_000],
    false,
  ),
  rebalance('rebalance that empties a node', [5, 8191, 8188], [0, 1, 4, 6000, 12_000], true),
  create,
  delNode,
];
