/** What `add-node`, `del-node`, `forget-failed`, `replicate` and `place-replicas` are about to do. */
import type { AddNodePlan } from '../../plan/membership/add-node.ts';
import type { RemovePlan } from '../../plan/membership/del-node.ts';
import type { RehomingPlan } from '../../plan/membership/replicate.ts';
import type { Plan, Remark, Step } from '../../plan/step.ts';
import { formatAddress, type NodeId } from '../../topology/node.ts';
import { believedNodes } from '../../topology/snapshot.ts';
import type { Paint } from '../paint.ts';
import { columns } from './columns.ts';
import { describeFailoverRemark } from './failover.ts';
import { showSlots } from './finding.ts';
import { count, NodeNames, vocabularyOf } from './names.ts';
import { verdictLines } from './placement.ts';
import { wrongAddress } from './wrong-address.ts';

export function renderAddNode(plan: AddNodePlan, automatic: boolean, paint: Paint): string {
  const names = new NodeNames(plan.before);
  const words = vocabularyOf(plan.before);
  const entry = names.of(plan.before.entry);
  const chosen = words.primaries === 'masters' ? 'master' : 'primary';
  const lines = plan.newcomers.flatMap(id => {
    const home = plan.homes.get(id);
    return [
      paint.heading(`>>> Adding node ${names.of(id)} to cluster ${entry}`),
      ...(home && automatic ? [`Automatically selected ${chosen} ${names.of(home)}`] : []),
      home
        ? `${names.of(id)} becomes a replica of ${names.of(home)}.`
        : `${names.of(id)} becomes a primary without slots.`,
    ];
  });
  return text([...lines, ...remarkLines(plan, paint)]);
}

export function renderDelNode(plan: RemovePlan, paint: Paint): string {
  const names = new NodeNames(plan.before);
  const entry = names.of(plan.before.entry);
  return text([
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
  return text([
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
  return text([
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

export function describeRemark(remark: Remark, names: NodeNames): string {
  switch (remark.kind) {
    case 'not-told':
      return `${names.list(remark.nodes)} ${remark.nodes.length === 1 ? 'does' : 'do'} not answer and cannot be told; coming back, ${remark.nodes.length === 1 ? 'it brings' : 'they bring'} back what the others forgot. Then run forget-failed.`;
    case 'not-ended':
      return `${names.of(remark.node)} does not answer, so it is neither reset nor shut down: coming back, it takes itself for a member still.`;
    case 'left-out':
      return `${names.list(remark.nodes)} ${remark.nodes.length === 1 ? 'does' : 'do'} not answer and ${remark.nodes.length === 1 ? 'was' : 'were'} left out.`;
    case 'kept-silent':
      return `${formatAddress(remark.node)} does not answer and is not reset.`;
    case 'not-rehomed':
      return `${names.list(remark.nodes)} ${remark.nodes.length === 1 ? 'does' : 'do'} not answer and cannot be given another primary.`;
    case 'bare-afterwards':
      return `${names.list(remark.primaries)} ${remark.primaries.length === 1 ? 'is' : 'are'} left without a replica.`;
    case 'bare-meanwhile':
      return `Until the data is copied, ${names.list(remark.primaries)} ${remark.primaries.length === 1 ? 'has' : 'have'} no replica that could take over.`;
    case 'slots-left':
      return `${showSlots(remark.slots)} ${remark.slots.size === 1 ? 'stays' : 'stay'} as ${remark.slots.size === 1 ? 'it is' : 'they are'}: claimed twice, or on the way already. \`check\` tells more.`;
    case 'kept-for-slots':
      return `${names.list(remark.nodes)} ${remark.nodes.length === 1 ? 'is' : 'are'} kept: gone, but the owner of slots. A replica has to take over, or \`fix\` gives the slots to others.`;
    case 'kept-misplaced':
      return `${remark.wrong.node} is left as it is. ${wrongAddress(remark.wrong, names)}`;
    case 'kept-alive':
      return remark.heardBy.length === 0
        ? `${names.list(remark.nodes)} is kept: it answered, but would not talk to us. \`check\` shows why.`
        : `${names.list(remark.nodes)} is kept: it does not answer here, but ${names.list(remark.heardBy)} ${remark.heardBy.length === 1 ? 'hears' : 'hear'} it. If it is down, wait until the others have noticed; \`del-node\` removes it anyway.`;
    case 'kept-last-copy':
      return `${names.list(remark.nodes)} is kept: it may have the only copy of ${showSlots(remark.slots)}, whose owner does not answer. Start one of them again; or first give the slots to other nodes, without their keys (\`fix --cluster-fix-with-unreachable-masters\`).`;
    case 'may-lose-writes':
    case 'without-a-vote':
    case 'older-than-primary':
    case 'hears-later':
      return describeFailoverRemark(remark, names);
    case 'kept-for-keys':
      return `${names.of(remark.node)} holds ${count(remark.keys, 'key')} and is left as it is.`;
  }
}

function text(lines: readonly string[]): string {
  return `${lines.join('\n')}\n`;
}
