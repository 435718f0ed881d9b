/** What is told while a plan is carried out: the classic line of each stage, and why it stopped. */
import type { Plan, PlanEvent, Stage, Step } from '../../plan/step.ts';
import type { Member } from '../../topology/agreement.ts';
import { formatAddress, type NodeId } from '../../topology/node.ts';
import type { Paint } from '../paint.ts';
import { failoverLine } from './failover.ts';
import { mendingLine } from './fix-steps.ts';
import { copyingText } from './full-syncs.ts';
import { count, type NodeNames } from './names.ts';
import { type BusAddresses, describeProblem } from './problem.ts';

/** The words that a stage is announced with. */
export function stageLines(stage: Stage, names: NodeNames, paint: Paint): string[] {
  const kinds = new Set(stage.map(step => step.kind));
  const lines: string[] = [];
  if (kinds.has('assign-slots')) lines.push('>>> Nodes configuration updated');
  if (kinds.has('set-epoch')) lines.push('>>> Assign a different config epoch to each node');
  if (kinds.has('agree')) lines.push('>>> Waiting until every node knows every role and slot');
  if (kinds.has('forget')) lines.push('>>> Sending CLUSTER FORGET messages to the cluster...');
  if (kinds.has('stay-alone')) lines.push('>>> Making sure that they stay strangers');
  if (kinds.has('stay-forgotten')) lines.push('>>> Making sure that nobody brings it back');
  return [...lines, ...stage.flatMap(step => stepLine(step, stage.length, names))].map(paint.heading);
}

function stepLine(step: Step, steps: number, names: NodeNames): string[] {
  switch (step.kind) {
    case 'join':
      return [...meetLines(step, names), 'Waiting for the cluster to join'];
    case 'replicate':
      return [
        `>>> Configure node ${steps === 1 ? '' : `${names.of(step.node)} `}as replica of ${names.of(step.primary)}.`,
      ];
    case 'move-slots':
      return [`Moving ${count(step.slots.size, 'slot')} from ${names.of(step.from)} to ${names.of(step.to)}`];
    case 'close-slots':
      return [
        `Closing ${count(step.slots.size, 'slot')} that ${step.slots.size === 1 ? 'has' : 'have'} moved, at ${names.of(step.node)}`,
      ];
    case 'copy-functions':
      return [`>>> Copying the functions of ${names.of(step.from)} to ${names.of(step.node)}`];
    case 'reset':
      return [
        `>>> Sending CLUSTER RESET ${step.mode.toUpperCase()} to ${steps === 1 ? 'the deleted node' : names.of(step.node)}.`,
      ];
    case 'shutdown':
      return [`>>> SHUTDOWN the node ${names.of(step.node)}.`];
    case 'be-ready':
    case 'fail-over':
      return [failoverLine(step, names)];
    case 'set-epoch':
    case 'assign-slots':
    case 'agree':
    case 'forget':
    case 'stay-forgotten':
    case 'stay-alone':
      return [];
    default:
      return [mendingLine(step, names)];
  }
}

/** A new cluster meets as a whole; whoever joins one is named. */
function meetLines({ newcomers, members }: Extract<Step, { kind: 'join' }>, names: NodeNames): string[] {
  if (newcomers.length === members.length) return ['>>> Sending CLUSTER MEET messages to join the cluster'];
  return newcomers.map(id => `>>> Send CLUSTER MEET to node ${names.of(id)} to make it join the cluster.`);
}

/** One line on what is waited for. */
export function waitingText(
  { step, missing, copies }: Extract<PlanEvent, { kind: 'waiting' }>,
  names: NodeNames,
): string {
  if (copies.length > 0) return copyingText(copies, names);
  switch (step.kind) {
    case 'join':
      return `the nodes get to know each other: ${count(missing, 'connection')} to go`;
    case 'agree':
      return `the nodes hear of roles and slots: ${count(missing, 'fact')} to go`;
    case 'be-ready':
      return `${count(missing, 'thing')} in the way of the next failover`;
    case 'fail-over':
      return 'waiting until the replica is a primary';
    case 'gather-keys':
      return `keys are going back to their owners: ${count(missing, 'key')} to go`;
    default:
      return `${count(missing, 'node')} to go`;
  }
}

export function failureLines(
  { step, problem }: Extract<PlanEvent, { kind: 'step-failed' }>,
  plan: Plan,
  names: NodeNames,
): string[] {
  return describeProblem(problem, names, busesOf(plan, step));
}

function busesOf({ stages }: Plan, failed: Step): BusAddresses {
  const members = [...stages.flat(), failed].flatMap((step): readonly Member[] =>
    step.kind === 'join' || step.kind === 'agree' ? step.members : [],
  );
  return new Map<NodeId, string>(
    members.flatMap(({ id, meetAt }) =>
      meetAt ? [[id, formatAddress({ host: meetAt.ip, port: meetAt.busPort })]] : [],
    ),
  );
}
