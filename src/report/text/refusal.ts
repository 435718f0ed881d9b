/** One sentence for each refusal: what is the case, and what to do about it. */

import { SITUATION_NUMBERS } from '../../plan/fix/situation-kinds.ts';
import type { PlanDifference, Refusal, ReshardDetail } from '../../plan/refusal.ts';
import { type Address, formatAddress, type NodeId } from '../../topology/node.ts';
import { FAILOVER_REFUSALS } from './failover.ts';
import { describeFinding, showSlots, wrongAddress } from './finding.ts';
import { bytes, count, enumerate, type NodeNames } from './names.ts';
import { allOf, sentences } from './sentences.ts';

export const describeRefusal = sentences<Refusal, [NodeNames]>({
  ...FAILOVER_REFUSALS,
  silent: ({ node, reason }) => `${formatAddress(node)}: ${reason}.`,
  'same-node': ({ nodes }) => `${addresses(nodes)} ${nodes.length === 2 ? 'are' : 'all are'} the same node.`,
  'knows-others': ({ node, others }) =>
    `Node ${formatAddress(node)} is not empty: it already knows ${count(others, 'other node')}. If they are a cluster that somebody uses, this is the wrong node; else CLUSTER RESET makes it forget them.`,
  'holds-keys': ({ node, keys }) =>
    `Node ${formatAddress(node)} is not empty: it holds ${count(keys, 'key')}, which nobody could reach afterwards.`,
  'owns-slots': ({ node, slots }) =>
    `Node ${formatAddress(node)} already owns ${showSlots(slots)}. CLUSTER RESET takes them away.`,
  'is-replica': ({ node }) =>
    `Node ${formatAddress(node)} is a replica already. CLUSTER RESET makes it an empty primary.`,
  'has-epoch': ({ node, epoch }) =>
    `Node ${formatAddress(node)} already has the config epoch ${epoch}; it was in a cluster before. CLUSTER RESET HARD takes it away.`,
  'has-functions': ({ node, differing, libraries }) =>
    `Node ${formatAddress(node)} has function libraries that ${differing ? 'differ from those of the cluster' : 'the others would not have'}: ${libraries.join(', ')}. FUNCTION FLUSH removes them.`,
  'tls-differs': ({ node, tlsBus }) =>
    `The cluster bus of ${formatAddress(node)} ${tlsBus ? 'speaks TLS, that of the cluster does not' : 'does not speak TLS, that of the cluster does'} (tls-cluster); they could not talk to each other.`,
  'tls-mixed': ({ withTls, without }) =>
    `The cluster bus of ${addresses(withTls)} speaks TLS (tls-cluster yes), that of ${addresses(without)} does not; they could not talk to each other.`,
  'products-mixed': refusal =>
    `${mixture(refusal)}; in one cluster they send clients to wrong addresses. --force-mixed does it anyway.`,
  'replica-older': ({ node, primary }, names) =>
    `${names.of(node)} is older than ${names.of(primary)} and could not read its data as a replica. --force-mixed tries anyway.`,
  'loopback-mixed': ({ loopback }) =>
    `${addresses(loopback)} ${loopback.length === 1 ? 'is a loopback address' : 'are loopback addresses'}, and the others are not; on another machine it means another node. Write the addresses by which the nodes reach each other.`,
  'too-few-primaries': tooFew,
  'wrong-roles': ({ problem }) => `${problem}.`,
  'cluster-damaged': ({ findings }, names) =>
    `The cluster is not healthy: ${findings.map(finding => describeFinding(finding, names)).join(' ')} Mend it first, or go on with --despite-findings.`,
  'no-such-node': ({ word }) => `No such node ID ${shownWord(word)}.`,
  'no-such-primary': ({ word }) => `No such master ID ${shownWord(word)}.`,
  'replica-elsewhere': ({ node }) =>
    `${formatAddress(node)} is in the cluster already, as a replica of another primary; \`slotctl replicate\` moves it.`,
  'ambiguous-node': ({ word, matches }) =>
    `${shownWord(word)} could be ${enumerate(matches)}; write more of the id.`,
  'not-a-primary': ({ node }, names) =>
    `${names.of(node)} (${node}) is not a primary; a replica can only replicate a primary.`,
  'does-not-answer': ({ node }, names) => `${names.of(node)} does not answer.`,
  'has-slots': ({ node, slots }, names) =>
    `Node ${names.of(node)} is not empty! Reshard data away and try again. It owns ${showSlots(slots)}; \`del-node --drain\` moves them away first.`,
  'last-copy': ({ lives, node, slots, primary }, names) => {
    if (lives)
      return `${names.of(node)} may have the only copy of ${showSlots(slots)} within reach: their owner ${names.of(primary)} is alive but does not answer here. \`slotctl check\` shows why; correct that, and try again.`;
    return `${names.of(node)} has the only copy of ${showSlots(slots)}: their owner ${names.of(primary)} does not answer. Bring it back, or let the replica take over (CLUSTER FAILOVER TAKEOVER); then try again.`;
  },
  'wrong-address': ({ wrong }, names) => wrongAddress(wrong, names),
  'still-loading': ({ node }, names) =>
    `${names.of(node)} is loading its data and takes no commands; try again when it has finished, or let it go as it is with --keep-data.`,
  'functions-hidden': ({ node }, names) =>
    `The user may not ask ${names.of(node)} for its functions (+function), so they would be missing on the new node. --despite-findings goes on without them.`,
  'working-cluster': ({ keys }) =>
    `These nodes are a working cluster that holds ${count(keys, 'key')}; there is no failed create to undo.`,
  'several-clusters': ({ groups }) =>
    `These nodes belong to several clusters: ${groups.map(addresses).join('; ')}. One create makes one.`,
  'has-stray-keys': ({ node, keys }, names) =>
    `Node ${names.of(node)} owns no slots and still holds ${count(keys, 'key')}; \`check --search-multiple-owners\` tells more. With --keep-data it leaves the cluster and is not reset.`,
  'has-replicas': ({ node, replicas }, names) =>
    `${names.of(node)} has replicas of its own: ${names.list(replicas)}. Give them another primary first.`,
  'only-node': ({ node }, names) =>
    `${names.of(node)} is the only node there is in its own view; name a node of the cluster that it is to leave.`,
  'replicates-itself': ({ node }, names) => `${names.of(node)} cannot be a replica of itself.`,
  'no-owner': () => 'No primary that answers owns slots, so there is nothing to replicate.',
  'no-primary-answers': ({ refusing }, names) => {
    if (refusing)
      return `No primary answers: ${names.listed(refusing, 'is alive but refuses', 'are alive but refuse')} this login; \`slotctl check\` shows how. Log in as a user that every node accepts.`;
    return 'No primary answers; there is nobody who could own slots. Bring one back, or let a replica take over (CLUSTER FAILOVER TAKEOVER).';
  },
  'cannot-own-slots': ({ node }, names) =>
    `The specified node (${names.of(node)}) is not known or not a master, please retry.`,
  'source-is-target': ({ node }, names) =>
    `It is not possible to use the target node ${names.of(node)} as source node.`,
  'too-few-slots': (refusal, names) =>
    `${refusal.sources.length === 0 ? 'Nobody' : names.list(refusal.sources)} ${refusal.sources.length > 1 ? 'own' : 'owns'} ${count(refusal.available, 'slot')} that could move, and ${refusal.wanted} are wanted.`,
  'slots-unowned': ({ slots }) => `Nobody owns ${showSlots(slots)}; there is nothing to move.`,
  'slots-in-doubt': ({ slots }) =>
    `${showSlots(slots)} ${slots.size === 1 ? 'is' : 'are'} claimed twice, or on the way already; moving ${slots.size === 1 ? 'it' : 'them'} could lose keys. Fix that first.`,
  'target-older': ({ node, source }, names) =>
    `${names.of(node)} cannot read what ${names.of(source)} sends: its version is older, or of another kind, and no key could move. Upgrade it first; --despite-findings tries anyway.`,
  'no-room': noRoom,
  'no-other-primary': () => 'Slots move from one primary to another, and no other one answers.',
  'nobody-to-ask': ({ open }) => `Nobody answered, so this is still missing: ${openDetails(open)}.`,
  'not-understood': ({ answers, open }) =>
    `After ${count(answers, 'answer')} that could not be used it is still open ${openDetails(open)}.`,
  'no-sources': () => 'No source nodes given, operation aborted. --cluster-from names them, too.',
  'two-weights': ({ node, weights }, names) =>
    `${names.of(node)} is given several weights: ${weights.join(', ')}.`,
  'all-weights-zero': () => 'All weights are 0; nobody is left to own the slots.',
  'plan-outdated': ({ differences }, names) =>
    `The plan does not fit the cluster any more: ${differences.map(difference => describeDifference(difference, names)).join('; ')}.`,
  'same-cluster': ({ node }) =>
    `${formatAddress(node)} is a node of the very cluster that its keys would go to.`,
  'source-damaged': ({ findings }, names) =>
    `The source is not healthy: ${findings.map(finding => describeFinding(finding, names)).join(' ')} Keys could be missed. Mend it first, or go on with --despite-findings.`,
  'source-replica': ({ node }) =>
    `${formatAddress(node)} is a replica, and cannot let go of keys. Name its primary, or copy from it with --cluster-copy --through-here.`,
  'source-newer': ({ node, source, version }, names) =>
    `${names.of(node)} cannot read what ${formatAddress(source)} (${version}) sends: its version is older, or of another kind, and no key could come over. --despite-findings tries anyway.`,
  'target-full': ({ node, bytes: wanted, most, evicts }, names) => {
    const end = evicts
      ? 'and evicts keys above that (maxmemory-policy): they would be gone from the source, too.'
      : 'and refuses keys above that.';
    return `${names.of(node)} would need about ${bytes(wanted)}, has ${bytes(most)} (maxmemory), ${end} Give it more memory, or leave the keys at the source with --cluster-copy; --despite-findings goes on.`;
  },
  'login-in-clear': ({ source }) =>
    `${formatAddress(source)} is reached in plain text, and would be sent the login of the cluster (MIGRATE makes the source log in there), which uses TLS. Reach the source over TLS (--cluster-from-tls), or let the values pass through this machine: --through-here.`,
  'source-sends-plain': ({ source }) =>
    `${formatAddress(source)} does not use TLS to the nodes it sends keys to (tls-cluster no), and the cluster accepts nothing else: no key could be imported. Set tls-cluster yes there, or let the values pass through this machine: --through-here.`,
  'databases-clash': refusal =>
    `${sharedKeys(refusal)} in the cluster, which has one database. --database-clash prefix puts dbN: in front of the keys of database N, --database-clash last takes the value of the highest database, --databases takes some of them only.`,
  'no-primary-left': ({ node }, names) =>
    `There is no primary left to take over the replicas of ${names.of(node)}.`,
});

const DETAILS: Readonly<Record<ReshardDetail, string>> = {
  count: 'how many slots are to move (--cluster-slots)',
  to: 'who gets them (--cluster-to)',
  from: 'whose they are (--cluster-from)',
};

function openDetails(open: readonly ReshardDetail[]): string {
  return enumerate(open.map(detail => DETAILS[detail]));
}

const describeDifference = sentences<PlanDifference, [NodeNames]>({
  'slots-elsewhere': (difference, names) =>
    `${showSlots(difference.slots)}, to go from ${names.of(difference.from)} to ${names.of(difference.to)}, ${belongsTo(difference.owner, names)}`,
  'target-gone': ({ node }, names) => `${names.of(node)} is gone`,
  'target-replica': ({ node }, names) => `${names.of(node)} is a replica now`,
  'situation-new': ({ slots, nodes, situation }, names) =>
    `${slots.size > 0 ? showSlots(slots) : names.list(nodes)}: situation ${SITUATION_NUMBERS[situation]} (${situation}) was not there`,
  'owner-changed': (difference, names) =>
    `${showSlots(difference.slots)} of ${names.of(difference.was)} ${belongsTo(difference.owner, names)} (--despite-findings goes on)`,
});

function belongsTo(owner: NodeId | undefined, names: NodeNames): string {
  return `belongs to ${owner ? names.of(owner) : 'nobody'}`;
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
  return allOf(
    `Redis Cluster requires at least 3 master nodes. ${why}`,
    primaries > 0 &&
      'With --force-few-primaries it is done, and no failure of a primary will ever be voted on: its slots stay down until it is back.',
  ).join(' ');
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
