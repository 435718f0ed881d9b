/** `failover` and `rolling-failover`: who is to take whose place, why not, and what it comes to. */
import type { FailoverPlan } from '../../plan/failover/failover.ts';
import type { FailoverRefusal, SignOfLife } from '../../plan/failover/refusal.ts';
import type { FailoverProblem, FailoverRemark, FailoverStep, FailoverWay } from '../../plan/failover/step.ts';
import type { Refusal } from '../../plan/refusal.ts';
import type { ClusterSnapshot, NodeView } from '../../topology/snapshot.ts';
import type { Paint } from '../paint.ts';
import { columns } from './columns.ts';
import { describeFinding, showSlots } from './finding.ts';
import { bytes, count, NodeNames } from './names.ts';

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

export function describeFailoverRefusal(refusal: FailoverRefusal, names: NodeNames): string {
  switch (refusal.kind) {
    case 'replica-of-nobody':
      return `${names.of(refusal.node)} has no primary that it could take over from.`;
    case 'not-its-replica':
      return `${names.of(refusal.node)} does not replicate ${names.of(refusal.primary)} any more.`;
    case 'no-replica-answers':
      return `No replica of ${names.of(refusal.primary)} answers, so nobody can take over.`;
    case 'replica-unlinked':
      return refusal.syncing
        ? `${names.of(refusal.node)} is still copying ${names.of(refusal.primary)}, and cannot take over before it is through.`
        : `${names.of(refusal.node)} gets no data from ${names.of(refusal.primary)}; taking over, it would lose what was written since. Mend the link, or choose another replica. ${WHEN_FORCED}`;
    case 'replica-too-far-behind':
      return `${names.of(refusal.node)} is ${bytes(refusal.bytes)} behind ${names.of(refusal.primary)}, more than ${bytes(refusal.most)} (--max-replica-lag); clients would be kept waiting for it in vain. Try again when it has caught up.`;
    case 'replica-empty':
      return `${names.of(refusal.node)} holds no keys, but ${emptyBeside(refusal, names)}: all keys of the shard would be lost, because the old primary would copy from it. Bring ${names.of(refusal.primary)} back with its data, or choose another replica. \`failover --despite-findings\` does it anyway.`;
    case 'primary-silent':
      if (refusal.life)
        return livingPrimary(refusal.life, names.of(refusal.node), names.of(refusal.primary), names);
      return `${names.of(refusal.primary)}, whose place ${names.of(refusal.node)} is to take, does not answer, and cannot hand over. ${WHEN_FORCED}`;
    case 'no-majority':
      return `Only ${refusal.answering} of ${count(refusal.voters, 'primary', 'primaries')} answer, and no majority could vote. Bring more of them back; or, where they are gone for good, \`failover --takeover\` asks nobody. If they are only out of reach from here, they may elect somebody else, and what is written to the loser is lost.`;
    case 'sibling-ahead':
      return `${names.of(refusal.sibling)} has received ${bytes(refusal.bytes)} more than ${names.of(refusal.node)}, and the primary is not there to give it the rest. Fail over to ${names.of(refusal.sibling)}; or lose them with --despite-findings.`;
    case 'replica-without-data':
      return `${names.of(refusal.node)} has no whole copy of ${names.of(refusal.primary)}: all keys of the shard would be lost, because the old primary would copy from it. Wait until it is in step, or choose another replica. \`failover --despite-findings\` does it anyway.`;
    case 'shard-in-motion':
      return `${showSlots(refusal.slots)} of ${names.of(refusal.primary)} ${refusal.slots.size === 1 ? 'is' : 'are'} on the way; a failover would leave the move half done. Let it finish, or repair it with \`slotctl fix\`; then try again. \`failover --despite-findings\` goes on.`;
    case 'in-doubt':
      return `Something is wrong, so nothing is touched: ${refusal.findings.map(finding => describeFinding(finding, names)).join(' ')} Fix it first (\`slotctl explain\` shows how). \`slotctl failover\` does a single shard in spite of it.`;
    case 'nobody-as-wanted':
      return `No replica of ${names.of(refusal.primary)} that answers ${wanted(refusal)}.`;
  }
}

function emptyBeside(
  { primary, expected, by }: Extract<FailoverRefusal, { kind: 'replica-empty' }>,
  names: NodeNames,
): string {
  const keys = count(expected, 'key');
  switch (by) {
    case 'primary':
      return `its primary ${names.of(primary)} holds ${keys}`;
    case 'sibling':
      return `another replica of ${names.of(primary)} holds ${keys}`;
    case 'other-shards':
      return `judging by the other shards, the shard of ${names.of(primary)} should have about ${keys}`;
  }
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
  return `${task}: ${names.list(heardBy)} ${heardBy.length === 1 ? 'hears' : 'hear'} it, but it does not answer here: ${reason}. Run this from where it can be reached. If it has just gone down, the others will notice within the node timeout; try again then.`;
}

function wanted({ versions, hosts }: Extract<FailoverRefusal, { kind: 'nobody-as-wanted' }>): string {
  const wishes = [
    ...(versions.length > 0 ? [`runs ${versions.join(' or ')}`] : []),
    ...(hosts.length > 0 ? [`is on ${hosts.join(' or ')}`] : []),
  ];
  return wishes.length > 0 ? wishes.join(' and ') : 'could take over';
}

export function describeFailoverProblem(
  problem: FailoverProblem,
  names: NodeNames,
  describe: (doubt: Refusal) => string,
): string[] {
  const waited = `${Number((problem.waitedMs / 1000).toFixed(1))} s (--join-timeout)`;
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

export function describeFailoverRemark(remark: FailoverRemark, names: NodeNames): string {
  switch (remark.kind) {
    case 'may-lose-writes':
      return `Writes that ${names.of(remark.primary)} has acknowledged and ${names.of(remark.node)} has not received are lost, also where the old primary comes back.`;
    case 'without-a-vote':
      return `${names.of(remark.node)} takes over without a vote. If primaries that do not answer here are alive elsewhere, they may elect another, and one of the two loses its writes.`;
    case 'older-than-primary': {
      const [be, their] = remark.nodes.length === 1 ? ['is', 'its'] : ['are', 'their'];
      return `${names.list(remark.nodes)} ${be} older than ${their} new primary will be: what is written goes on to come through, but a copy of all data can be read only after an upgrade. That is not waited for.`;
    }
    case 'hears-later':
      return `${names.list(remark.nodes)} ${remark.nodes.length === 1 ? 'does' : 'do'} not answer, and ${remark.nodes.length === 1 ? 'hears' : 'hear'} of it when ${remark.nodes.length === 1 ? 'it is' : 'they are'} back.`;
  }
}
