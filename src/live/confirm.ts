/**
 * Asks nodes once more right before something is done that cannot be taken back: between the look that a plan was made
 * from and now, replicas have been promoted and nodes that were silent have come back.
 */
import { type Change, changeBeforeLeaving, changeBeforeReplicating } from '../plan/changed.ts';
import type { Problem, Stage, Step } from '../plan/step.ts';
import { clusterNodes } from '../resp/commands.ts';
import { ServerRefusalError } from '../resp/errors.ts';
import type { Fleet } from '../resp/fleet.ts';
import { KnownLines } from '../resp/known-lines.ts';
import type { Address, ClusterNode, NodeId } from '../topology/node.ts';
import type { ClusterSnapshot, NodeView } from '../topology/snapshot.ts';
import { hearersOf, isHeardIn } from '../topology/whereabouts.ts';
import { look } from './look.ts';

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
  const known = new KnownLines();
  const asked = new Map<NodeId, Promise<NodeView>>();
  const ask = (id: NodeId) => {
    const asking = asked.get(id) ?? look(run.fleet, run.at(id), known);
    asked.set(id, asking);
    return asking;
  };
  const problems = await Promise.all(
    stage.map(async (step): Promise<Unconfirmed[]> => {
      const found = await changeFor(step, run, ask, known);
      return found ? [{ step, problem: { kind: 'changed', ...found } }] : [];
    }),
  );
  return problems.flat()[0];
}

type Found = { readonly node: NodeId; readonly change: Change } | undefined;

async function changeFor(
  step: Step,
  { fleet, before, at }: Confirming,
  ask: (id: NodeId) => Promise<NodeView>,
  known: KnownLines,
): Promise<Found> {
  const viewOf = (id: NodeId) => before.views.find(view => view.id === id);
  const found = (node: NodeId, change: Change | undefined): Found => change && { node, change };
  switch (step.kind) {
    case 'reset':
    case 'shutdown': {
      const was = viewOf(step.node);
      return was && found(step.node, changeBeforeLeaving(was, await ask(step.node)));
    }
    case 'forget': {
      const was = viewOf(step.victim);
      if (was) return found(step.victim, changeBeforeLeaving(was, await ask(step.victim)));
      // Whom others heard at the first look is forgotten because the person wants it so.
      if (hearersOf(before, step.victim).length > 0) return undefined;
      const { nodes } = await fleet.send(at(step.node), clusterNodes(known));
      const hears = isHeardIn(nodes, step.victim);
      return found(step.victim, hears ? { kind: 'heard-again', by: [step.node] } : undefined);
    }
    case 'replicate': {
      const was = viewOf(step.node);
      if (!was || was.self.role === 'replica') return undefined;
      return found(step.node, changeBeforeReplicating(was, await ask(step.node), step.primary));
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
  const strays = await Promise.all(
    [...last.values()].map(async (step): Promise<Unconfirmed[]> => {
      const self = await ownWords(fleet, at(step.node), known);
      if (!self) return [];
      const primary = self.role === 'replica' ? self.primary : undefined;
      if (primary === step.primary) return [];
      const change: Change = { kind: 'taken', ...(primary && { primary }) };
      return [{ step, problem: { kind: 'changed', node: step.node, change } }];
    }),
  );
  return strays.flat()[0];
}

/** Nothing from one that loads what its primary has sent: so it has one, and more it does not say. */
async function ownWords(fleet: Fleet, address: Address, known: KnownLines): Promise<ClusterNode | undefined> {
  try {
    return (await fleet.send(address, clusterNodes(known))).self;
  } catch (error) {
    if (error instanceof ServerRefusalError && error.reason === 'loading') return undefined;
    throw error;
  }
}
