/** `failover` and `rolling-failover`: who is to take whose place, why not, and what it comes to. */
import type { FailoverPlan } from '../../plan/failover/failover.ts';
import type { FailoverRefusal, SignOfLife } from '../../plan/failover/refusal.ts';
import type { FailoverProblem, FailoverRemark, FailoverStep, FailoverWay } from '../../plan/failover/step.ts';
import type { Refusal } from '../../plan/refusal.ts';
import type { ClusterSnapshot, NodeView } from '../../topology/snapshot.ts';
import type { Paint } from '../paint.ts';
import { columns } from './columns.ts';
import { describeFinding, showSlots } from './finding.ts';
import { bytes, count, NodeNames, seconds } from './names.ts';
import { allOf, type Sentences } from './sentences.ts';

const WAYS: Readonly<Record<FailoverWay, string>> = {
  graceful: 'CLUSTER FAILOVER',
  force: 'CLUSTER FAILOVER FORCE',
  takeover: 'CLUSTER FAILOVER TAKEOVER',
};

export function failoverWords(way: FailoverWay): string {
  return WAYS[way];
}

export function renderFailover(plan: FailoverPlan, remarks: readonly string[], paint: Paint): string {
  const names = new NodeNames(plan.before);
  const views = new Map(plan.before.views.map(view => [view.id, view]));
  const rows = plan.swaps.map(({ replica, primary }) => [
    names.of(replica),
    versionOf(views.get(replica)),
    names.of(primary),
    versionOf(views.get(primary)),
    lagOf(plan.before, views.get(replica)),
  ]);
  const [first] = plan.swaps;
  const shards = count(rows.length, 'shard');
  return [
    paint.heading(`>>> Failing over ${shards} (${failoverWords(first?.way ?? 'graceful')})`),
    ...columns(['becomes primary', 'version', 'in place of', 'version', 'behind it'], rows, paint),
    ...remarks,
    '',
  ].join('\n');
}

function versionOf(view: NodeView | undefined): string {
  return view ? `${view.server.product} ${view.server.version}` : '-';
}

function lagOf({ views }: ClusterSnapshot, view: NodeView | undefined): string {
  const primary = view?.self.role === 'replica' ? view.self.primary : undefined;
  const source = views.find(({ id }) => id === primary)?.server.replication.offset;
  if (!view || source === undefined) return 'unknown';
  return bytes(Math.max(0, source - view.server.replication.offset));
}

export function failoverLine(step: FailoverStep, names: NodeNames): string {
  return step.kind === 'be-ready'
    ? `>>> Looking whether all is well before ${names.of(step.node)} takes over from ${names.of(step.primary)}`
    : `>>> ${names.of(step.node)} takes over from ${names.of(step.primary)} (${failoverWords(step.way)})`;
}

const WHEN_FORCED =
  '`failover --force` has a majority of the primaries vote for the replica without its primary: right where that is down for good, or for too long. `failover --takeover` asks nobody: right only where no majority is left. What the replica has not received is lost with either.';

export const FAILOVER_REFUSALS: Sentences<FailoverRefusal, [NodeNames]> = {
  'replica-of-nobody': ({ node }, names) => `${names.of(node)} has no primary that it could take over from.`,
  'not-its-replica': ({ node, primary }, names) =>
    `${names.of(node)} does not replicate ${names.of(primary)} any more.`,
  'no-replica-answers': ({ primary }, names) =>
    `No replica of ${names.of(primary)} answers, so nobody can take over.`,
  'replica-unlinked': ({ syncing, node, primary }, names) =>
    syncing
      ? `${names.of(node)} is still copying ${names.of(primary)}, and cannot take over before it is through.`
      : `${names.of(node)} gets no data from ${names.of(primary)}; taking over, it would lose what was written since. Mend the link, or choose another replica. ${WHEN_FORCED}`,
  'replica-too-far-behind': (refusal, names) =>
    `${names.of(refusal.node)} is ${bytes(refusal.bytes)} behind ${names.of(refusal.primary)}, more than ${bytes(refusal.most)} (--max-replica-lag); clients would be kept waiting for it in vain. Try again when it has caught up.`,
  'replica-empty': (refusal, names) =>
    `${names.of(refusal.node)} holds no keys, but ${emptyBeside(refusal, names)}: all keys of the shard would be lost, because the old primary would copy from it. Bring ${names.of(refusal.primary)} back with its data, or choose another replica. \`failover --despite-findings\` does it anyway.`,
  'primary-silent': ({ life, node, primary }, names) => {
    if (life) return livingPrimary(life, names.of(node), names.of(primary), names);
    return `${names.of(primary)}, whose place ${names.of(node)} is to take, does not answer, and cannot hand over. ${WHEN_FORCED}`;
  },
  'no-majority': ({ answering, voters }) =>
    `Only ${answering} of ${count(voters, 'primary', 'primaries')} answer, and no majority could vote. Bring more of them back; or, where they are gone for good, \`failover --takeover\` asks nobody. If they are only out of reach from here, they may elect somebody else, and what is written to the loser is lost.`,
  'sibling-ahead': (refusal, names) =>
    `${names.of(refusal.sibling)} has received ${bytes(refusal.bytes)} more than ${names.of(refusal.node)}, and the primary is not there to give it the rest. Fail over to ${names.of(refusal.sibling)}; or lose them with --despite-findings.`,
  'replica-without-data': ({ node, primary }, names) =>
    `${names.of(node)} has no whole copy of ${names.of(primary)}: all keys of the shard would be lost, because the old primary would copy from it. Wait until it is in step, or choose another replica. \`failover --despite-findings\` does it anyway.`,
  'shard-in-motion': ({ slots, primary }, names) =>
    `${showSlots(slots)} of ${names.of(primary)} ${slots.size === 1 ? 'is' : 'are'} on the way; a failover would leave the move half done. Let it finish, or repair it with \`slotctl fix\`; then try again. \`failover --despite-findings\` goes on.`,
  'in-doubt': ({ findings }, names) =>
    `Something is wrong, so nothing is touched: ${findings.map(finding => describeFinding(finding, names)).join(' ')} Fix it first (\`slotctl explain\` shows how). \`slotctl failover\` does a single shard in spite of it.`,
  'nobody-as-wanted': (refusal, names) =>
    `No replica of ${names.of(refusal.primary)} that answers ${wanted(refusal)}.`,
};

function emptyBeside(
  { primary, expected, by }: Extract<FailoverRefusal, { kind: 'replica-empty' }>,
  names: NodeNames,
): string {
  const [keys, owner] = [count(expected, 'key'), names.of(primary)];
  return {
    primary: `its primary ${owner} holds ${keys}`,
    sibling: `another replica of ${owner} holds ${keys}`,
    'other-shards': `judging by the other shards, the shard of ${owner} should have about ${keys}`,
  }[by];
}

/** Nobody is led to force where a login or a way to the node is all that is missing. */
function livingPrimary(
  { refused, reason, heardBy }: SignOfLife,
  replica: string,
  primary: string,
  names: NodeNames,
): string {
  const task = `${primary}, whose place ${replica} is to take, is alive`;
  if (refused)
    return `${task}, but cannot be asked to hand over: ${reason}. Log in as a user that it accepts, and try again.`;
  return `${task}: ${names.listed(heardBy, 'hears', 'hear')} it, but it does not answer here: ${reason}. Run this from where it can be reached. If it has just gone down, the others will notice within the node timeout; try again then.`;
}

function wanted({ versions, hosts }: Extract<FailoverRefusal, { kind: 'nobody-as-wanted' }>): string {
  const wishes = allOf(
    versions.length > 0 && `runs ${versions.join(' or ')}`,
    hosts.length > 0 && `is on ${hosts.join(' or ')}`,
  );
  return wishes.length > 0 ? wishes.join(' and ') : 'could take over';
}

export function describeFailoverProblem(
  problem: FailoverProblem,
  names: NodeNames,
  describe: (doubt: Refusal) => string,
): string[] {
  const waited = `${seconds(problem.waitedMs)} (--join-timeout)`;
  if (problem.kind === 'not-ready')
    return [`After ${waited} this was still in the way:`, ...problem.doubts.map(describe)];
  const { way, told } = problem;
  const node = names.of(problem.node);
  if (problem.isDeaf)
    return [
      `${node} does not hear its primary on the cluster bus, and has not become a primary within ${waited}. Open the bus ports between the two (\`slotctl check\` names them); or, where the primary is down for good, use --force.`,
    ];
  if (told === 0)
    return [`${node} has not caught up with its primary within ${waited}. Nothing was changed.`];
  const why =
    way === 'graceful'
      ? 'The primary or a majority of the primaries does not hear it on the cluster bus, or it did not catch up within the five seconds for which clients wait. The primary is what it was.'
      : 'No majority of the primaries has voted for it: they do not hear it, or have voted a moment ago. A server asks for votes again after four times its node timeout; a longer --join-timeout waits for that. Its log tells more.';
  return [
    `${node} is not a primary after ${waited}, although it was asked ${count(told, 'time')} to become one. ${why}`,
  ];
}

export const FAILOVER_REMARKS: Sentences<FailoverRemark, [NodeNames]> = {
  'may-lose-writes': ({ primary, node }, names) =>
    `Writes that ${names.of(primary)} has acknowledged and ${names.of(node)} has not received are lost, also where the old primary comes back.`,
  'without-a-vote': ({ node }, names) =>
    `${names.of(node)} takes over without a vote. If primaries that do not answer here are alive elsewhere, they may elect another, and one of the two loses its writes.`,
  'older-than-primary': ({ nodes }, names) => {
    const [be, their] = nodes.length === 1 ? ['is', 'its'] : ['are', 'their'];
    return `${names.list(nodes)} ${be} older than ${their} new primary will be: what is written goes on to come through, but a copy of all data can be read only after an upgrade. That is not waited for.`;
  },
  'hears-later': ({ nodes }, names) =>
    `${names.listed(nodes, 'does', 'do')} not answer, and ${nodes.length === 1 ? 'hears' : 'hear'} of it when ${nodes.length === 1 ? 'it is' : 'they are'} back.`,
};
