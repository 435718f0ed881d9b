/** What `add-node`, `del-node`, `forget-failed`, `replicate` and `place-replicas` are about to do. */
import type { AddNodePlan } from '../../plan/membership/add-node.ts';
import type { RemovePlan } from '../../plan/membership/del-node.ts';
import type { RehomingPlan } from '../../plan/membership/replicate.ts';
import type { Plan, Remark, Step } from '../../plan/step.ts';
import { formatAddress, type NodeId } from '../../topology/node.ts';
import { believedNodes } from '../../topology/snapshot.ts';
import type { Paint } from '../paint.ts';
import { columns, textOf } from './columns.ts';
import { FAILOVER_REMARKS } from './failover.ts';
import { showSlots, wrongAddress } from './finding.ts';
import { count, NodeNames, vocabularyOf } from './names.ts';
import { verdictLines } from './placement.ts';
import { sentences } from './sentences.ts';

export function renderAddNode(plan: AddNodePlan, automatic: boolean, paint: Paint): string {
  const names = new NodeNames(plan.before);
  const words = vocabularyOf(plan.before);
  const entry = names.of(plan.before.entry);
  const lines = plan.newcomers.flatMap(id => {
    const home = plan.homes.get(id);
    return [
      paint.heading(`>>> Adding node ${names.of(id)} to cluster ${entry}`),
      ...(home && automatic ? [`Automatically selected ${words.primary} ${names.of(home)}`] : []),
      home
        ? `${names.of(id)} becomes a replica of ${names.of(home)}.`
        : `${names.of(id)} becomes a primary without slots.`,
    ];
  });
  return textOf([...lines, ...remarkLines(plan, paint)]);
}

export function renderDelNode(plan: RemovePlan, paint: Paint): string {
  const names = new NodeNames(plan.before);
  const entry = names.of(plan.before.entry);
  return textOf([
    ...plan.victims.map(id => paint.heading(`>>> Removing node ${id} from cluster ${entry}`)),
    ...homeLines(plan.homes, names),
    ...plan.stages.flat().flatMap(step => endLine(step, names)),
    ...remarkLines(plan, paint),
  ]);
}

export function renderForgetFailed(plan: RemovePlan, paint: Paint): string {
  const names = new NodeNames(plan.before);
  const nodes = believedNodes(plan.before);
  const rows = plan.victims.map(id => {
    const node = nodes.get(id);
    const knownTo = plan.before.views.filter(view => view.nodes.some(known => known.id === id));
    return [id, names.of(id), node?.flags.join(',') ?? '-', names.list(knownTo.map(view => view.id))];
  });
  return textOf([
    paint.heading(
      `>>> Forgetting ${count(rows.length, 'node')} that ${rows.length === 1 ? 'is' : 'are'} gone`,
    ),
    ...columns(['id', 'address', 'flags', 'still known to'], rows, paint),
    ...homeLines(plan.homes, names),
    ...remarkLines(plan, paint),
  ]);
}

export function renderRehoming(plan: RehomingPlan, paint: Paint): string {
  const names = new NodeNames(plan.before);
  const words = vocabularyOf(plan.before);
  const rows = plan.moves.map(({ replica, from, to }) => [
    names.of(replica),
    from ? names.of(from) : '-',
    names.of(to),
  ]);
  return textOf([
    paint.heading(`>>> Moving ${count(rows.length, 'replica')}`),
    ...columns(['replica', 'of', 'becomes replica of'], rows, paint),
    ...remarkLines(plan, paint),
    'Now:',
    ...verdictLines(plan.scoreBefore, words, paint),
    'Then:',
    ...verdictLines(plan.scoreAfter, words, paint),
  ]);
}

/** What becomes of the node itself. */
function endLine(step: Step, names: NodeNames): string[] {
  if (step.kind === 'reset')
    return [
      `${names.of(step.node)} is reset (CLUSTER RESET HARD): it loses what it holds, and gets a new id.`,
    ];
  return step.kind === 'shutdown' ? [`${names.of(step.node)} is shut down.`] : [];
}

function homeLines(homes: ReadonlyMap<NodeId, NodeId>, names: NodeNames): string[] {
  return [...homes].map(
    ([replica, primary]) => `>>> ${names.of(replica)} as replica of ${names.of(primary)}`,
  );
}

export function remarkLines({ remarks, before }: Plan, paint: Paint): string[] {
  const names = new NodeNames(before);
  return remarks.map(remark => paint.warning(`[WARNING] ${describeRemark(remark, names)}`));
}

export const describeRemark = sentences<Remark, [NodeNames]>({
  ...FAILOVER_REMARKS,
  'not-told': ({ nodes }, names) =>
    `${names.listed(nodes, 'does', 'do')} not answer and cannot be told; coming back, ${nodes.length === 1 ? 'it brings' : 'they bring'} back what the others forgot. Then run forget-failed.`,
  'not-ended': ({ node }, names) =>
    `${names.of(node)} does not answer, so it is neither reset nor shut down: coming back, it takes itself for a member still.`,
  'left-out': ({ nodes }, names) =>
    `${names.listed(nodes, 'does', 'do')} not answer and ${nodes.length === 1 ? 'was' : 'were'} left out.`,
  'kept-silent': ({ node }) => `${formatAddress(node)} does not answer and is not reset.`,
  'not-rehomed': ({ nodes }, names) =>
    `${names.listed(nodes, 'does', 'do')} not answer and cannot be given another primary.`,
  'bare-afterwards': ({ primaries }, names) =>
    `${names.listed(primaries, 'is', 'are')} left without a replica.`,
  'bare-meanwhile': ({ primaries }, names) =>
    `Until the data is copied, ${names.listed(primaries, 'has', 'have')} no replica that could take over.`,
  'slots-left': ({ slots }) =>
    `${showSlots(slots)} ${slots.size === 1 ? 'stays' : 'stay'} as ${slots.size === 1 ? 'it is' : 'they are'}: claimed twice, or on the way already. \`check\` tells more.`,
  'kept-for-slots': ({ nodes }, names) =>
    `${names.listed(nodes, 'is', 'are')} kept: gone, but the owner of slots. A replica has to take over, or \`fix\` gives the slots to others.`,
  'kept-misplaced': ({ wrong }, names) => `${wrong.node} is left as it is. ${wrongAddress(wrong, names)}`,
  'kept-alive': ({ heardBy, nodes }, names) =>
    heardBy.length === 0
      ? `${names.list(nodes)} is kept: it answered, but would not talk to us. \`check\` shows why.`
      : `${names.list(nodes)} is kept: it does not answer here, but ${names.listed(heardBy, 'hears', 'hear')} it. If it is down, wait until the others have noticed; \`del-node\` removes it anyway.`,
  'kept-last-copy': ({ nodes, slots }, names) =>
    `${names.list(nodes)} is kept: it may have the only copy of ${showSlots(slots)}, whose owner does not answer. Start one of them again; or first give the slots to other nodes, without their keys (\`fix --cluster-fix-with-unreachable-masters\`).`,
  'kept-for-keys': ({ node, keys }, names) =>
    `${names.of(node)} holds ${count(keys, 'key')} and is left as it is.`,
});
