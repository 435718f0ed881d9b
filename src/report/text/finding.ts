/** One sentence for each finding: what is the case, and with whom. What it means is the finding's own business. */
import type { Finding, FindingOf, OpenPeer, RoleOpinion } from '../../topology/finding.ts';
import { formatAddress } from '../../topology/node.ts';
import type { WrongAddress } from '../../topology/proof-of-life.ts';
import { SlotSet } from '../../topology/slot-set.ts';
import { describeCopyState } from './full-syncs.ts';
import { bytes, count, enumerate, type NodeNames } from './names.ts';
import { sentences } from './sentences.ts';

const SENTENCES = sentences<Finding, [names: NodeNames, who: string]>({
  'slots-uncovered': ({ slots }) => `No node owns ${showSlots(slots)}.`,
  'owner-unreachable': ({ slots }, _names, who) =>
    `The owner of ${showSlots(slots)}, ${who}, could not be asked.`,
  'slots-claimed-twice': ({ nodes, slots }, names) =>
    `${names.list(nodes)} ${nodes.length === 2 ? 'both' : 'all'} claim ${showSlots(slots)}.`,
  'slot-maps-disagree': (finding, names) =>
    `Nodes disagree about ${showSlots(finding.slots)}: ${disputes(finding, names)}.`,
  'state-not-ok': (finding, names) =>
    `${names.listed(finding.nodes, 'says', 'say')} cluster_state:fail${passing(finding)}.`,
  'node-unreachable': ({ address, reason }, _names, who) =>
    `${address ? formatAddress(address) : who} could not be asked: ${reason}.`,
  'wrong-address': wrongAddress,
  'node-failed': ({ saidBy }, names, who) => `${who} is flagged fail by ${names.list(saidBy)}.`,
  'node-suspected': ({ saidBy }, names, who) => `${who} is flagged fail? by ${names.list(saidBy)}.`,
  'members-disagree': ({ unknownTo, nodes }, names) =>
    `${names.listed(unknownTo, 'does', 'do')} not know ${names.list(nodes)}.`,
  'roles-disagree': ({ opinions }, names, who) =>
    `${who} is taken for ${opinions.map(opinion => roleOpinion(opinion, names)).join(', for ')}.`,
  'keys-astray': ({ slots, keys }, _names, who) =>
    slots.size === 0
      ? `${who} holds ${count(keys, 'key')} in slots that it does not own; it does not tell in which.`
      : `${who} holds ${count(keys, 'key')} in ${showSlots(slots)}, which it does not own.`,
  'keys-uncounted': ({ reason }, _names, who) => `The keys of ${who} could not be counted: ${reason}.`,
  'state-unknown': ({ nodes }, names) => `The cluster_state of ${names.list(nodes)} could not be read.`,
  'addresses-disagree': ({ opinions }, names, who) =>
    `${who} is ${opinions
      .map(({ address, saidBy }) => `at ${formatAddress(address)} according to ${names.list(saidBy)}`)
      .join(', ')}.`,
  'slots-open': ({ replica, migrating, importing }, names, who) =>
    `${who}${replica ? ' (a replica)' : ''} has ${openParts(migrating, importing, names)}.`,
  'replica-of-nobody': ({ because, primary }, names, who) => {
    if (because === 'unnamed') return `${who} is a replica and does not know of which primary.`;
    if (because === 'unknown') return `${who} replicates ${primary}, a node that nobody knows.`;
    return `${who} replicates ${primary ? names.of(primary) : '?'}, which is a replica itself.`;
  },
  'replica-link-down': ({ copy, primary, syncing }, names, who) => {
    if (copy) return `${describeCopyState(copy, who, names.of(primary))}.`;
    return syncing
      ? `${who} is still copying the data of its primary ${names.of(primary)}.`
      : `${who} has no replication link to its primary ${names.of(primary)}.`;
  },
  'replica-behind': (finding, names, who) =>
    `${who} is ${bytes(finding.bytes)} behind its primary ${names.of(finding.primary)}.`,
  'too-few-replicas': (finding, _names, who) =>
    `${who} has ${count(finding.healthy, 'healthy replica')} of ${finding.wanted} wanted.`,
  ghost: (finding, names) =>
    `${ghost(finding)} (${finding.nodes[0]}) is still known to ${names.list(finding.knownTo)}.`,
  'epochs-equal': ({ nodes, epoch }, names) => `${names.list(nodes)} have the same config epoch ${epoch}.`,
  'bus-links-down': ({ missing }, names) =>
    `No cluster bus link ${enumerate(
      missing.slice(0, 6).map(({ from, to }) => `from ${names.of(from)} to ${names.of(to)}`),
    )}${missing.length > 6 ? `, and ${missing.length - 6} more` : ''}.`,
  'replica-on-primary-host': ({ shared }, names) => {
    const hosts = [...new Set(shared.map(({ host }) => host))];
    const replicas = shared.flatMap(one => one.replicas);
    const where = ['is on the host of its primary', 'are on the hosts of their primaries'] as const;
    return `${names.listed(replicas, ...where)} (${enumerate(hosts.slice(0, 6))}).`;
  },
  'siblings-on-one-host': ({ shared }, names) => {
    const siblings = shared.map(({ host, primary, replicas }) => {
      return `${names.list(replicas)}, replicas of ${names.of(primary)}, share the host ${host}`;
    });
    return `${siblings.join('; ')}.`;
  },
  'primary-empty': (_, _names, who) => `${who} is a primary without slots.`,
  'primary-evicting': ({ evicted, mostBytes, policy }, _names, who) =>
    `${who} evicts keys: ${evicted} since it started (maxmemory ${bytes(mostBytes)}, ${policy}).`,
  'versions-mixed': ({ versions }, names) =>
    `Versions differ: ${versions
      .map(({ version, nodes }) => `${version} on ${names.list(nodes)}`)
      .join('; ')}.`,
});

export function describeFinding(finding: Finding, names: NodeNames): string {
  const [node] = finding.nodes;
  return SENTENCES(finding, names, node ? names.of(node) : 'nobody');
}

/** A server says nothing of the delay that it keeps, nor of how much is left. */
function passing({ passesWithinMs: ms, loading }: FindingOf<'state-not-ok'>): string {
  if (loading) return ' while loading data';
  return ms === undefined ? '' : `; nothing else is wrong, and this clears by itself within ${ms / 1000} s`;
}

const MAX_RANGES = 8;

export function showSlots(slots: SlotSet): string {
  const shown = SlotSet.fromRanges(slots.ranges.slice(0, MAX_RANGES));
  const more = slots.ranges.length - shown.ranges.length;
  return `slot${slots.size === 1 ? '' : 's'} ${shown}${more > 0 ? ` and ${count(more, 'more range')}` : ''}`;
}

function openParts(migrating: readonly OpenPeer[], importing: readonly OpenPeer[], names: NodeNames): string {
  return enumerate([
    ...migrating.map(({ peer, slots }) => `${showSlots(slots)} in migrating state to ${names.of(peer)}`),
    ...importing.map(({ peer, slots }) => `${showSlots(slots)} in importing state from ${names.of(peer)}`),
  ]);
}

function disputes({ disputes: all, ignorant }: FindingOf<'slot-maps-disagree'>, names: NodeNames): string {
  const clauses = all.map(({ slots, opinions }) => {
    // Where there is one dispute only, its slots were just named.
    const what = all.length + ignorant.length === 1 ? '' : `${showSlots(slots)} `;
    const sides = opinions.map(({ owner, saidBy }) => {
      return `${owner ? names.of(owner) : 'nobody'} according to ${names.list(saidBy)}`;
    });
    return `${what}owned by ${sides.join(', by ')}`;
  });
  if (ignorant.length > 0) {
    clauses.push(`${names.listed(ignorant, 'knows', 'know')} of no owner for any`);
  }
  return clauses.join('; ');
}

function roleOpinion({ role, primary, saidBy }: RoleOpinion, names: NodeNames): string {
  const what = role === 'replica' ? `a replica of ${primary ? names.of(primary) : 'nobody'}` : 'a primary';
  return `${what} by ${names.list(saidBy)}`;
}

function ghost({ because, address }: FindingOf<'ghost'>): string {
  if (because === 'noaddr') return 'A node without an address';
  const is =
    because === 'handshake'
      ? 'has not finished its handshake'
      : 'does not answer and that others have forgotten';
  return `A node${address ? ` at ${formatAddress(address)}` : ''} that ${is}`;
}

/** A node that lives, and at whose address another one answers: which two, and what is to be corrected. */
export function wrongAddress(
  { node, at, answeredBy, isMember, heardBy, mapLine }: WrongAddress,
  names: NodeNames,
): string {
  const address = formatAddress(at);
  const other = isMember ? `node ${answeredBy}` : `a node outside the cluster (${answeredBy})`;
  const heard = heardBy.length > 0 ? `; it is alive: ${names.listed(heardBy, 'hears', 'hear')} it` : '';
  return `Node ${node} is expected at ${address}, but ${other} answers there${heard}. ${remedy(node, address, mapLine)}`;
}

function remedy(node: string, address: string, mapLine: string | undefined): string {
  return mapLine === undefined
    ? `Correct what node ${node} announces: cluster-announce-port (or cluster-announce-ip) leads to ${address}.`
    : `Correct the line ${mapLine} of --address-map; if it is right, correct cluster-announce-port of node ${node}.`;
}
