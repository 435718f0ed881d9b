/**
 * Asks nodes once more right before something is done that cannot be taken back: between the look that a plan was made
 * from and now, replicas have been promoted and nodes that were silent have come back.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  changeBeforeLeaving,
  changeBeforeReplicating,
  type NodeChange,
} from '../plan/membership/changed-meanwhile.ts';
import type { Problem, Stage, Step } from '../plan/step.ts';
import type { ClusterNodesReply } from '../resp/cluster-nodes.ts';
import { clusterNodes } from '../resp/commands/cluster.ts';
import { isRefused, ReplyTimeoutError } from '../resp/errors.ts';
import type { Fleet } from '../resp/fleet.ts';
import { KnownLines } from '../resp/known-lines.ts';
import type { Address, ClusterNode, NodeId } from '../topology/node.ts';
import { heardIn, hearersOf } from '../topology/proof-of-life.ts';
import type { ClusterSnapshot, NodeView } from '../topology/snapshot.ts';
import { look } from './look/look-at-node.ts';

export interface Confirming {
  readonly fleet: Fleet;
  readonly before: ClusterSnapshot;
  at(id: NodeId): Address;
}

export interface Unconfirmed {
  readonly step: Step;
  readonly problem: Problem;
}

/** One round trip, before the first step of the stage: everybody who is to go, and for the silent ones those who may hear them. */
export async function confirmStage(stage: Stage, run: Confirming): Promise<Unconfirmed | undefined> {
  const { fleet, at } = run;
  const known = new KnownLines();
  const asking: StageLook = {
    before: run.before,
    was: new Map(run.before.views.map(view => [view.id, view])),
    ask: once(id => look(fleet, at(id), known)),
    heardBy: Array.from({ length: LOOKS_FOR_LIFE }, () =>
      once(async id => heardIn((await fleet.send(at(id), clusterNodes(known))).nodes)),
    ),
  };
  const problems = await Promise.all(
    stage.map(async (step): Promise<Unconfirmed[]> => {
      const problem = await changeFor(step, asking);
      return problem ? [{ step, problem }] : [];
    }),
  );
  return problems.flat()[0];
}

/** Hundreds of steps may be about one node, which is asked for all of them together. */
interface StageLook {
  readonly before: ClusterSnapshot;
  readonly was: ReadonlyMap<NodeId, NodeView>;
  ask(id: NodeId): Promise<NodeView>;
  /** Whom it hears, look by look. */
  readonly heardBy: readonly ((id: NodeId) => Promise<ReadonlySet<NodeId>>)[];
}

/** Ten times a second a server opens a link to a dead node, and shows it as connected until it has failed. */
const LOOKS_FOR_LIFE = 3;
const LOOK_AGAIN_AFTER_MS = 70;

async function hears(node: NodeId, victim: NodeId, { heardBy }: StageLook): Promise<boolean> {
  for (const [i, ask] of heardBy.entries()) {
    if (i > 0) await sleep(LOOK_AGAIN_AFTER_MS);
    if (!(await ask(node)).has(victim)) return false;
  }
  return true;
}

function once<T>(ask: (id: NodeId) => Promise<T>): (id: NodeId) => Promise<T> {
  const asked = new Map<NodeId, Promise<T>>();
  return id => {
    const asking = asked.get(id) ?? ask(id);
    asked.set(id, asking);
    return asking;
  };
}

async function changeFor(step: Step, asking: StageLook): Promise<Problem | undefined> {
  const { before, was, ask } = asking;
  const found = (node: NodeId, change: NodeChange | undefined): Problem | undefined =>
    change && { kind: 'changed', node, change };
  switch (step.kind) {
    case 'reset':
    case 'shutdown': {
      const view = was.get(step.node);
      return view && found(step.node, changeBeforeLeaving(view, await ask(step.node)));
    }
    case 'forget': {
      const view = was.get(step.victim);
      if (view) return found(step.victim, changeBeforeLeaving(view, await ask(step.victim)));
      // Whom others heard at the first look is forgotten because the person wants it so.
      if (hearersOf(before, step.victim).length > 0) return undefined;
      const isHeard = await hears(step.node, step.victim, asking);
      return found(step.victim, isHeard ? { kind: 'heard-again', by: [step.node] } : undefined);
    }
    case 'replicate': {
      const view = was.get(step.node);
      if (!view || view.self.role === 'replica') return undefined;
      return found(step.node, changeBeforeReplicating(view, await ask(step.node), step.primary));
    }
    default:
      return undefined;
  }
}

/** When all is done: whose replicas those are that were to get a primary. Another run may have had the last word. */
export async function confirmReplicas(
  stages: readonly Stage[],
  { fleet, at }: Confirming,
): Promise<Unconfirmed | undefined> {
  const known = new KnownLines();
  const last = new Map(
    stages.flat().flatMap(step => (step.kind === 'replicate' ? [[step.node, step] as const] : [])),
  );
  const ask = once(id => ownWords(fleet, at(id), known));
  const strays = await Promise.all(
    [...last.values()].map(async (step): Promise<Unconfirmed[]> => {
      const told = await ask(step.node);
      if (!told) return [];
      const primary = primaryOf(told.self);
      if (primary === step.primary) return [];
      // That one has failed over meanwhile, and its replicas have followed the new primary.
      const isSuccessor = async (id: NodeId) =>
        primaryOf(told.nodes.find(node => node.id === step.primary)) === id ||
        primaryOf((await ask(step.primary))?.self) === id;
      if (primary && (await isSuccessor(primary))) return [];
      const change: NodeChange = { kind: 'taken', ...(primary && { primary }) };
      return [{ step, problem: { kind: 'changed', node: step.node, change } }];
    }),
  );
  return strays.flat()[0];
}

function primaryOf(node: ClusterNode | undefined): NodeId | undefined {
  return node?.role === 'replica' ? node.primary : undefined;
}

/**
 * Nothing from one that loads what its primary has sent, or that empties itself for it and answers nobody meanwhile: so it
 * has one, and more it does not say.
 */
async function ownWords(
  fleet: Fleet,
  address: Address,
  known: KnownLines,
): Promise<ClusterNodesReply | undefined> {
  try {
    return await fleet.send(address, clusterNodes(known));
  } catch (error) {
    if (isRefused(error, 'loading')) return undefined;
    if (!(error instanceof ReplyTimeoutError)) throw error;
    fleet.renew(address);
    return undefined;
  }
}
