/** One sentence for each refusal: what is the case, and what to do about it. */

import { SITUATION_NUMBERS } from '../../plan/fix/situation-kinds.ts';
import type { PlanDifference, Refusal, ReshardDetail } from '../../plan/refusal.ts';
import type { TightNode } from '../../plan/transfer/import.ts';
import { type Address, formatAddress, type NodeId } from '../../topology/node.ts';
import { describeFailoverRefusal } from './failover.ts';
import { describeFinding, showSlots } from './finding.ts';
import { bytes, count, enumerate, type NodeNames } from './names.ts';
import { wrongAddress } from './wrong-address.ts';

export function describeRefusal(refusal: Refusal, names: NodeNames): string {
  switch (refusal.kind) {
    case 'silent':
      return `${formatAddress(refusal.node)}: ${refusal.reason}.`;
    case 'same-node':
      return `${addresses(refusal.nodes)} ${refusal.nodes.length === 2 ? 'are' : 'all are'} the same node.`;
    case 'knows-others':
      return `Node ${formatAddress(refusal.node)} is not empty: it already knows ${count(refusal.others, 'other node')}. If they are a cluster that somebody uses, this is the wrong node; else CLUSTER RESET makes it forget them.`;
    case 'holds-keys':
      return `Node ${formatAddress(refusal.node)} is not empty: it holds ${count(refusal.keys, 'key')}, which nobody could reach afterwards.`;
    case 'owns-slots':
      return `Node ${formatAddress(refusal.node)} already owns ${showSlots(refusal.slots)}. CLUSTER RESET takes them away.`;
    case 'is-replica':
      return `Node ${formatAddress(refusal.node)} is a replica already. CLUSTER RESET makes it an empty primary.`;
    case 'has-epoch':
      return `Node ${formatAddress(refusal.node)} already has the config epoch ${refusal.epoch}; it was in a cluster before. CLUSTER RESET HARD takes it away.`;
    case 'has-functions':
      return `Node ${formatAddress(refusal.node)} has function libraries that ${refusal.differing ? 'differ from those of the cluster' : 'the others would not have'}: ${refusal.libraries.join(', ')}. FUNCTION FLUSH removes them.`;
    case 'tls-differs':
      return `The cluster bus of ${formatAddress(refusal.node)} ${refusal.tlsBus ? 'speaks TLS, that of the cluster does not' : 'does not speak TLS, that of the cluster does'} (tls-cluster); they could not talk to each other.`;
    case 'tls-mixed':
      return `The cluster bus of ${addresses(refusal.withTls)} speaks TLS (tls-cluster yes), that of ${addresses(refusal.without)} does not; they could not talk to each other.`;
    case 'products-mixed':
      return `${mixture(refusal)}; in one cluster they send clients to wrong addresses. --force-mixed does it anyway.`;
    case 'replica-older':
      return `${names.of(refusal.node)} is older than ${names.of(refusal.primary)} and could not read its data as a replica. --force-mixed tries anyway.`;
    case 'loopback-mixed':
      return `${addresses(refusal.loopback)} ${refusal.loopback.length === 1 ? 'is a loopback address' : 'are loopback addresses'}, and the others are not; on another machine it means another node. Write the addresses by which the nodes reach each other.`;
    case 'too-few-primaries':
      return tooFew(refusal);
    case 'wrong-roles':
      return `${refusal.problem}.`;
    case 'cluster-damaged':
      return `The cluster is not healthy: ${refusal.findings.map(finding => describeFinding(finding, names)).join(' ')} Mend it first, or go on with --despite-findings.`;
    case 'no-such-node':
      return `No such node ID ${shownWord(refusal.word)}.`;
    case 'no-such-primary':
      return `No such master ID ${shownWord(refusal.word)}.`;
    case 'replica-elsewhere':
      return `${formatAddress(refusal.node)} is in the cluster already, as a replica of another primary; \`slotctl replicate\` moves it.`;
    case 'ambiguous-node':
      return `${shownWord(refusal.word)} could be ${enumerate(refusal.matches)}; write more of the id.`;
    case 'not-a-primary':
      return `${names.of(refusal.node)} (${refusal.node}) is not a primary; a replica can only replicate a primary.`;
    case 'does-not-answer':
      return `${names.of(refusal.node)} does not answer.`;
    case 'has-slots':
      return `Node ${names.of(refusal.node)} is not empty! Reshard data away and try again. It owns ${showSlots(refusal.slots)}; \`del-node --drain\` moves them away first.`;
    case 'last-copy':
      if (refusal.lives)
        return `${names.of(refusal.node)} may have the only copy of ${showSlots(refusal.slots)} within reach: their owner ${names.of(refusal.primary)} is alive but does not answer here. \`slotctl check\` shows why; correct that, and try again.`;
      return `${names.of(refusal.node)} has the only copy of ${showSlots(refusal.slots)}: their owner ${names.of(refusal.primary)} does not answer. Bring it back, or let the replica take over (CLUSTER FAILOVER TAKEOVER); then try again.`;
    case 'wrong-address':
      return wrongAddress(refusal.wrong, names);
    case 'still-loading':
      return `${names.of(refusal.node)} is loading its data and takes no commands; try again when it has finished, or let it go as it is with --keep-data.`;
    case 'functions-hidden':
      return `The user may not ask ${names.of(refusal.node)} for its functions (+function), so they would be missing on the new node. --despite-findings goes on without them.`;
    case 'working-cluster':
      return `These nodes are a working cluster that holds ${count(refusal.keys, 'key')}; there is no failed create to undo.`;
    case 'several-clusters':
      return `These nodes belong to several clusters: ${refusal.groups.map(addresses).join('; ')}. One create makes one.`;
    case 'has-stray-keys':
      return `Node ${names.of(refusal.node)} owns no slots and still holds ${count(refusal.keys, 'key')}; \`check --search-multiple-owners\` tells more. With --keep-data it leaves the cluster and is not reset.`;
    case 'has-replicas':
      return `${names.of(refusal.node)} has replicas of its own: ${names.list(refusal.replicas)}. Give them another primary first.`;
    case 'only-node':
      return `${names.of(refusal.node)} is the only node there is in its own view; name a node of the cluster that it is to leave.`;
    case 'replicates-itself':
      return `${names.of(refusal.node)} cannot be a replica of itself.`;
    case 'no-owner':
      return 'No primary that answers owns slots, so there is nothing to replicate.';
    case 'no-primary-answers':
      if (refusal.refusing)
        return `No primary answers: ${names.list(refusal.refusing)} ${refusal.refusing.length === 1 ? 'is alive but refuses' : 'are alive but refuse'} this login; \`slotctl check\` shows how. Log in as a user that every node accepts.`;
      return 'No primary answers; there is nobody who could own slots. Bring one back, or let a replica take over (CLUSTER FAILOVER TAKEOVER).';
    case 'cannot-own-slots':
      return `The specified node (${names.of(refusal.node)}) is not known or not a master, please retry.`;
    case 'source-is-target':
      return `It is not possible to use the target node ${names.of(refusal.node)} as source node.`;
    case 'too-few-slots':
      return `${refusal.sources.length === 0 ? 'Nobody' : names.list(refusal.sources)} ${refusal.sources.length > 1 ? 'own' : 'owns'} ${count(refusal.available, 'slot')} that could move, and ${refusal.wanted} are wanted.`;
    case 'slots-unowned':
      return `Nobody owns ${showSlots(refusal.slots)}; there is nothing to move.`;
    case 'slots-in-doubt':
      return `${showSlots(refusal.slots)} ${refusal.slots.size === 1 ? 'is' : 'are'} claimed twice, or on the way already; moving ${refusal.slots.size === 1 ? 'it' : 'them'} could lose keys. Fix that first.`;
    case 'target-older':
      return `${names.of(refusal.node)} cannot read what ${names.of(refusal.source)} sends: its version is older, or of another kind, and no key could move. Upgrade it first; --despite-findings tries anyway.`;
    case 'no-room':
      return noRoom(refusal, names);
    case 'no-other-primary':
      return 'Slots move from one primary to another, and no other one answers.';
    case 'nobody-to-ask':
      return `Nobody answered, so this is still missing: ${openDetails(refusal.open)}.`;
    case 'not-understood':
      return `After ${count(refusal.answers, 'answer')} that could not be used it is still open ${openDetails(refusal.open)}.`;
    case 'no-sources':
      return 'No source nodes given, operation aborted. --cluster-from names them, too.';
    case 'two-weights':
      return `${names.of(refusal.node)} is given several weights: ${refusal.weights.join(', ')}.`;
    case 'all-weights-zero':
      return 'All weights are 0; nobody is left to own the slots.';
    case 'plan-outdated':
      return `The plan does not fit the cluster any more: ${refusal.differences.map(difference => describeDifference(difference, names)).join('; ')}.`;
    case 'same-cluster':
      return `${formatAddress(refusal.node)} is a node of the very cluster that its keys would go to.`;
    case 'source-damaged':
      return `The source is not healthy: ${refusal.findings.map(finding => describeFinding(finding, names)).join(' ')} Keys could be missed. Mend it first, or go on with --despite-findings.`;
    case 'source-replica':
      return `${formatAddress(refusal.node)} is a replica, and cannot let go of keys. Name its primary, or copy from it with --cluster-copy --through-here.`;
    case 'source-newer':
      return `${names.of(refusal.node)} cannot read what ${formatAddress(refusal.source)} (${refusal.version}) sends: its version is older, or of another kind, and no key could come over. --despite-findings tries anyway.`;
    case 'target-full':
      return `${roomText(refusal, names)} Give it more memory, or leave the keys at the source with --cluster-copy; --despite-findings goes on.`;
    case 'login-in-clear':
      return `${formatAddress(refusal.source)} is reached in plain text, and would be sent the login of the cluster (MIGRATE makes the source log in there), which uses TLS. Reach the source over TLS (--cluster-from-tls), or let the values pass through this machine: --through-here.`;
    case 'source-sends-plain':
      return `${formatAddress(refusal.source)} does not use TLS to the nodes it sends keys to (tls-cluster no), and the cluster accepts nothing else: no key could be imported. Set tls-cluster yes there, or let the values pass through this machine: --through-here.`;
    case 'databases-clash':
      return `${sharedKeys(refusal)} in the cluster, which has one database. --database-clash prefix puts dbN: in front of the keys of database N, --database-clash last takes the value of the highest database, --databases takes some of them only.`;
    case 'no-primary-left':
      return `There is no primary left to take over the replicas of ${names.of(refusal.node)}.`;
    default:
      return describeFailoverRefusal(refusal, names);
  }
}

const DETAILS: Readonly<Record<ReshardDetail, string>> = {
  count: 'how many slots are to move (--cluster-slots)',
  to: 'who gets them (--cluster-to)',
  from: 'whose they are (--cluster-from)',
};

function openDetails(open: readonly ReshardDetail[]): string {
  return enumerate(open.map(detail => DETAILS[detail]));
}

function describeDifference(difference: PlanDifference, names: NodeNames): string {
  const owner = (id: NodeId | undefined) => (id ? `belongs to ${names.of(id)}` : 'belongs to nobody');
  switch (difference.kind) {
    case 'slots-elsewhere':
      return `${showSlots(difference.slots)}, to go from ${names.of(difference.from)} to ${names.of(difference.to)}, ${owner(difference.owner)}`;
    case 'target-gone':
      return `${names.of(difference.node)} is gone`;
    case 'target-replica':
      return `${names.of(difference.node)} is a replica now`;
    case 'situation-new':
      return `${difference.slots.size > 0 ? showSlots(difference.slots) : names.list(difference.nodes)}: situation ${SITUATION_NUMBERS[difference.situation]} (${difference.situation}) was not there`;
    case 'owner-changed':
      return `${showSlots(difference.slots)} of ${names.of(difference.was)} ${owner(difference.owner)} (--despite-findings goes on)`;
  }
}

function addresses(list: readonly Address[]): string {
  return enumerate(list.map(formatAddress));
}

function mixture({ redis, valkey, cluster }: Extract<Refusal, { kind: 'products-mixed' }>): string {
  const part = (list: readonly Address[], ours: string | undefined, title: string) => {
    const who = [...(ours ? [ours] : []), ...list.map(formatAddress)];
    return `${enumerate(who)} ${who.length === 1 ? 'is' : 'are'} ${title}`;
  };
  const first = part(redis, cluster === 'redis' ? 'The cluster' : undefined, 'Redis');
  return `${first}, ${part(valkey, cluster === 'valkey' ? 'the cluster' : undefined, 'Valkey')}`;
}

function tooFew({ nodes, replicas, primaries }: Extract<Refusal, { kind: 'too-few-primaries' }>): string {
  const why =
    replicas === undefined
      ? `${count(primaries, 'is', 'are')} named.`
      : `This is not possible with ${count(nodes, 'node')} and ${count(replicas, 'replica')} per node, which makes ${count(primaries, 'primary', 'primaries')}: at least ${3 * (replicas + 1)} nodes are required.`;
  return [
    `Redis Cluster requires at least 3 master nodes. ${why}`,
    ...(primaries > 0
      ? [
          'With --force-few-primaries it is done, and no failure of a primary will ever be voted on: its slots stay down until it is back.',
        ]
      : []),
  ].join(' ');
}

function noRoom(
  { node, policy, usedBytes, comingBytes, neededBytes, mostBytes }: Extract<Refusal, { kind: 'no-room' }>,
  names: NodeNames,
): string {
  const then =
    policy === 'noeviction'
      ? 'the move would stop half-way (maxmemory-policy noeviction)'
      : `it would evict keys (maxmemory-policy ${policy}) that the source has deleted by then`;
  return `${names.of(node)} has no room: it uses ${bytes(usedBytes)}, about ${bytes(comingBytes)} would be added (${bytes(neededBytes)} in all, with a margin), and its maxmemory is ${bytes(mostBytes)}; ${then}. Give it more memory (CONFIG SET maxmemory), or move less; --despite-findings goes on.`;
}

function sharedKeys({ keys, more }: Extract<Refusal, { kind: 'databases-clash' }>): string {
  const list = keys.map(({ key, databases }) => `${key} (databases ${enumerate(databases.map(String))})`);
  const all = [...list, ...(more > 0 ? [`${count(more, 'more key')}`] : [])];
  return `${enumerate(all)} would become one key${keys.length + more === 1 ? '' : ' each'}`;
}

const LONGEST_WORD = 100;

/** As it was typed, but for what a terminal would act upon. */
export function shownWord(word: string): string {
  const plain = word.replace(/[^\P{C}]/gu, '?');
  return plain.length > LONGEST_WORD ? `${plain.slice(0, LONGEST_WORD)}…` : plain;
}

/** About a node that has too little memory for what is to come. */
export function roomText({ node, bytes: wanted, most, evicts }: TightNode, names: NodeNames): string {
  const end = evicts
    ? 'and evicts keys above that (maxmemory-policy): they would be gone from the source, too.'
    : 'and refuses keys above that.';
  return `${names.of(node)} would need about ${bytes(wanted)}, has ${bytes(most)} (maxmemory), ${end}`;
}
