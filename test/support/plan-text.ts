/** Plans in few words, for tests: a list for each stage, and in it a line for each step. */
import type { Decision, Refusal } from '../../src/plan/refusal.ts';
import type { MendingStep, Plan, Step } from '../../src/plan/step.ts';
import type { ClusterSnapshot } from '../../src/topology/snapshot.ts';
import type { Drawing } from './drawing.ts';

export function told({ stages }: Pick<Plan, 'stages'>, { named }: Drawing): string[][] {
  return stages.map(stage => stage.map(step => named(textOf(step))));
}

function textOf(step: Step): string {
  switch (step.kind) {
    case 'set-epoch':
      return `epoch ${step.epoch} for ${step.node}`;
    case 'assign-slots':
      return `slots ${step.slots} for ${step.node}`;
    case 'move-slots':
      return `${step.slots} from ${step.from} to ${step.to}`;
    case 'close-slots':
      return `${step.slots} closed at ${step.node}, owner ${step.owner}`;
    case 'copy-functions':
      return `functions of ${step.from} for ${step.node}`;
    case 'join': {
      const meetings = step.introductions.map(({ from, to }) => `${from.id} meets ${to.id}`);
      return `${step.newcomers.join(' ')} join ${idsOf(step)}: ${meetings.join(', ')}`;
    }
    case 'replicate':
      return `${step.node} replicates ${step.primary}`;
    case 'agree':
      return `${idsOf(step)} agree on ${step.concerned.join(' ')}${step.wantsOk ? ' and are ok' : ''}`;
    case 'forget':
      return `${step.node} forgets ${step.victim}`;
    case 'stay-forgotten':
      return `${step.witnesses.join(' ')} have forgotten ${step.victims.join(' ')}`;
    case 'stay-alone':
      return `${step.nodes.join(' ')} stay alone`;
    case 'reset':
      return `${step.mode} reset of ${step.node}`;
    case 'shutdown':
      return `shutdown of ${step.node}`;
    case 'be-ready':
      return `ready for ${step.node} in place of ${step.primary}`;
    case 'fail-over':
      return `${step.way} failover of ${step.primary} to ${step.node}`;
    default:
      return mendingText(step);
  }
}

function mendingText(step: MendingStep): string {
  switch (step.kind) {
    case 'set-slots': {
      const way = step.state === 'importing' ? ' from' : ' to';
      return `${step.slots} ${step.state}${step.peer ? `${way} ${step.peer}` : ''} at ${step.node}`;
    }
    case 'claim-slots':
      return `${step.node} claims ${step.slots}`;
    case 'tell-owner':
      return `${step.node} hears that ${step.slots} belong to ${step.owner}`;
    case 'settle-keys':
      return `keys in ${step.slots} of both ${step.owner} and ${step.other} are left to ${step.owner}`;
    case 'gather-keys':
      return `keys in ${step.slots} go from ${step.from} to ${step.to}`;
    case 'bump-epoch':
      return `new epoch for ${step.node}`;
    case 'take-over':
      return `${step.node} takes over from ${step.primary}`;
    case 'cancel-migration':
      return `migration ${step.name ?? ''} cancelled at ${step.node}`;
  }
}

function idsOf({ members }: Extract<Step, { kind: 'join' | 'agree' }>): string {
  return members.map(member => member.id).join(' ');
}

export function planOf<P>(decision: Decision<P>): P {
  if (decision.kind === 'plan') return decision.plan;
  throw new Error(`refused: ${JSON.stringify(decision.refusals)}`);
}

export function refusalsOf(decision: Decision<unknown>): readonly Refusal[] {
  return decision.kind === 'refused' ? decision.refusals : [];
}

/** A line for each node, the same whatever the order in which nodes are listed. */
export function comparable({ entry, views, unreachable }: ClusterSnapshot): string[] {
  const lines = views.map(view => JSON.stringify({ ...view, nodes: [...view.nodes].sort(byId) }, asPlain));
  return [`entry ${entry}`, ...lines.sort(), ...unreachable.map(({ id }) => `unreachable ${id}`).sort()];
}

function byId(a: { readonly id: string }, b: { readonly id: string }): number {
  return a.id < b.id ? -1 : 1;
}

/** Fields in one order too, whatever the order in which they came to be. */
function asPlain(_key: string, value: unknown): unknown {
  if (value instanceof Map) return [...value];
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
